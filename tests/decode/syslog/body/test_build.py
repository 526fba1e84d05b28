"""What is wrong with a dialect file is said, with its place."""

from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.syslog.bundled import TEXTS
from decode.syslog.lines import datagram
from decode.syslog.vendors.test_corpus import LINES
from trapgate.decode.syslog import Dialects, SyslogDecoder, build_dialects
from trapgate.decode.syslog.body.patterns import part_of
from trapgate.decode.syslog.header.header import Header
from trapgate.model import Now
from trapgate.query import field_problem

GOOD = "schema: 1\nname: a\nwhen: [{starts: x}]\n"


def complaints(*texts: str) -> list[str]:
    files = {f"{number}.yml": text for number, text in enumerate(texts)}
    _, problems = build_dialects({}, files, field_problem)
    found = []
    for problem in problems:
        assert problem.span is not None
        place = f"{problem.span.line}:{problem.span.column}"
        found.append(f"{place} {problem.summary} | {problem.help}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, []),
        ("schema: 2\nname: a\nwhen: []\n", ["1:1 this trapgate knows schema 1 | schema: 1"]),
        ("schema: 1\nwhen: []\n", ['1:1 the file needs "name" | ']),
        (GOOD + "vendr: b\n", ['4:1 unknown key "vendr" in the file | did you mean "vendor"?']),
        (GOOD + "like: b\n", ['4:1 there is no dialect "b" | ']),
        (GOOD + "severities: {bad: 8}\n", ['4:1 "bad" must be 0 to 7 | 0 is an emergency']),
        (
            "schema: 1\nname: a\nwhen: [{}]\n",
            [
                "3:8 this is the mark of every line | "
                "give starts, program, structured_data or contains"
            ],
        ),
        (
            GOOD + "fields: [{pattern: x}]\n",
            [
                '4:11 this would be tried on every line | give "code", or with "contains" a text '
                "that is cheap to look for"
            ],
        ),
        (
            GOOD + "msgid: '(?P<no_such>x)'\n",
            ['4:8 the group of field "no.such": there is no field "no.such" | '],
        ),
        (
            GOOD + "body: ['(']\n",
            [
                "4:8 the pattern: missing ): ( | "
                "RE2's syntax: https://github.com/google/re2/wiki/Syntax"
            ],
        ),
        (
            GOOD + "body: ['(?P<interfce_name>.)']\n",
            ['4:8 the group of field "interfce.name": there is no field "interfce.name"; '
             'did you mean "interface.name"? | '],
        ),
        (GOOD + "take: {event.code: a}\n", ['4:1 "event.code": use the part "code" | ']),
        (GOOD + "take: {source.ip: a}\n", ['4:1 "source.ip": a body cannot give this field | ']),
        (
            GOOD + "kind: csv\n",
            [
                '1:1 csv needs "key_column" | the number of the column that tells the type, from 1',
                '1:1 csv needs "columns" | name the columns of each type',
            ],
        ),
    ],
)  # fmt: skip
def test_problems_have_a_place_and_a_way_out(text: str, expected: list[str]) -> None:
    assert complaints(text) == expected


def test_two_files_of_one_name() -> None:
    assert complaints(GOOD, GOOD) == [
        '2:1 "a" is the name of another (0.yml) | give each dialect a name of its own'
    ]


def test_dialects_that_are_like_each_other_in_a_circle() -> None:
    other = GOOD.replace("name: a", "name: b")
    found = complaints(GOOD + "like: b\n", other + "like: a\n")
    assert len(found) == 2
    assert "circle" in found[0]


def test_names_of_groups() -> None:
    assert part_of("code") == "code"
    assert part_of("interface_name") == "interface.name"
    assert part_of("interface_name2") == "interface.name"
    assert part_of("syslog__pairs__a_b") == "syslog.pairs.a_b"


@given(st.data())
def test_a_damaged_file_is_a_problem_or_another_dialect(data: st.DataObject) -> None:
    text = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))]
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 30)))
    damaged = text[:begin] + data.draw(st.text(max_size=6)) + text[end:]
    dialects, problems = build_dialects({}, {"x.yml": damaged})
    assert isinstance(dialects, Dialects)
    assert all(problem.summary and problem.span is not None for problem in problems)


def test_our_patterns_are_re2s_and_read_the_same_there() -> None:
    """Ours run on Python's engine; a copy that a user made of one runs on RE2."""
    ours, problems = build_dialects(TEXTS, {})
    copies, copied = build_dialects({}, TEXTS)
    assert problems == copied == ()
    here = SyslogDecoder(lambda address: UTC, ours)
    there = SyslogDecoder(lambda address: UTC, copies)
    for line in LINES:
        one = datagram(line.encode())
        now = Now(one.received_at, 0)
        assert here.decode(one, now) == there.decode(one, now)


def test_the_groups_of_our_patterns_have_names_and_those_of_users_need_none() -> None:
    text = GOOD.replace("{starts: x}", "{starts: [x, y]}") + "body: ['(x|y)(?P<code>.)(z)?']\n"
    _, problems = build_dialects({"a.yml": text}, {})
    assert [problem.summary for problem in problems] == [
        "the pattern: a group without a name: write (?:"
    ]
    dialects, problems = build_dialects({}, {"a.yml": text})
    assert problems == ()
    body = dialects.body(Header("rfc3164", "yAz"))
    assert body is not None
    assert body.code == "A"


def test_severities_in_words_and_numbers() -> None:
    text = GOOD + "severities: {Loud: 2}\nbody: ['^x (?P<severity>.*)']\n"
    dialects, _ = build_dialects({}, {"a.yml": text})
    words = {"loud": 2, "LOUD": 2, "Major": 3, "5": 5, "cleared": 6, "8": None, "odd": None}
    for word, number in words.items():
        body = dialects.body(Header("rfc3164", f"x {word}"))
        assert body is not None
        assert body.severity == number


def test_the_examples_of_the_documentation_are_dialects() -> None:
    page = (Path(__file__).parents[4] / "docs" / "dialects.md").read_text()
    blocks = [part.partition("```")[0] for part in page.split("```yaml\n")[1:]]
    examples = {f"{n}.yml": text for n, text in enumerate(blocks) if text.startswith("schema:")}
    dialects, problems = build_dialects({}, examples, field_problem)
    assert (len(examples), problems) == (3, ())
    body = dialects.body(Header("rfc3164", "@acme-major LINKDOWN port 1/2 is down (by admin)"))
    assert body is not None
    assert (body.code, body.severity, body.fields["interface.state"]) == ("LINKDOWN", 3, "down")
    assert body.fields["user.name"] == "admin"

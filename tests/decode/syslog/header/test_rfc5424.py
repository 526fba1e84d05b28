"""Structured data, and that whatever is written as the RFC says comes back."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from decode.syslog.lines import message_of
from trapgate.decode.syslog.header.rfc5424 import (
    FIELD_CHARS_MAX,
    PARAMETERS_MAX,
    _any_data,
    _plain_data,
    scan_5424,
    structured_data,
)
from trapgate.model import parse_rfc3339

NAMES = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='="]'),
    min_size=1,
    max_size=32,
)
VALUES = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cf")))
ELEMENTS = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4)
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32).filter(
    lambda word: word != "-"
)


def written(elements: dict[str, dict[str, str]]) -> str:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")

    return "".join(
        "[" + name + "".join(f' {key}="{escaped(text)}"' for key, text in values.items()) + "]"
        for name, values in elements.items()
    )


@given(ELEMENTS)
def test_structured_data_comes_back(elements: dict[str, dict[str, str]]) -> None:
    text = written(elements) or "-"
    assert structured_data(f"x{text} rest", 1) == (1 + len(text), elements, None)


@given(WORDS, WORDS, WORDS, WORDS, ELEMENTS, VALUES)
def test_a_message_comes_back(
    host: str, app: str, pid: str, msgid: str, elements: dict[str, dict[str, str]], text: str
) -> None:
    elements.pop("timeQuality", None)
    data = written(elements) or "-"
    line = f"<13>1 2026-07-01T01:00:40.5Z {host} {app} {pid} {msgid} {data} {text}."
    message = message_of(line)
    assert message.format == "rfc5424"
    assert (message.hostname, message.appname) == (host, app)
    assert (message.procid, message.msgid) == (pid, msgid)
    assert message.structured_data == elements
    assert message.message == f"{text}.".lstrip(" ")
    assert message.problems == ()


ODD_DATA = st.lists(
    st.sampled_from(
        (
            "[a",
            "[b@1",
            "]",
            " ",
            ' x="1"',
            ' y="2"',
            ' x="]"',
            ' z="\\""',
            '="',
            '"',
            "\\",
            "-",
            ":",
            " t",
        )
    ),
    max_size=12,
).map("".join)


@settings(max_examples=1_000)
@given(ODD_DATA)
@example('[a x="1" x="2"] t')
@example('[a x="1"][a y="2"] t')
@example('[a x="1"][b@1 x="1"]:')
@example('[a x="1"]t')
def test_plain_data_is_what_any_data_is(text: str) -> None:
    plain = _plain_data(text, 0)
    assert plain is None or plain == _any_data(text, 0)


def test_plain_data_is_known_as_such() -> None:
    assert _plain_data('x[a x="1" y=""][b] t', 1) == (18, {"a": {"x": "1", "y": ""}, "b": {}}, None)


@pytest.mark.parametrize(
    "text", ["[", "[]", "[a", '[a x="1]', "[a x=1]", '[a x="1"]text', '[a x="1"', "text", ""]
)
def test_malformed_data_has_no_elements(text: str) -> None:
    end, elements, problem = structured_data(text, 0)
    assert (end, elements) == (0, {})
    assert problem is not None
    assert problem.code == "bad-structured-data"


def test_check_points_blanks_are_no_fault() -> None:
    data = '[Fields@1.3 src="192.0.2.20" ICMP Type="8" a b c="1" ] t'
    elements = {"Fields@1.3": {"src": "192.0.2.20", "ICMP_Type": "8", "a_b_c": "1"}}
    assert structured_data(data, 0) == (len(data) - 2, elements, None)
    assert structured_data("[a " + "b " * 30_000 + '="1"]', 0)[2] is not None


def test_a_bracket_may_lack_its_backslash() -> None:
    assert structured_data('[a x="[1] 2"]', 0)[1] == {"a": {"x": "[1] 2"}}


def test_many_parameters_are_cut_and_the_text_is_still_found() -> None:
    names = [f"p{number}" for number in range(PARAMETERS_MAX + 1)]
    data = "".join(f' {name}="1"' for name in names)
    message = message_of(f"<13>1 - r1 app - - [a{data}] hello")
    assert list(message.structured_data["a"]) == names[:-1]
    assert message.message == "hello"
    assert [problem.code for problem in message.problems] == ["many-parameters"]


def test_a_word_longer_than_any_field_is_no_header() -> None:
    assert message_of(f"<13>1 - {'h' * FIELD_CHARS_MAX} app - - - x").format == "rfc5424"
    message = message_of(f"<13>1 - {'h' * (FIELD_CHARS_MAX + 1)} app - - - x")
    assert (message.format, message.hostname) == ("unparsed", None)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-07-01T01:00:40--5:00", "2026-07-01T06:00:40Z"),
        ("2026-07-01T01:00:40.5--10:30", "2026-07-01T11:30:40.5Z"),
        ("2026-07-01T01:00:40---5:00", None),
        ("2026-07-01T01:00:40--5", None),
    ],
)
def test_check_points_offset_has_its_sign_twice(time: str, expected: str | None) -> None:
    message = message_of(f"<85>1 {time} gw1 CP-GW - Log - x")
    timestamp = None if expected is None else parse_rfc3339(expected)
    assert message.timestamp == timestamp
    assert message.hostname == ("gw1" if expected else None)


@pytest.mark.parametrize("data", ['[x@1 user="a b"]', "[x@1]", '[x@1 a="1"][y@1 b="2"]'])
@pytest.mark.parametrize("text", ["", "User 'nina' left", "- x"])
def test_a_missing_host_is_not_the_program(data: str, text: str) -> None:
    line = f"<165>1 2026-07-01T01:00:40Z mgd 3046 UI_LOGOUT {data} {text}".rstrip()
    message = message_of(line)
    if (data, text) == ("[x@1]", "- x"):  # a MSGID like this may be one
        assert message.hostname == "mgd"
        return
    assert (message.hostname, message.appname, message.procid) == (None, "mgd", "3046")
    assert (message.msgid, message.message) == ("UI_LOGOUT", text)
    assert message.structured_data.keys() >= {"x@1"}
    assert [problem.code for problem in message.problems] == ["short-header"]
    whole = message_of(line.replace("mgd", "r1 mgd"))
    assert (whole.hostname, whole.appname, whole.problems) == ("r1", "mgd", ())


@pytest.mark.parametrize(("word", "host"), [("r1", "r1"), ("-", None)])
def test_a_missing_msgid_is_not_the_structured_data(word: str, host: str | None) -> None:
    message = message_of(f'<85>1 2026-07-01T01:00:40Z {word} SECURITY 401 [meta a="735"] "x":"y"')
    assert (message.hostname, message.appname, message.procid) == (host, "SECURITY", "401")
    assert (message.msgid, message.message) == (None, '"x":"y"')
    assert message.structured_data == {"meta": {"a": "735"}}
    assert [problem.code for problem in message.problems] == ["short-header"]


def test_the_steps_of_a_header_without_a_host() -> None:
    text = "1 - mgd 3046 UI_LOGOUT [x@1] y"
    header = scan_5424(text, 0)
    assert header is not None
    steps = [(name, text[start:end]) for name, start, end in header.steps]
    assert steps == [("program", "mgd"), ("pid", "3046"), ("event", "UI_LOGOUT")]


@pytest.mark.parametrize(
    ("word", "host"),
    [
        ("dci01.waw02@::", "dci01.waw02"),
        ("r1@192.0.2.7", "r1"),
        ("r1@lab", "r1@lab"),
        ("@r1", "@r1"),
    ],
)
def test_an_address_behind_the_host_is_left_out(word: str, host: str) -> None:
    message = message_of(f"<13>1 2026-07-01T01:00:40Z {word} app - - - x")
    assert message.hostname == host


@pytest.mark.parametrize(
    "line",
    [
        "<13>2026-07-01T01:00:41+02:00 192.0.2.9 1 2026-07-01T01:00:40Z r1 app - - - x",
        "<13>2026-07-01T01:00:41+02:00 192.0.2.9 2026-07-01T01:00:40Z r1 app[7]: [x@1 a] - y",
    ],
)
def test_what_a_relay_quotes_is_no_program(line: str) -> None:
    message = message_of(line)
    assert (message.hostname, message.appname) == ("r1", "app")


def test_blanks_before_the_text_are_no_text() -> None:
    text = "notice mcpd[5122]: 01070727:5: x"
    message = message_of(f"<134>1 2026-07-01T01:00:40Z fw1 - - - -  {text}")
    assert (message.hostname, message.message) == ("fw1", text)


@pytest.mark.parametrize("start", ["2 ", "1  ", "1x ", "10 "])
def test_other_versions_are_not_guessed_at(start: str) -> None:
    assert message_of(f"<13>{start}2026-07-01T01:00:40Z r1 app - - - x").format != "rfc5424"

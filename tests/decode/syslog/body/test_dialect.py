"""The quick way to a body comes to the same as the one that merges all that is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from decode.syslog.bundled import DIALECTS
from decode.syslog.vendors.test_corpus import LINES
from trapgate.decode.syslog import build_dialects
from trapgate.decode.syslog.body.dialect import Dialect
from trapgate.decode.syslog.body.dialects import Dialects
from trapgate.decode.syslog.body.pairs import VALUE_CHARS_MAX
from trapgate.decode.syslog.header.header import Header


def _all(dialects: Dialects) -> tuple[Dialect, ...]:
    kinds = (*dialects._starts.values(), *dialects._programs.values(), dialects._structured_data)
    marks = [mark for marks in kinds for mark in marks]
    anywhere = [found for _, group in dialects._contains for found in group]
    marks += [mark for _, mark in (*anywhere, *dialects._first)]
    return tuple({mark.dialect.name: mark.dialect for mark in marks}.values())


PLAIN = sorted(
    (dialect for dialect in _all(DIALECTS) if dialect.plain), key=lambda dialect: dialect.name
)


def agree(dialect: Dialect, header: Header) -> None:
    assert dialect.read(header) == replace(dialect, plain=False).read(header)


def test_most_dialects_are_plain() -> None:
    names = {dialect.name for dialect in PLAIN}
    assert len(names) > 20
    assert {"cisco-ios", "junos", "linux", "mikrotik"} < names
    assert not {"fortigate", "cef", "pan-os", "junos-structured"} & names


@pytest.mark.parametrize("dialect", PLAIN, ids=[dialect.name for dialect in PLAIN])
def test_known_texts(dialect: Dialect) -> None:
    for line in LINES:
        for text in (line, line[line.find("%") :], line.rpartition(": ")[2]):
            agree(dialect, Header("rfc3164", text, appname="sshd", msgid="UPDOWN"))


MINE = """
schema: 1
name: a
provider: $program
when: [{starts: ""}]
body:
  - '^(?P<code>[A-Z]+)(?:/(?P<severity>[a-z0-9]+))?(?: (?P<message>.*))?'
  - '^(?P<sequence>[0-9]+) (?P<interface_name>[a-z0-9]*)'
fields:
  - code: A
    pattern: 'from (?P<client_ip>[^ ]*)(?: port (?P<client_port>[0-9]*))?'
    set: {interface.state: UP, user.name: nobody}
  - code: [A, B]
    contains: ["y", "z"]
    pattern: '(?P<user_name>y*)'
  - contains: ["x", "f"]
    pattern: '(?P<interface_name>x+)(?P<interface_state>[a-zA-Z]*)'
  - contains: "up"
    set: {interface.state: up, event.reason: ""}
values:
  interface.state: {UP: up, DOWN: "", x: up}
  user.name: {nobody: ""}
""".replace('starts: ""', "starts: [A, B, C, x, '1']")

DOUBLED = MINE.replace("(?P<user_name>y*)", "(?P<user_name>y*).(?P<user_name2>z*)")
PARTED = MINE.replace("(?P<user_name>y*)", "(?P<severity>y*)")
OVERRIDING = MINE.replace("user.name: nobody", "client.port: '1'")

WORDS = st.sampled_from(
    ("A", "B", "C", "/major", "/", " ", "from ", "10.0.0.1", ":80", ".", "port 22", "y", "z", "x",
     "UP", "DOWN", "up", "1", "2001:db8::1", "[", "]", "é", "x" * VALUE_CHARS_MAX)
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "plain"), [(MINE, True), (DOUBLED, False), (PARTED, False), (OVERRIDING, False)]
)
@given(said=st.lists(WORDS, max_size=10).map("".join), ours=st.booleans())
def test_any_text(text: str, plain: bool, said: str, ours: bool) -> None:
    files = {"a.yml": text}
    dialects, problems = build_dialects(files, {}) if ours else build_dialects({}, files)
    assert problems == ()
    (dialect,) = _all(dialects)
    assert dialect.plain is plain
    agree(dialect, Header("rfc3164", said, appname="p", msgid="B"))


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("B x", {"interface.name": "x"}),
        ("B xUP", {"interface.name": "x", "interface.state": "up"}),
        ("B xDOWN", {"interface.name": "x"}),
        ("B xy", {}),
        ("B yyz", {"user.name": "yy"}),
        ("C up", {"interface.state": "up"}),
        ("C " + "x" * 2_000, {"interface.name": "x" * VALUE_CHARS_MAX}),
        ("A from nowhere port 22", {"interface.state": "up", "client.port": "22"}),
        (
            "A from [2001:db8::1]:80 port 22",
            {"interface.state": "up", "client.ip": "2001:db8::1", "client.port": "22"},
        ),
    ],
)
def test_each_way_gives_these_fields(said: str, expected: dict[str, str], ours: bool) -> None:
    files = {"a.yml": MINE}
    dialects, _ = build_dialects(files, {}) if ours else build_dialects({}, files)
    (dialect,) = _all(dialects)
    header = Header("rfc3164", said)
    agree(dialect, header)
    body = dialect.read(header)
    assert body is not None
    assert body.fields == {"event.parser": "a", **expected}


def test_what_a_rule_gives_has_its_shape() -> None:
    dialects, _ = build_dialects({"a.yml": MINE}, {})
    body = dialects.body(Header("rfc3164", "A/major from 10.0.0.1:80."))
    assert body is not None
    assert (body.code, body.severity, body.message) == ("A", 3, "from 10.0.0.1:80.")
    assert body.fields == {
        "event.parser": "a",
        "interface.state": "up",
        "client.ip": "10.0.0.1",
        "client.port": "80",
    }


def test_parameters_called_value_are_named_as_their_elements() -> None:
    text = """
    schema: 1
    name: a
    kind: structured-data
    when: [{structured_data: [log@1, msgid@1]}]
    take: {code: msgid, user.name: user}
    """.replace("\n    ", "\n")
    dialects, problems = build_dialects({"a.yml": text}, {})
    assert problems == ()
    elements = {
        "log@1": {"value": "RASLOG", "user": "nina"},
        "msgid@1": {"value": "L2SS-1032"},
        "other@1": {"value": "x"},
    }
    body = dialects.body(Header("rfc5424", "x", structured_data=elements))
    assert body is not None
    assert (body.code, body.fields["user.name"]) == ("L2SS-1032", "nina")
    assert body.fields["syslog.pairs.log"] == "RASLOG"
    assert "syslog.pairs.other" not in body.fields
    assert "syslog.pairs.value" not in body.fields


MSGID = """
schema: 1
name: a
when: [{program: p}]
msgid: '^(?P<code>[0-9]+):(?P<severity>[0-7]):(?P<user_name>[a-z]*)$'
body: ['^(?P<severity>major|minor)?']
fields:
  - code: "17"
    set: {event.action: b}
"""


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    ("msgid", "said", "expected"),
    [
        ("17:5:nina", "x", ("17", 5, {"user.name": "nina", "event.action": "b"})),
        ("17:5:", "minor x", ("17", 4, {"event.action": "b"})),
        ("18:5:", "x", ("18", 5, {})),
        ("other", "major x", (None, 3, {})),
        (None, "x", (None, None, {})),
    ],
)
def test_a_msgid_may_say_more_than_a_name(
    msgid: str | None,
    said: str,
    expected: tuple[str | None, int | None, dict[str, str]],
    ours: bool,
) -> None:
    files = {"a.yml": MSGID}
    dialects, problems = build_dialects(files, {}) if ours else build_dialects({}, files)
    assert problems == ()
    body = dialects.body(Header("rfc5424", said, appname="p", msgid=msgid))
    assert body is not None
    code, severity, fields = expected
    assert (body.code, body.severity, body.fields) == (
        code,
        severity,
        {"event.parser": "a", **fields},
    )


def test_a_msgid_is_read_as_the_dialect_does_that_this_is_like() -> None:
    like = "{schema: 1, name: b, like: a, when: [{program: q}]}"
    dialects, problems = build_dialects({"a.yml": MSGID, "b.yml": like}, {})
    assert problems == ()
    body = dialects.body(Header("rfc5424", "x", appname="q", msgid="17:5:"))
    assert body is not None
    assert (body.dialect, body.code, body.severity) == ("b", "17", 5)

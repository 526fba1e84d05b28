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
    marks += [mark for _, mark in (*dialects._contains, *dialects._first)]
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

"""Which dialect reads a line, and what holds for any text."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.syslog.bundled import DIALECTS, TEXTS
from trapgate.decode.syslog import build_dialects
from trapgate.decode.syslog.body.body import Body
from trapgate.decode.syslog.body.dialects import (
    BODIES_CACHED_MAX,
    CACHED_CHARS_MAX,
    PLACES_CACHED_MAX,
)
from trapgate.decode.syslog.body.pairs import PAIRS_MAX, VALUE_CHARS_MAX
from trapgate.decode.syslog.header.header import Header

PIECES = (
    *("%LINK-3-UPDOWN: ", "%", "%%01IFNET/4/X(l):", "%%10A/1/B: ", "date=2026-07-01 ", "devid=a "),
    *("CEF:0|a|b|c|d|e|5|", "LEEF:2.0|a|b|c|d|^|", "a=b^", 'k="v" ', "k='v' ", "\\", '"', "|", ","),
    *("1,2026/07/01 01:00:40,1,SYSTEM,", "Event|404|LOG_INFO|", "RPD_X_Y: ", "neighbor 10.0.0.1 "),
    *("Interface Gi0/1, changed state to ", "Down", " -MAJOR- ", "17 Base A-MAJOR-b-1 ["),
    *("01070727:5: ", "interface,info ", "user ", "from 10.0.0.1 ", "1782867640.5 ", "(a=b, c=d)"),
    *("swlogd ", "<Info:Vlan.", "[Vx]<6> ", "0x00300001 00300001.238 GlobalRouter ", " PROTO=TCP "),
    *(
        "SYS ",
        "WF INFO ",
        "[d.INFO]: ",
        " PPE-0 : ",
        "id=firewall sn=1 ",
        'id="1" sys="SecureNet" ',
    ),
    *(
        'device_name="SFW" ',
        "id=firewall time=1 startime=",
        'msg_id="3000-0148" ',
        "An alarm 1 level ",
    ),
    *(
        "%A-I-B: ",
        "<1> <2> <INFO> ",
        'ASM:unit_hostname="a" ',
        "a,f5_irule=b",
        "|hostname=",
        "IN= OUT=",
    ),
    *(
        "FW: ",
        "%%A/1/B: ",
        "%A:1 %B-2-C: ",
        "|PAN-OS Syslog Integration|",
        '[msgid@1588 value="A-1000"]',
    ),
)
PROGRAMS = st.sampled_from([None, "sshd", "rpd", "kernel", "Ebra", "bgpd", "events", "System"])


def sane(text: str, program: str | None = None) -> None:
    body = DIALECTS.body(Header("rfc3164", text, appname=program))
    if body is None:
        return
    assert isinstance(body, Body)
    assert body.severity is None or 0 <= body.severity <= 7
    assert len(body.fields) <= PAIRS_MAX + 40
    for value in (body.code, body.provider, body.process, *body.fields.values()):
        assert value is None or 0 < len(value) <= VALUE_CHARS_MAX


@given(st.text(max_size=300), PROGRAMS)
def test_any_text_has_a_body_or_none(text: str, program: str | None) -> None:
    sane(text, program)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join), PROGRAMS)
def test_any_mixture_has_a_body_or_none(text: str, program: str | None) -> None:
    sane(text, program)


def test_a_long_text_of_one_kind_takes_no_time_to_speak_of() -> None:
    # quadratic work on 64 KiB would take minutes; the bound is the test run's own
    units = ("a", " ", "=", 'a="', "a=b ", ",", "|", "1", "\\", "'")
    for head, unit in product(("", *PIECES), units):
        sane((head + unit * 65_507)[:65_507])


MINE = """
schema: 1
name: acme
vendor: Acme
when: [{starts: "@acme-"}]
body: ['^@acme-(?P<severity>[a-z]+) (?P<code>[A-Z]+) port (?P<interface_name>\\S+)']
"""


def parser_of(text: str, *users: str, vendor: str | None = None, program: str | None = None) -> str:
    dialects, problems = build_dialects(TEXTS, {f"{n}.yml": text for n, text in enumerate(users)})
    assert problems == ()
    body = dialects.body(Header("rfc3164", text, appname=program), vendor)
    return "" if body is None else body.dialect


def test_a_users_dialect_reads_its_lines() -> None:
    dialects, problems = build_dialects({}, {"acme.yml": MINE})
    assert problems == ()
    body = dialects.body(Header("rfc3164", "@acme-major LINKDOWN port 1/2 is down"))
    fields = {"event.parser": "acme", "observer.vendor": "Acme", "interface.name": "1/2"}
    assert body == Body("acme", code="LINKDOWN", severity=3, fields=fields)
    assert dialects.body(Header("rfc3164", "@acme-major")) is None


@pytest.mark.parametrize(
    ("text", "program", "expected"),
    [
        # what many write is nobody's
        ("ethernet1/2 link down", None, ""),
        ("ether2 link down", None, "mikrotik"),
        ("sfp-sfpplus1 link up", None, "mikrotik"),
        ("Port 1 link down", "INFO", ""),
        ("port 1/1/4 latched remote fault", "INFO", "brocade-netiron"),
        ("port 7 is down", "switch", ""),
        ("TRAPMGR: Link Down: 0/5", "switch", "unifi"),
        ("to the backup line", "failover", ""),
        ("session 7 closed", "netconfd", ""),
        ("events.c(12) 345 %% NOTE x", "bcmRX", "dell-os6"),
        ("wlan0: STA 00:11:22:33:44:55 IEEE 802.11: associated", "hostapd", "hostapd"),
        ("%DOT1X-5-FAIL: failed on Interface Gi1/0/24", "DOT1X", "cisco-ios"),
        # the same first character, another system
        ("%%01SSH/4/SSH_FAIL(s)[1]:x", None, "huawei-vrp"),
        ("%%SSHS/6/SSHS_LOG: x", None, "h3c-comware"),
        ("%LINK-I-Up: gi1", None, "radlan"),
        ("%LINK-3-UPDOWN: -I- x", None, "cisco-ios"),
        ("%E48TB:1 %KERN-2-INT: x", None, "dell-os9"),
        ("%SYS-2-MALLOC: 90 % used", None, "cisco-ios"),
        ("LEEF:1.0|Palo Alto Networks|PAN-OS Syslog Integration|8.1|end|a=b", None, "pan-os-leef"),
        ("LEEF:1.0|Acme|Wall|8.1|end|a=b", None, "leef"),
    ],
)
def test_a_mark_is_its_systems_own(text: str, program: str | None, expected: str) -> None:
    assert parser_of(text, program=program) == expected


@pytest.mark.parametrize("sign", ['"', "=", "|", "<", "%", "", '"=|'])
def test_a_mark_anywhere_is_found_whatever_signs_it_has(sign: str) -> None:
    dialect = f"{{schema: 1, name: a, when: [{{contains: 'x{sign}y'}}]}}"
    dialects, problems = build_dialects({}, {"a.yml": dialect})
    assert problems == ()
    found = dialects.body(Header("rfc3164", f"z x{sign}y z"))
    assert found is not None
    assert dialects.body(Header("rfc3164", f"z x {sign} y z")) is None


FIRST = "{{schema: 1, name: {0}, order: first, when: [{{contains: '{1}'}}]}}"


@pytest.mark.parametrize(
    ("text", "expected"), [("zAB", "a"), ("zABC", "c"), ("zABCD", "c"), ("zB", None), ("XY", "x")]
)
def test_of_those_that_are_first_the_longest_mark_wins(text: str, expected: str | None) -> None:
    marks = {"a": "AB", "c": "ABC", "x": "XY"}
    files = {f"{name}.yml": FIRST.format(name, mark) for name, mark in marks.items()}
    dialects, problems = build_dialects({}, files)
    assert problems == ()
    body = dialects.body(Header("rfc3164", text))
    assert (body and body.dialect) == expected


def marked(name: str, when: str, order: str = "usual") -> str:
    return f"{{schema: 1, name: {name}, vendor: {name}, order: {order}, when: [{when}]}}"


def test_the_longest_mark_wins_and_a_user_among_equals() -> None:
    short, long = marked("a", '{starts: "%L"}'), marked("b", '{starts: "%LINK-"}')
    assert parser_of("%LINK-3-UPDOWN: x") == "cisco-ios"
    assert parser_of("%LINK-3-UPDOWN: x", short, long) == "b"
    assert parser_of("%LINK-3-UPDOWN: x", short) == "a"
    assert parser_of("%LINK-3-UPDOWN: x", marked("a", '{starts: "%"}')) == "a"


def test_a_mark_in_its_place_wins_over_one_anywhere_unless_it_is_first() -> None:
    anywhere = '{contains: "UPDOWN: interesting"}'
    assert parser_of("%LINK-3-UPDOWN: interesting", marked("a", anywhere)) == "cisco-ios"
    assert parser_of("%LINK-3-UPDOWN: interesting", marked("a", anywhere, "first")) == "a"
    assert parser_of("%LINK-3-UPDOWN: dull", marked("a", anywhere, "first")) == "cisco-ios"


def test_the_sources_vendor_wins() -> None:
    short, long = marked("a", '{starts: "@"}'), marked("b", '{starts: "@x"}')
    assert parser_of("@xyz", short, long) == "b"
    assert parser_of("@xyz", short, long, vendor="A") == "a"


def test_every_key_of_a_mark_must_hold() -> None:
    both = marked("a", '{starts: "@", program: [p, q], contains: "z"}')
    assert parser_of("@ z", both, program="q") == "a"
    assert parser_of("@ z", both) == ""
    assert parser_of("@ y", both, program="q") == ""
    assert parser_of("x z", both, program="q") == ""


def test_a_users_dialect_stands_in_the_place_of_ours() -> None:
    assert parser_of("%LINK-3-UPDOWN: x", marked("cisco-ios", '{starts: "#"}')) == ""


def test_the_memory_of_beginnings_is_bounded() -> None:
    known, problems = build_dialects({}, {"acme.yml": MINE})
    assert problems == ()
    for number in range(PLACES_CACHED_MAX + 2):
        known.body(Header("rfc3164", f"{number:04}"))
        assert len(known._places) <= PLACES_CACHED_MAX
    assert known.body(Header("rfc3164", "@acme-major LINKDOWN port 1/2 is down")) is not None


@given(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    PROGRAMS,
    st.none() | st.just("Arista"),
)
def test_what_is_remembered_of_a_text_is_what_it_says(
    text: str, program: str | None, vendor: str | None
) -> None:
    header = Header("rfc3164", text, appname=program)
    said = DIALECTS._read(header, vendor)
    assert DIALECTS.body(header, vendor) == said
    assert DIALECTS.body(header, vendor) == said


PROGRAMMED = """
schema: 1
name: long
code: $program
when: [{starts: xy}]
fields: [{code: e1, set: {event.action: b}}]
"""

REMEMBERING, _ = build_dialects(
    {}, {"long.yml": PROGRAMMED, "short.yml": marked("short", "{starts: x}")}
)
"""One for all cases: each must find its own."""


@pytest.mark.parametrize(
    ("program", "msgid", "vendor", "expected"),
    [
        (None, None, None, ("long", None, None)),
        ("p", None, None, ("long", "p", None)),
        (None, "e1", None, ("long", None, "b")),
        (None, "e2", None, ("long", None, None)),
        (None, None, "short", ("short", None, None)),
    ],
)
def test_a_text_is_remembered_for_its_program_event_and_vendor(
    program: str | None, msgid: str | None, vendor: str | None, expected: tuple[str | None, ...]
) -> None:
    header = Header("rfc3164", "xyz", appname=program, msgid=msgid)
    body = REMEMBERING.body(header, vendor)
    assert body is not None
    assert (body.dialect, body.code, body.fields.get("event.action")) == expected


def test_structured_data_is_read_whatever_text_stands_behind_it() -> None:
    for user in ("jdoe", "root"):
        elements = {"junos@2636.1.1.1.2.18": {"username": user}}
        body = DIALECTS.body(Header("rfc5424", "a login", structured_data=elements))
        assert body is not None
        assert body.fields["user.name"] == user


def test_the_memory_of_texts_is_bounded() -> None:
    known, _ = build_dialects({}, {"acme.yml": MINE})
    for number in range(BODIES_CACHED_MAX + 2):
        known.body(Header("rfc3164", f"@acme-major X port {number}"))
        assert len(known._bodies) <= BODIES_CACHED_MAX
    before = len(known._bodies)
    known.body(Header("rfc3164", "x" * (CACHED_CHARS_MAX + 1)))
    assert len(known._bodies) == before


def test_a_text_with_a_time_or_a_number_of_its_own_is_not_remembered() -> None:
    timed = MINE.replace("(?P<severity>[a-z]+)", "(?P<time>[0-9]+)")
    numbered = MINE.replace("(?P<severity>[a-z]+)", "(?P<sequence>[0-9]+)")
    for text in (timed, numbered):
        known, problems = build_dialects({}, {"acme.yml": text})
        assert problems == ()
        assert known.body(Header("rfc3164", "@acme-1782867640 LINKDOWN port 1/2")) is not None
        assert not known._bodies

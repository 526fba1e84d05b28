"""Whole lines in, whole messages out; and what holds for any bytes."""

from datetime import UTC, tzinfo
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from decode.syslog.bundled import DIALECTS
from decode.syslog.lines import DOWN, LINES, RECEIVED, Expected, datagram, message_of, read
from trapgate.decode.syslog import SyslogDecoder
from trapgate.decode.syslog.decoder import Reading
from trapgate.decode.syslog.header.zones import is_zone
from trapgate.decode.syslog.text import MESSAGES_MAX, SHOWN_CHARS_MAX
from trapgate.model import Now, SyslogMessage, parse_rfc3339, rfc3339

NOW = Now(parse_rfc3339(RECEIVED), 0)
DECODER = SyslogDecoder(lambda address: UTC, DIALECTS)


@pytest.mark.parametrize("line", LINES)
def test_a_line_reads_as_expected(line: str) -> None:
    assert read(message_of(line)) == LINES[line]


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(LINES) >= 60


COUNTS = ("", "45: ", ": ")
ORIGINS = ("", "r1: ", "192.0.2.7: ")
SEQUENCES = ("", "000123: ")
MARKS = ("", "*", ".")
YEARS = ("", "2026 ")
FRACTIONS = ("", ".5", ".123456")
ZONES = ("", " UTC", " CEST", " LAB")
RELAYS = ("", "Jul  1 09:09:09 192.0.2.8 ")


def test_every_permutation_of_the_cisco_header() -> None:
    parts = product(RELAYS, COUNTS, ORIGINS, SEQUENCES, MARKS, YEARS, FRACTIONS, ZONES)
    for relay, count, origin, sequence, mark, year, fraction, zone in parts:
        header = f"{relay}{count}{origin}{sequence}{mark}Jul  1 {year}04:00:40{fraction}{zone}"
        message = message_of(f"<189>{header}: {DOWN}")
        host = origin.removesuffix(": ") or ("192.0.2.8" if relay else None)
        numbers = [int(text[:-2]) for text in (sequence, count) if len(text) > 2]
        hour = "02" if zone == " CEST" else "04"
        digits = fraction[1:4].ljust(3, "0")
        assert message.timestamp is not None, header
        found = (
            message.format,
            message.hostname,
            message.sequence,
            message.clock_trusted,
            rfc3339(message.timestamp),
            message.message,
            [problem.code for problem in message.problems],
        )
        assert found == (
            "cisco-ios",
            host,
            numbers[0] if numbers else None,
            not mark,
            f"2026-07-01T{hour}:00:40.{digits}Z",
            DOWN,
            ["unknown-zone"] if zone == " LAB" else [],
        ), header


@pytest.mark.parametrize("data", [b"", b" ", b"\n", b"\0\0", b" \t\r\n\0"])
def test_nothing_but_white_space_is_malformed(data: bytes) -> None:
    decoded = DECODER.decode(datagram(data), NOW)
    assert decoded.messages == ()
    assert [problem.code for problem in decoded.problems] == ["empty"]
    assert decoded.raw == data


def sane(data: bytes) -> int:
    """Decode any bytes, check what must hold of any message, and tell how many there are."""
    decoded = DECODER.decode(datagram(data), NOW)
    assert decoded.raw == data
    assert bool(decoded.messages) == bool(data.strip(b"\0 \t\r\n\v\f"))
    for message in decoded.messages:
        assert isinstance(message, SyslogMessage)
        assert decoded.problems == ()
        sane_message(message)
    for reading in DECODER.readings(datagram(data)):
        sane_steps(reading)
    return len(decoded.messages)


def sane_message(message: SyslogMessage) -> None:
    assert message.facility is None or 0 <= message.facility <= 23
    assert message.severity is None or 0 <= message.severity <= 7
    assert message.timestamp is None or abs(message.timestamp) < 2**63
    assert not (message.clock_trusted and message.timestamp is None)
    assert message.sequence is None or 0 <= message.sequence < 10**10
    assert len(message.message) <= SHOWN_CHARS_MAX + 40
    assert not set(message.message) & set("\0\x07\x1b\r\x7f\x9b")
    words = (message.hostname, message.appname, message.procid, message.msgid, message.node)
    assert all(word is None or 0 <= len(word) <= 255 for word in words)
    if message.hostname is not None and message.format != "rfc5424":
        assert not is_zone(message.hostname)
        assert not message.hostname.isdigit()
    assert message.relay is None or message.relay != message.hostname


def sane_steps(reading: Reading) -> None:
    """The steps go from left to right and end with the text."""
    place = 0
    for _, start, end in reading.steps:
        assert place <= start <= end <= len(reading.text), reading.steps
        place = end
    assert reading.steps[-1][0] == "text"
    assert place == len(reading.text)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message(data: bytes) -> None:
    sane(data)


PIECES = (
    *("RP/0/RSP1/CPU0:", "CLC 6/0:", "*emWeb: ", "fpc0 ", "notice ", "slot1/", "1782867640.5 "),
    *("a,f09fc2aabbcc,v4.0: ", '("U7PG2,', "00077 mgr: ", ":I:", " DST ", "2026 ", "<14>", "\n"),
    *("<189>", "<13>1 ", "45: ", ": ", "r1 ", "r1: ", "192.0.2.7 ", "sshd[4]: ", "root: ", "* "),
    *("Jul  1 01:00:40 ", "*Jul  1 01:00:40.5", " CEST: ", "2026-07-01T01:00:40Z ", "Feb 29 "),
    *("- ", '[a@1 x="\\"" y="', '"]', "%LINK-3-UPDOWN: ", "2y10w: ", "[syslog@9 ", "\ufeff", "\\"),
    *("9999-12-31T23:59:60+14:00 ", "0001 Jan  1 00:00:00", " 99:99:99", "Interface a, "),
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12))
@example(["2026-07-01T01:00:40Z ", "2y10w: "])
def test_any_mixture_of_headers_is_a_message(pieces: list[str]) -> None:
    sane("".join(pieces).encode())


@pytest.mark.parametrize("line", LINES)
def test_a_line_cut_anywhere_is_a_message(line: str) -> None:
    data = line.encode()
    for end in range(1, len(data)):
        assert sane(data[:end]) == 1


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\0", b"\0\0\n"])
def test_what_ends_a_frame_is_not_part_of_the_message(end: bytes) -> None:
    line = f"<189>Jul  1 01:00:40 r1 app: {DOWN}"
    assert read(message_of(line.encode() + end)) == read(message_of(line))


def test_a_full_datagram_of_one_kind_of_byte_takes_no_time_to_speak_of() -> None:
    # quadratic work on 64 KiB would take minutes; the bound is the test run's own
    heads = (b"", b"<13>", b"<13>1 - - - - - ", b"<13>Jul  1 01:00:40 ", b"<13>Jul  1 01:00:40 r1 ")
    units = b' |a|1|:|[|a |[a x="\\"|[a b="c"]|%A-|1: |\\|a,|1,|a: |a=|*|("|a1 |<13>|\n<13>x'
    units += b"|Jul  1 01:00:40 |last message repeated 3 times|1782867640 |RP/0/RSP1/CPU0:"
    for head, unit in product(heads, units.split(b"|")):
        sane((head + unit * 65_507)[:65_507])


WORDS = st.sampled_from(
    [
        "UTC",
        "CET",
        "CEST",
        "cest",
        "EDT",
        "MST",
        "JST",
        "UTC+07:30",
        "+0200",
        "12",
        "2026",
        "0",
        "4711",
    ]
)


@given(WORDS, st.sampled_from(["", "hello world", "sshd[4]: hello", "root: hello", "a b: c"]))
def test_a_zone_or_a_number_is_no_host(word: str, rest: str) -> None:
    for line in (f"<13>Jul  1 01:00:40 {word} {rest}", f"<13>{word} {rest}", f"<13>{word}: {rest}"):
        assert message_of(line).hostname not in (word, word.lower())


@given(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_./-]{0,20}", fullmatch=True), st.booleans())
@example("r1", True)
@example("CET", True)
def test_a_program_is_no_host(program: str, pid: bool) -> None:
    tag = f"{program}[42]" if pid else program
    for line in (f"<13>Jul  1 01:00:40 {tag}: hello", f"<13>{tag}: hello"):
        assert message_of(line).hostname is None


@given(
    st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True).filter(lambda w: not is_zone(w)),
    st.from_regex(r"[a-z][a-z0-9_/-]{0,20}", fullmatch=True),
    st.integers(0, 99_999),
)
@example("am", "a", 0)  # not half a day
@example("pm1", "a", 0)
def test_host_tag_and_pid_come_back(host: str, program: str, pid: int) -> None:
    message = message_of(f"<13>Jul  1 01:00:40 {host} {program}[{pid}]: a text")
    assert (message.hostname, message.appname, message.procid) == (host, program, str(pid))
    assert message.message == "a text"


@given(st.integers(0, 999))
def test_only_priorities_to_191_are_one(number: int) -> None:
    message = message_of(f"<{number}>Jul  1 01:00:40 r1 app: hello")
    codes = [problem.code for problem in message.problems]
    if number <= 191:
        assert (message.facility, message.severity, codes) == (number // 8, number % 8, [])
    else:
        assert (message.facility, message.severity, codes) == (None, None, ["bad-pri"])
    assert message.hostname == "r1"


def test_expected_leaves_nothing_of_a_message_out() -> None:
    # facility and severity are the priority; the bytes, and what a dialect finds, are not compared
    left_out = {"facility", "severity", "raw", "provider", "code", "fields"}
    assert len(Expected._fields) == len(SyslogMessage.__struct_fields__) - len(left_out) + 1


def test_several_messages_of_a_datagram() -> None:
    lines = [b"<189>31: Jul  1 01:00:40: %A-5-B: x", b"<189>32: Jul  1 01:00:41: %A-3-C: y\nmore"]
    for between in (b"\n", b"\r\n", b"\n\n", b"\0\n"):
        decoded = DECODER.decode(datagram(between.join(lines) + b"\n"), NOW)
        messages = [each for each in decoded.messages if isinstance(each, SyslogMessage)]
        assert [message.sequence for message in messages] == [31, 32]
        assert [message.message for message in messages] == ["%A-5-B: x", "%A-3-C: y\nmore"]
        assert [message.raw.strip() for message in messages] == lines


@pytest.mark.parametrize(
    "data",
    [b"<13>a\n<x>b", b"<13>a\n<192>b", b"<13>a\nb <13>c", b"no PRI\n<13>a", b"<13>a <14>b"],
)
def test_other_line_ends_divide_nothing(data: bytes) -> None:
    assert sane(data) == 1


def test_no_more_messages_than_the_limit() -> None:
    decoded = DECODER.decode(datagram(b"<13>x\n" * (MESSAGES_MAX + 2)), NOW)
    assert len(decoded.messages) == MESSAGES_MAX
    last = decoded.messages[-1]
    assert isinstance(last, SyslogMessage)
    assert last.message == "x\n<13>x\n<13>x"


def test_a_long_text_is_cut_with_a_mark() -> None:
    line = b"<13>Jul  1 01:00:40 r1 app: " + b"x" * (SHOWN_CHARS_MAX + 5)
    message = message_of(line)
    assert message.message == "x" * SHOWN_CHARS_MAX + " […5 more characters]"
    assert [problem.code for problem in message.problems] == ["truncated"]
    assert message_of(line[:-5]).problems == ()


@pytest.mark.parametrize(
    ("charset", "data", "text", "problems"),
    [
        ("cp1251", "Связь".encode("cp1251"), "Связь", []),
        ("shift_jis", "断線".encode("shift_jis"), "断線", []),
        ("utf-8", "Zürich".encode("latin-1"), "Zürich", ["not-in-charset"]),
        ("no-such", b"plain", "plain", ["not-in-charset"]),
        (None, "Zürich".encode(), "Zürich", []),
    ],
)
def test_the_charset_of_a_source(
    charset: str | None, data: bytes, text: str, problems: list[str]
) -> None:
    decoder = SyslogDecoder(lambda address: UTC, charset_of=lambda address: charset)
    (message,) = decoder.decode(datagram(b"<13>Jul  1 01:00:40 r1 app: " + data), NOW).messages
    assert isinstance(message, SyslogMessage)
    assert message.message == text
    assert [problem.code for problem in message.problems] == problems


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        (
            "<189>45: r1: 000123: *Jul  1 01:00:40 UTC: %A-5-B: x",
            "pri=<189> count=45 host=r1 sequence=000123 mark=* time=Jul  1 01:00:40 zone=UTC "
            "text=%A-5-B: x",
        ),
        (
            "<13>Jul  1 02:02:02 192.0.2.9 Jul  1 01:00:40 r1 notice mcpd[7]: x",
            "pri=<13> time=Jul  1 02:02:02 host=192.0.2.9 time=Jul  1 01:00:40 host=r1 "
            "level=notice program=mcpd pid=7 text=x",
        ),
        (
            "<14>1 2026-07-01T01:00:40Z r1 app - ID - hello",
            "pri=<14> time=2026-07-01T01:00:40Z host=r1 program=app event=ID text=hello",
        ),
        ("<13>Jul  1 01:00:40 Link down", "pri=<13> time=Jul  1 01:00:40 text=Link down"),
    ],
)
def test_each_step_tells_what_it_took(line: str, steps: str) -> None:
    (reading,) = DECODER.readings(datagram(line.encode()))
    taken = [f"{name}={reading.text[start:end]}" for name, start, end in reading.steps]
    assert " ".join(taken) == steps


def test_a_relay_of_the_same_name_is_none() -> None:
    """F5 and PAN-OS name themselves with their domain in one place and without it in the other."""
    line = "<13>Jul  1 01:00:40 {} time=1782867640|hostname={}|product=IPS|action=Drop"
    for relay, host, named in (
        ("gw7.example.net", "gw7", None),
        ("gw7", "gw7.example.net", None),
        ("gw70", "gw7", "gw70"),
        ("cp-mgmt", "gw7", "cp-mgmt"),
    ):
        decoder = SyslogDecoder(lambda address: UTC, DIALECTS)
        received = datagram(line.format(relay, host).encode())
        (message,) = decoder.decode(received, Now(received.received_at, 0)).messages
        assert isinstance(message, SyslogMessage)
        assert (message.hostname, message.relay) == (host, named)


@pytest.mark.parametrize(
    ("home", "header", "body", "instant"),
    [
        (UTC, "09:05:00-04:00", "09:00:00", "13:00:00"),  # one clock: the header knows its offset
        (UTC, "15:05:00+02:00", "09:00:00", "09:00:00"),  # a relay in another zone
        (ZoneInfo("America/New_York"), "15:05:00+02:00", "09:00:00", "13:00:00"),
        (ZoneInfo("Asia/Kolkata"), "09:05:00+05:00", "09:30:00", "04:00:00"),  # half an hour apart
        (UTC, "09:05:00Z", "09:00:00", "09:00:00"),
        (UTC, "09:05:00-04:00", "99:00:00", None),
    ],
)
def test_a_body_without_a_zone_is_of_the_sources_or_of_the_header(
    home: tzinfo, header: str, body: str, instant: str | None
) -> None:
    line = (
        f"<14>2026-07-01T{header} pa7 1,2026/07/01 {body},0123,CONFIG,0,0,2026/07/01 {body},,,set"
    )
    decoder = SyslogDecoder(lambda address: home, DIALECTS)
    received = datagram(line.encode())
    (message,) = decoder.decode(received, Now(received.received_at, 0)).messages
    assert isinstance(message, SyslogMessage)
    stamp = message.timestamp
    shown = None if stamp is None else rfc3339(stamp, digits=0)
    assert shown == (None if instant is None else f"2026-07-01T{instant}Z")


@pytest.mark.parametrize("pri", ["<>", "<-1>", "<999>", "<1234567890>", "<189", "<5"])
def test_a_broken_pri_takes_nothing_of_the_header(pri: str) -> None:
    for line in ("Jul  1 01:00:40 sw7 sshd[3]: x", "sw7: Jul  1 01:00:40: %FOO-6-X: x"):
        message = message_of(f"{pri}{line}")
        assert (message.hostname, message.facility) == ("sw7", None)
        assert [problem.code for problem in message.problems] == ["bad-pri"]

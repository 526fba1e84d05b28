"""Whole lines in, whole messages out; and what holds for any bytes."""

from datetime import UTC
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from decode.syslog.lines import DOWN, LINES, RECEIVED, Expected, datagram, message_of, read
from trapgate.decode.syslog import SyslogDecoder
from trapgate.decode.syslog.zones import is_zone
from trapgate.model import Now, SyslogMessage, parse_rfc3339, rfc3339

NOW = Now(parse_rfc3339(RECEIVED), 0)
DECODER = SyslogDecoder(lambda address: UTC)


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
            message.code,
            message.message,
            [problem.code for problem in message.problems],
        )
        assert found == (
            "cisco-ios",
            host,
            numbers[0] if numbers else None,
            not mark,
            f"2026-07-01T{hour}:00:40.{digits}Z",
            "UPDOWN",
            DOWN,
            ["unknown-zone"] if zone == " LAB" else [],
        ), header


@pytest.mark.parametrize("data", [b"", b" ", b"\n", b"\0\0", b" \t\r\n\0"])
def test_nothing_but_white_space_is_malformed(data: bytes) -> None:
    decoded = DECODER.decode(datagram(data), NOW)
    assert decoded.messages == ()
    assert [problem.code for problem in decoded.problems] == ["empty"]
    assert decoded.raw == data


def sane(data: bytes) -> SyslogMessage | None:
    """Decode any bytes and check what must hold of any message."""
    decoded = DECODER.decode(datagram(data), NOW)
    assert decoded.raw == data
    if not decoded.messages:
        assert not data.strip(b"\0 \t\r\n\v\f")
        return None
    (message,) = decoded.messages
    assert isinstance(message, SyslogMessage)
    assert decoded.problems == ()
    assert message.facility is None or 0 <= message.facility <= 23
    assert message.severity is None or 0 <= message.severity <= 7
    assert message.timestamp is None or abs(message.timestamp) < 2**63
    assert not (message.clock_trusted and message.timestamp is None)
    assert message.sequence is None or 0 <= message.sequence < 10**10
    assert not set(message.message) & set("\0\x07\x1b\r\x7f\x9b")
    for name in (message.hostname, message.appname, message.procid, message.msgid):
        assert name is None or 0 <= len(name) <= 255
    if message.hostname is not None and message.format != "rfc5424":
        assert not is_zone(message.hostname)
        assert not message.hostname.isdigit()
    return message


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message(data: bytes) -> None:
    sane(data)


PIECES = (
    *("<189>", "<13>1 ", "45: ", ": ", "r1 ", "r1: ", "192.0.2.7 ", "sshd[4]: ", "root: ", "* "),
    *("Jul  1 01:00:40 ", "*Jul  1 01:00:40.5", " CEST: ", "2026-07-01T01:00:40Z ", "Feb 29 "),
    *("- ", '[a@1 x="\\"" y="', '"]', "%LINK-3-UPDOWN: ", "2y10w: ", "[syslog@9 ", "\ufeff", "\\"),
    *("9999-12-31T23:59:60+14:00 ", "0001 Jan  1 00:00:00", " 99:99:99", "Interface a, "),
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12))
def test_any_mixture_of_headers_is_a_message(pieces: list[str]) -> None:
    sane("".join(pieces).encode())


@pytest.mark.parametrize("line", LINES)
def test_a_line_cut_anywhere_is_a_message(line: str) -> None:
    data = line.encode()
    for end in range(1, len(data)):
        assert sane(data[:end]) is not None


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\0", b"\0\0\n"])
def test_what_ends_a_frame_is_not_part_of_the_message(end: bytes) -> None:
    line = f"<189>Jul  1 01:00:40 r1 app: {DOWN}"
    assert read(message_of(line.encode() + end)) == read(message_of(line))


def test_a_full_datagram_of_one_kind_of_byte_takes_no_time_to_speak_of() -> None:
    # quadratic work on 64 KiB would take minutes; the bound is the test run's own
    heads = (b"", b"<13>", b"<13>1 - - - - - ", b"<13>Jul  1 01:00:40 ")
    units = (b" ", b"a", b"1", b":", b"[", b"a ", b'[a x="\\"', b'[a b="c"]', b"%A-", b"1: ", b"\\")
    for head, unit in product(heads, units):
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
    for line in (f"<13>Jul  1 01:00:40 {tag}: hello", f"<13>{tag}: hello", f"<13>{tag}: {DOWN}"):
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
    assert len(Expected._fields) == len(SyslogMessage.__struct_fields__) - 2

"""Dumps of tcpdump, xxd, hexdump and Wireshark, and plain hexadecimal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.cli.hexdump import bytes_of, is_dump, looks_like_hex, packets_of
from trapgate.cli.hexdump import hexdump as written

DATA = bytes(range(0x41, 0x41 + 39))
"""As characters it is letters, some of which look like hexadecimal."""


def shown(row: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)


def rows(data: bytes) -> list[tuple[int, bytes]]:
    return [(at, data[at : at + 16]) for at in range(0, len(data), 16)]


def grouped(row: bytes, size: int) -> str:
    return " ".join(row[at : at + size].hex() for at in range(0, len(row), size))


def tcpdump(data: bytes = DATA) -> str:
    head = "10:00:00.000001 IP 192.0.2.7.50000 > 192.0.2.1.162: UDP, length 31\n"
    lines = [f"\t0x{at:04x}:  {grouped(row, 2):<39}  {shown(row)}" for at, row in rows(data)]
    return head + "\n".join(lines) + "\n"


def tcpdump_x(data: bytes = DATA) -> str:
    return "\n".join(f"\t0x{at:04x}:  {grouped(row, 2)}" for at, row in rows(data))


def xxd(data: bytes = DATA) -> str:
    return "\n".join(f"{at:08x}: {grouped(row, 2):<39}  {shown(row)}" for at, row in rows(data))


def hexdump(data: bytes = DATA) -> str:
    lines = [
        f"{at:08x}  {grouped(row[:8], 1):<23}  {grouped(row[8:], 1):<23}  |{shown(row)}|"
        for at, row in rows(data)
    ]
    return "\n".join([*lines, f"{len(data):08x}"])


def wireshark(data: bytes = DATA) -> str:
    return "\n".join(f"{at:04x}  {grouped(row, 1):<47}   {shown(row)}" for at, row in rows(data))


@pytest.mark.parametrize("dump", [tcpdump, tcpdump_x, xxd, hexdump, wireshark])
def test_dumps(dump: object) -> None:
    assert callable(dump)
    assert is_dump(dump())
    assert packets_of(dump()) == [DATA]
    assert packets_of(dump() + "\n\n" + dump()) == [DATA, DATA]


def test_every_length_of_the_last_line() -> None:
    for size in range(1, len(DATA) + 1):
        for dump in (tcpdump, xxd, hexdump, wireshark):
            assert packets_of(dump(DATA[:size])) == [DATA[:size]], dump


def test_a_line_that_is_missing() -> None:
    lines = xxd().splitlines()
    with pytest.raises(ValueError, match="the offset 00000020 does not follow"):
        packets_of("\n".join((lines[0], lines[2])))


@pytest.mark.parametrize("text", ["3054", "0x3054", "30 54", "30:54\n", "30-54"])
def test_plain_hexadecimal(text: str) -> None:
    assert looks_like_hex(text)
    assert not is_dump(text)
    assert bytes_of(text) == b"\x30\x54"


@pytest.mark.parametrize("text", ["", "trap.pcap", "./3054", "0x", "é0"])
def test_what_is_not(text: str) -> None:
    assert not looks_like_hex(text)


@given(st.binary(min_size=1, max_size=70))
def test_what_is_written_is_read_again(data: bytes) -> None:
    assert packets_of("\n".join(written(data))) == [data]


def test_a_dump_of_ours() -> None:
    assert list(written(DATA[:18] + b"\x00\x7f"))[1:] == [
        "00000010  51 52 00 7f                                      |QR..|"
    ]

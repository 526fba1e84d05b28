"""PROXY headers: a table of both versions, whole, cut at every byte, and broken."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.listen.proxy import HEADER_BYTES_MAX, BadHeader, read_header
from trapgate.model import Endpoint

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def binary(
    source: str = "192.0.2.1", port: int = 5000, *, command: int = 0x21, more: bytes = b""
) -> bytes:
    """A header of version 2."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    address = socket.inet_pton(family, source)
    body = address + address + port.to_bytes(2, "big") + (6514).to_bytes(2, "big") + more
    kind = 0x21 if ":" in source else 0x11
    return SIGNATURE + bytes([command, kind]) + len(body).to_bytes(2, "big") + body


def of_family(family: int, body: bytes = b"", command: int = 0x21) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(body).to_bytes(2, "big") + body


HEADERS = [
    (binary(), Endpoint("192.0.2.1", 5000)),
    (binary("2001:db8::7", 65_535), Endpoint("2001:db8::7", 65_535)),
    (binary(more=b"\x04\x00\x03abc"), Endpoint("192.0.2.1", 5000)),
    (binary(command=0x20), None),  # LOCAL
    (of_family(0x00), None),  # unspecified
    (of_family(0x31, bytes(216)), None),  # Unix
    (of_family(0x00, command=0x20), None),
    (b"PROXY TCP4 192.0.2.1 192.0.2.9 5000 6514\r\n", Endpoint("192.0.2.1", 5000)),
    (b"PROXY TCP6 2001:db8::7 2001:db8::9 1 2\r\n", Endpoint("2001:db8::7", 1)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
]


@pytest.mark.parametrize(("header", "sender"), HEADERS)
def test_headers(header: bytes, sender: Endpoint | None) -> None:
    for rest in (b"", b"<13>text\n", SIGNATURE):
        found = read_header(header + rest)
        assert found is not None
        assert (found.sender, found.size_bytes) == (sender, len(header))
    for cut in range(len(header)):
        assert read_header(header[:cut]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"<13>text",
        b"\x16\x03\x01",
        b"PROXX",
        b"\r\n\r\n\0\r\nQUIX",
        b"PROXY TCP4 x\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.9 5000\r\n",
        b"PROXY TCP4 2001:db8::7 192.0.2.9 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.9 1 2\r\n",
        b"PROXY TCP4 192.0.2.256 192.0.2.9 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.9 65536 2\r\n",
        b"PROXY TCP4 " + b"1" * 200,
        binary(command=0x22),
        binary(command=0x11),
        of_family(0x11, bytes(11)),
        of_family(0x21, bytes(35)),
        binary(more=bytes(HEADER_BYTES_MAX)),
    ],
)
def test_what_is_no_header(data: bytes) -> None:
    with pytest.raises(BadHeader):
        read_header(data)


@given(st.binary(max_size=80), st.sampled_from([b"", SIGNATURE, SIGNATURE + b"\x21", b"PROXY "]))
def test_any_bytes_are_a_header_or_none(data: bytes, start: bytes) -> None:
    try:
        found = read_header(start + data)
    except BadHeader:
        return
    assert found is None or 0 < found.size_bytes <= len(start + data)

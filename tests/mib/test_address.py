import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.mib.address import DNS, IPV4, IPV4Z, IPV6, IPV6Z, address_text

V6 = bytes.fromhex("20010db8000000000000000000000001")


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (bytes((192, 0, 2, 1)), IPV4, "192.0.2.1"),
        (bytes((192, 0, 2, 1)), None, "192.0.2.1"),
        (V6, IPV6, "2001:db8::1"),
        (V6, None, "2001:db8::1"),
        (bytes(10) + b"\xff\xff" + bytes((192, 0, 2, 1)), IPV6, "::ffff:c000:201"),
        (bytes((192, 0, 2, 1, 0, 0, 0, 7)), IPV4Z, "192.0.2.1%7"),
        (bytes.fromhex("fe80") + bytes(13) + b"\1" + bytes((0, 0, 1, 0)), IPV6Z, "fe80::1%256"),
        (V6 + bytes(4), None, "2001:db8::1"),
        (V6, IPV4, "2001:db8::1"),  # the type lies, the length does not
        (bytes(4), 0, "0.0.0.0"),
        (b"host.example.org", DNS, None),
        (b"", IPV4, None),
        (b"", None, None),
        (bytes(5), 99, None),
    ],
)
def test_addresses(value: bytes, kind: int | None, text: str | None) -> None:
    assert address_text(value, kind) == text


@given(st.binary(max_size=24), st.none() | st.integers(-1, 20))
def test_anything_is_an_address_or_none(value: bytes, kind: int | None) -> None:
    text = address_text(value, kind)
    assert (text is not None) == (len(value) in (4, 8, 16, 20) and kind != DNS)

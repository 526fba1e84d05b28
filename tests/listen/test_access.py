"""Allow-lists: addresses as sockets write them, verdicts that are remembered within bounds."""

import pytest

from trapgate.config import Cidr
from trapgate.listen import AccessList
from trapgate.listen.access import ADDRESSES_CACHED_MAX


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::ffff:10.1.2.3", "10.1.2.3", True),
        ("::ffff:8.8.8.8", "8.8.8.8", False),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        ("fd00::0:1", "fd00::1", True),
        ("2001:db8::1", "2001:db8::1", False),
    ],
)
def test_private(host: str, address: str, allowed: bool) -> None:
    verdict = AccessList([Cidr.from_text("private")]).verdict(host)
    assert (verdict.address, verdict.allowed) == (address, allowed)


def test_entries_add_up() -> None:
    access = AccessList([Cidr.from_text("192.0.2.0/25"), Cidr.from_text("2001:db8::/32")])
    hosts = ("192.0.2.127", "192.0.2.128", "2001:db8::9", "::1")
    assert [access.verdict(host).allowed for host in hosts] == [True, False, True, False]
    assert not AccessList([]).verdict("127.0.0.1").allowed
    assert AccessList([Cidr.from_text("any")]).verdict("2001:db8::1").allowed


def test_the_memory_is_bounded() -> None:
    access = AccessList([Cidr.from_text("10.0.0.0/8")])
    first = access.verdict("10.0.0.0")
    assert access.verdict("10.0.0.0") is first
    for number in range(ADDRESSES_CACHED_MAX):
        access.verdict(f"10.1.{number >> 8}.{number & 255}")
    assert access.verdict("10.0.0.0") is not first
    assert access.verdict("10.0.0.0") == first

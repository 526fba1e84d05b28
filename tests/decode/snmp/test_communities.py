import pytest

from trapgate.config import Cidr
from trapgate.decode.snmp.allowed import ADDRESSES_CACHED_MAX
from trapgate.decode.snmp.communities import (
    SOURCE_NOT_ALLOWED,
    UNKNOWN_COMMUNITY,
    Communities,
)
from trapgate.decode.snmp.settings import CommunitySettings


def entry(name: str, community: str | None, *sources: str) -> CommunitySettings:
    networks = tuple(Cidr.from_text(source) for source in sources)
    return CommunitySettings(name=name, community=community, sources=networks)


KNOWN = Communities(
    [
        entry("core", "public", "10.1.0.0/16", "2001:db8::/32"),
        entry("lab", "public", "10.2.0.0/16"),
        entry("dmz", "geheim", "any"),
        entry("umlaut", "grün", "any"),
    ]
)


@pytest.mark.parametrize(
    ("community", "address", "verdict"),
    [
        (b"public", "10.1.2.3", "core"),
        (b"public", "10.2.2.3", "lab"),
        (b"public", "2001:db8::1", "core"),
        (b"public", "10.3.0.1", SOURCE_NOT_ALLOWED),
        (b"geheim", "10.3.0.1", "dmz"),
        (b"geheim", "fe80::1%eth0", "dmz"),
        ("grün".encode(), "192.0.2.1", "umlaut"),
        (b"Public", "10.1.2.3", UNKNOWN_COMMUNITY),
        (b"publi", "10.1.2.3", UNKNOWN_COMMUNITY),
        (b"public\0", "10.1.2.3", UNKNOWN_COMMUNITY),
        (b"", "10.1.2.3", UNKNOWN_COMMUNITY),
        (b"\xff", "10.1.2.3", UNKNOWN_COMMUNITY),
        (b"geheim", "not an address", SOURCE_NOT_ALLOWED),
    ],
)
def test_who_is_let_in(community: bytes, address: str, verdict: object) -> None:
    assert KNOWN.credential(community, address) == verdict


def test_no_entry_lets_nobody_in() -> None:
    assert Communities([]).credential(b"public", "10.0.0.1") is UNKNOWN_COMMUNITY


def test_addresses_are_remembered_within_bounds() -> None:
    known = Communities([entry("all", "public", "any")])
    for number in range(ADDRESSES_CACHED_MAX + 3):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        assert known.credential(b"public", address) == "all"
    assert len(known._allowed._known) == 3


def test_a_community_that_was_not_read_from_its_file_is_a_bug() -> None:
    with pytest.raises(ValueError, match="edge"):
        Communities([entry("edge", None, "any")])

"""What a query asks of one text: shared by the predicate and by SQLite, so that they cannot differ.

Each function looks at the condition once and returns a function of the text that never raises.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from trapgate.model import FieldValue
from trapgate.query.words import words

TextTest = Callable[[str], bool]

ADDRESSES_CACHED_MAX = 16_384
"""Parsed addresses that are remembered, one table for all queries: parsing costs 2 µs, and a
network has fewer devices than this."""


def texts_of(value: FieldValue | None) -> tuple[str, ...]:
    """The values of a field as texts, as a keyword has them; none for a missing field."""
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (str(value),)


def fits(pattern: tuple[str, ...]) -> TextTest:
    """Whether a text is these pieces with anything between them.

    The leftmost place for each piece is the best one, so that this is linear in the text whatever
    the number of stars (a backtracking regex is not).
    """
    first, *middle, last = pattern

    def test(text: str) -> bool:
        at, end = len(first), len(text) - len(last)
        if at > end or not (text.startswith(first) and text.endswith(last)):
            return False
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return test


def says(needle: str) -> TextTest:
    """Whether a text has a phrase, given as its `phrase_needle`."""
    return lambda text: needle in f" {' '.join(words(text))} "


def phrase_needle(sought: tuple[str, ...], prefix: bool) -> str:
    """What a text with this phrase holds once its words are joined by blanks: words have none, so a
    phrase is a substring. With `prefix` the last word may go on."""
    return " " + " ".join(sought) + ("" if prefix else " ")


def within(cidr: str) -> TextTest:
    """Whether a text is an address in a network; an IPv4 address lies in no IPv6 network."""
    network = ip_network(cidr)
    version = network.version
    first, last = int(network.network_address), int(network.broadcast_address)

    def test(text: str) -> bool:
        address = address_of(text)
        # `address in network` takes three times as long
        return address is not None and address.version == version and first <= int(address) <= last

    return test


@lru_cache(maxsize=ADDRESSES_CACHED_MAX)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without a zone id: networks have none. `None` for anything else."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None

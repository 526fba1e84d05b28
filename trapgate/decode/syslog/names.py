"""Words of a header: which may be a device's name and which certainly is none.

A wrong name is worse than none: an alert would be filed under a device that does not exist, while
without one the sender's address is used.
"""

import re
from functools import lru_cache
from ipaddress import ip_address

from trapgate.decode.syslog.times import is_uptime
from trapgate.decode.syslog.zones import is_zone

HOST_CHARS_MAX = 255
"""RFC 5424 §6: the longest HOSTNAME."""

WORDS_CACHED_MAX = 8_192
"""Words whose verdict is remembered: more than the devices that one gateway hears."""

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_LETTER = re.compile(r"[A-Za-z]")

_INTERFACE = re.compile(
    r"(?:eth|ether|wlan|lan|lo|br|bond|tun|vlan|port|ge|xe|fe|te|gi|fa|sfp|lag|slot|fan|psu|unit)"
    r"[0-9.-]+",
    re.IGNORECASE,
)
"""Words with a digit that begin a sentence about a part of a device."""


def is_address(word: str) -> bool:
    """Whether a word is an IPv4 or IPv6 address."""
    return len(word) <= HOST_CHARS_MAX and _is_address(word)


@lru_cache(WORDS_CACHED_MAX)
def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def may_be_host(word: str) -> bool:
    """Whether a word in the place of a host may be one: an address, or a name with a letter that
    is neither a time zone nor an uptime."""
    # the length first: the cache would keep long words alive
    return len(word) <= HOST_CHARS_MAX and _may_be_host(word)


@lru_cache(WORDS_CACHED_MAX)
def _may_be_host(word: str) -> bool:
    if _NAME.fullmatch(word) is None or _LETTER.search(word) is None:
        return is_address(word)
    return not is_zone(word) and not is_uptime(word)


def must_be_host(word: str) -> bool:
    """Whether a word that may be a host is one even where no tag follows to prove it: an address,
    or a name with a digit or a dot in it that is not an interface's. `Link down` names no host."""
    if not may_be_host(word):
        return False
    if is_address(word):
        return True
    distinct = "." in word or any(character.isdigit() for character in word)
    return distinct and _INTERFACE.fullmatch(word) is None

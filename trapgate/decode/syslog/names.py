"""Words of a header: which may be a device's name and which certainly is none.

A wrong name is worse than none: an alert would be filed under a device that does not exist, while
without one the sender's address is used.
"""

import re
from functools import lru_cache
from ipaddress import ip_address

from trapgate.decode.syslog.shapes import is_uptime
from trapgate.decode.syslog.zones import is_zone

HOST_CHARS_MAX = 255
"""RFC 5424 §6: the longest HOSTNAME."""

WORDS_CACHED_MAX = 8_192
"""Words whose verdict is remembered: more than the devices that one gateway hears."""

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_LETTER = re.compile(r"[A-Za-z]")

_LEVEL_WORDS = "emerg alert crit err warning notice info debug".split()

LEVELS = {
    form: number for number, word in enumerate(_LEVEL_WORDS) for form in (word, word.upper())
} | {"WARN": 4, "warn": 4, "ERROR": 3, "CRITICAL": 2}
"""The severity words that stand between a host and its program, as F5 and SONiC write them.
`error` in small letters is none of them: it may be a device's name."""

_FACILITY = re.compile(
    r"(?:local[0-7]|kern|authpriv|daemon|lpr|uucp|"
    r"(?:local[0-7]|kern|authpriv|auth|daemon|lpr|uucp|user|mail|syslog|news|cron|ftp)\.[a-z]+)",
    re.IGNORECASE,
)
"""A facility, alone if no device would be called so (`mail` and `ntp` are), or with a severity."""

_SLOT = re.compile(
    r"(?:c?fpc|pfe|[cst]?feb|mic|pic|slot|cpu|member|stack|chassis|subslot|linecard|stkunit)"
    r"[-_.]?[0-9]+(?:[-_.][0-9A-Za-z]+)*|[0-9]-PPE-[0-9]+",
    re.IGNORECASE,
)
"""A part of a device that writes lines of its own: `fpc0`, `cfeb0`, `STKUNIT0-M`, `0-PPE-0`."""

_OPENERS = frozenset(
    "access account address admin alarm all an and application auth authentication auto backup bgp "
    "cannot certificate client configuration connect connected connection could cpu dhcp dhcps dns "
    "duplicate error failed failure fan for from hardware high http https icmp ike in interface "
    "internal invalid ip ipsec is job kernel last ldap license line link lldp local login logout "
    "low mac main memory message mib module neighbor network new no node not ntp of on ospf packet "
    "peer policy port power process protocol radius received remote request reset rule running "
    "saved script security sending sent service session snmp ssh ssl started starting status stp "
    "stopped stopping successful successfully switch system tacacs tcp temperature the this time "
    "timeout trap trunk tunnel udp unable unexpected unit unknown up update user using vlan vpn "
    "vrf vrrp warning wireless with".split()
)
"""Words that begin a sentence and are hardly ever a device's name."""

_PARTS = frozenset(
    "address connection error failed failure fan for from in interface is line link module "
    "neighbor on peer port power reason session state status temperature user vlan".split()
)
"""Words with a colon that are no program's name."""

_KEPT = frozenset("admin backup error local main router switch kernel".split())
"""Openers that in small letters are names of devices nevertheless."""

_WORDS = re.compile(
    r"(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat|last|previous|message)|(?-i:DST|AM|PM|SFIMS)", re.IGNORECASE
)
"""Days, what stands beside a time, how a repeat begins, and the name that FTD writes for a tag."""

_INTERFACE = (
    "eth|ether|ethernet|wlan|wlp|tunnel|vlan|vrf|port|ge|xe|irb|fe|te|gi|fa|sfp|sfpplus|qsfp|lag|"
    "fan|psu|unit|radio|pppoe|slot|ospf|bgp|isis|ipv?|icmpv?|snmpv?|dhcpv?|ospfv|igmpv?"
)
"""What is never a device, if a number or a place follows it."""

_OPENING_PART = re.compile(rf"(?:{_INTERFACE})[0-9][0-9.:/-]*", re.IGNORECASE)

_PART = re.compile(
    rf"(?:{_INTERFACE}|lan|wan|lo|loopback|br|bridge|bond|tun|vl|vni|et|ae|hu|fo|tw|po|ps|ath|wifi|"
    r"ppp|lte|usb|sd[a-z]|disk|card|module|group|peer|area|level|layer|type|rip|ldp|stp|md|sha|aes|"
    r"tls|ssl|ikev?|mldv?|ripv?|vtpv?|l|x|e|ds|t)[0-9][0-9.:/-]*",
    re.IGNORECASE,
)
"""Words with a digit that begin a sentence: a part of a device, or a protocol and its version.
`br1` and `e1` may be devices, where a tag proves it."""

_MEASURE = re.compile(r"[0-9][0-9.,:]*(?:[A-Za-z]{1,4}|%)|[0-9.]+", re.ASCII)
"""`10Gbps`, `802.1x`, `1st`."""


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
    is neither a time zone nor an uptime, nor a facility, a slot or the day of a week."""
    # the length first: the cache would keep long words alive
    return len(word) <= HOST_CHARS_MAX and _may_be_host(word)


@lru_cache(WORDS_CACHED_MAX)
def _may_be_host(word: str) -> bool:
    if _NAME.fullmatch(word) is None or _LETTER.search(word) is None:
        return is_address(word)
    return not (
        is_zone(word)
        or is_uptime(word)
        or _FACILITY.fullmatch(word)
        or _SLOT.fullmatch(word)
        or _WORDS.fullmatch(word)
    )


def opens_sentence(word: str) -> bool:
    """Whether a word is one that sentences begin with, so that not even a tag behind it (`Interface
    eth0: down`) makes it a host: a common word, or a part of a device (`port1`, `IPv6`)."""
    lowered = word.lower()
    if lowered in _OPENERS:
        return word not in _KEPT
    return _OPENING_PART.fullmatch(word) is not None


def names_part(program: str) -> bool:
    """Whether a word in the place of a program is rather what a sentence speaks of (`Primary link:
    down`, `Interface eth0: down`)."""
    return program in _PARTS or _OPENING_PART.fullmatch(program) is not None


def must_be_host(word: str) -> bool:
    """Whether a word that may be a host is one even where no tag follows to prove it: an address,
    or a name with a digit or a dot in it, or in capitals with a hyphen. `Link down` names no host,
    `port1 down` and `802.1x failed` neither."""
    return len(word) <= HOST_CHARS_MAX and _must_be_host(word)


@lru_cache(WORDS_CACHED_MAX)
def _must_be_host(word: str) -> bool:
    if not _may_be_host(word):
        return False
    if is_address(word):
        return True
    if _PART.fullmatch(word) or _MEASURE.fullmatch(word):
        return False
    if any(character.isdigit() for character in word):
        return True
    if "." in word.rstrip("."):
        return True
    return "-" in word and word.isupper()

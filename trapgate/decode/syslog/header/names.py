"""Words of a header: which may be a device's name and which certainly is none.

A wrong name is worse than none: an alert would be filed under a device that does not exist, while
without one the sender's address is used.
"""

import re
from functools import lru_cache
from ipaddress import ip_address

from trapgate.decode.syslog.header.shapes import is_uptime
from trapgate.decode.syslog.header.zones import is_zone

HOST_CHARS_MAX = 255
"""RFC 5424 §6: the longest HOSTNAME."""

ACRONYM_CHARS_MAX = 3
"""Of a word in capitals behind the first one of a sentence: `Rogue AP: …`."""

WORDS_CACHED_MAX = 8_192
"""Words whose verdict is remembered: more than the devices that one gateway hears."""

UNSPECIFIED = frozenset(("0.0.0.0", "::"))
"""The addresses of no device (RFC 4291 §2.5.2): some write them where theirs should be."""

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
    "accept accepted access account active address admin alarm alert all allow allowed an and "
    "application arp attack auth authentication auto backup battery bfd bgp blocked bpdu "
    "broadcast built cannot cause cdp certificate changed chassis cli client cluster cold config "
    "configuration connect connected connection console could cpu critical ddm default denied "
    "deny detected dhcp dhcps dns dom door dropped duplicate error event failed failure fan "
    "firmware flood for from ftp gps hard hardware high hsrp http https hw icmp igmp ike image in "
    "info interface internal invalid ip ipsec is isis job kernel lacp lan last ldap license line "
    "link lldp local logged logging login logout loop low mac main major memory message mib minor "
    "modem module mpls mst mstp nat neighbor network new no node not ntp oam of on ont onu ospf "
    "outlet packet peer permit pim poe policy port power primary process protocol ptp pvst qos "
    "radius raid reboot received redundant remote request reset rip rmon rogue root rstp rule "
    "running rx saved script secondary security sending sensor sent serial server service session "
    "sfp sip snmp software spanning ssh ssid ssl standby started starting static status stopped "
    "stopping storm stp successful successfully switch syslog system tacacs tcp telnet "
    "temperature the this time timeout tls topology trap trunk tunnel tx udld udp unable "
    "unexpected unit unknown up update ups user using vlan vpc vpn vrf vrrp vtp wan warm warning "
    "web wireless with wlan".split()
)
"""Words that begin a sentence and are hardly ever a device's name."""

_PARTS = frozenset(
    "action address alarm alert array attempt battery budget card cause change changes check "
    "clock code command conflict connection control count counter cpu disk down error errors "
    "event failed failure fan for from id in index interface is key level limit line link list "
    "lock loss lost mode modem module name neighbor node number on packet packets peer port "
    "power process query rate reason reset role rule sensor serial server session sessions "
    "severity size slot speed state status storm success summary supply table temperature "
    "threshold time timeout traffic trap tunnel type unit up update upgrade usage user value "
    "version vlan voltage warning".split()
)
"""Words with a colon that are no program's name."""

_ENDINGS = re.compile(r"[a-z]{2,}(?:[ts]ions?|ments?|ances?|ences?|ness|ity|[ae]ture|[a-z]{2}ed)")
"""How words end that are nouns of a sentence or its verb (`detected`), and hardly a program's."""

_PROGRAMS_ENDING_SO = frozenset("named keepalived".split())

_USUAL_PROGRAMS = frozenset(
    "charon cron dnsmasq forward haproxy init ipsec kernel logger mgr nginx openvpn pluto ports "
    "postfix prerouting racoon root sshd su sudo syslog".split()
)
"""Programs in small letters that write no number and do not end with the `d` of a daemon."""

_KEPT = frozenset(
    "admin backup cluster console critical door error kernel lan local main nat primary root "
    "router secondary server standby switch syslog ups vpc vpn wan web wlan".split()
)
"""Openers that in small letters are names of devices nevertheless."""

_NUMBERED = (_OPENERS - _KEPT) | {"admin"}
"""Openers that with a number behind them are a part of a device too: `PoE1`, `session5`, or a
user; but `switch1` and `server2` are devices."""

_EVENTS = frozenset(
    "ALARM ALERT CHANGE CHANGED CLEAR DOWN ERROR FAIL FAILED FAILURE FAULT LOSS LOST OFF ON "
    "RESTART SECURITY SESSION START STATE STATUS STOP SUPPLY TRAY UP WARNING".split()
)
"""Last parts of words in capitals that say what happened: `LINK-DOWN`, not `HQ-FW`."""

_SIGNALS = frozenset("AIS BFD FAN LOF LOS PSU PWR RDI".split())
"""First parts of words in capitals that are alarms of a line or parts of a device: `LOS-P`."""

_WORDS = re.compile(
    r"(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat|last|previous|message)|(?-i:DST|AM|PM|SFIMS)", re.IGNORECASE
)
"""Days, what stands beside a time, how a repeat begins, and the name that FTD writes for a tag."""

_INTERFACE = (
    "[a-z-]*ethernet|[a-z-]*gige|[a-z]+-(?:ether|trunk|channel|aggregation)|"
    "swp|en[opsx][0-9]+[a-z]|mgmt|serial|null|vlanif|xge|trk|"
    "eth|ether|wlan|wlp|tunnel|vlan|vrf|port|ge|xe|irb|fe|te|gi|fa|sfp|sfpplus|qsfp|lag|"
    "fan|psu|unit|radio|pppoe|slot|ospf|bgp|isis|ipv?|icmpv?|snmpv?|dhcpv?|ospfv|igmpv?"
)
"""What is never a device, if a number or a place follows it."""

_OPENING_PART = re.compile(rf"(?:{_INTERFACE})[0-9][0-9.:/-]*", re.IGNORECASE)

_PART = re.compile(
    rf"(?:{_INTERFACE}|lan|wan|lo|loopback|br|bridge|bond|tun|vl|vni|et|ae|hu|fo|tw|po|ps|ath|wifi|"
    r"ppp|lte|usb|sd[a-z]|disk|card|module|group|peer|area|level|layer|type|rip|ldp|stp|md|sha|aes|"
    r"tls|ssl|ikev?|mldv?|ripv?|vtpv?|l|e|g|ds|t|as|laser|node|stack|user|policy|rule|queue|temp|"
    r"sensor|outlet|com|tty[a-z]{0,4}|vty|led|rfc)[0-9][0-9.:/-]*|dot1[dpqx]|i2c|l[23]vpn|"
    r"(?:ether|eth|wlan|sfp|qsfp|pppoe|l2tp|pptp|ovpn|bridge)(?:-?[0-9]+)+(?:-[a-z0-9]+)*|sfp-sfp[a-z]*[0-9]+|"
    r"(?:sha|aes|md|des|rsa|tls|tlsv|level|layer|port|slot|area|[eg]?pon|stm|oc)-?[0-9][0-9.]*|"
    r"(?:alarm|alert|event|session|shelf|sts|vc)[0-9]{0,2}-?[0-9]+|(?:otu|odu|opu)[0-9][a-z]?|"
    r"x[0-9]{1,2}(?:[./:-][0-9.:/-]*)?",
    re.IGNORECASE,
)
"""Words with a digit that begin a sentence: a part of a device, or a protocol and its version.
`br1` and `e1` may be devices, where a tag proves it."""

_MEASURE = re.compile(
    r"[0-9][0-9.,:]*(?:[A-Za-z]{1,4}|%)|[0-9.]+|[0-9]+G?BASE-[A-Z0-9]+|0x[0-9A-Fa-f]+|"
    r"v[0-9]+(?:\.[0-9]+)+|[A-Z]\.[0-9]+|[0-9A-Fa-f]{12}|(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}",
    re.ASCII,
)
"""`10Gbps`, `802.1x`, `1st`, `1000BASE-T`, `v1.2.3`, `X.509`, and MAC addresses."""

_THING = re.compile(
    r"(?:[a-z]\.){2,}|[a-z]+[A-Z][A-Za-z]*(?:\.[0-9]+)+|"
    r".*\.(?:bin|cfg|conf|gz|img|ini|json|log|pem|tgz|txt|xml|yml)",
    re.ASCII,
)
"""Words with a dot that are no names: `e.g.`, an object's (`ifIndex.3`), a file's."""


def is_address(word: str) -> bool:
    """Whether a word is an IPv4 or IPv6 address."""
    return len(word) <= HOST_CHARS_MAX and _is_address(word)


def is_host_address(word: str) -> bool:
    """Whether a word is an address that a device may have: not `::` and not `0.0.0.0`."""
    return word not in UNSPECIFIED and is_address(word)


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
        return is_host_address(word)
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
    down`, `Interface eth0: down`, `Attack detected: …`)."""
    if program in _PARTS or program in _EVENTS or _OPENING_PART.fullmatch(program) is not None:
        return True
    return _ENDINGS.fullmatch(program) is not None and program not in _PROGRAMS_ENDING_SO


def are_words(host: str, program: str) -> bool:
    """Whether what could be a host and its program are rather the first two words of a sentence:
    by either, or because a capital and small letters (`Battery voltage: low`) begin one and a word
    follows that no program is called."""
    if opens_sentence(host) or names_part(program):
        return True
    if not is_titled(host) or not program.isalpha():
        return False
    if program.islower():
        return program[-1] != "d" and program not in _USUAL_PROGRAMS
    return program.isupper() and len(program) <= ACRONYM_CHARS_MAX


def is_titled(word: str) -> bool:
    """Whether a word is written as the first one of a sentence: a capital, then small letters."""
    return word.isalpha() and word.istitle()


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
    if _PART.fullmatch(word) or _MEASURE.fullmatch(word) or _THING.fullmatch(word):
        return False
    if any(character.isdigit() for character in word):
        return word.rstrip("0123456789").lower() not in _NUMBERED
    if "." in word.rstrip("."):
        return True
    if "-" not in word or not word.isupper():
        return False
    return word.rpartition("-")[2] not in _EVENTS and word.partition("-")[0] not in _SIGNALS

"""Cisco's text `%FACILITY-SEVERITY-MNEMONIC: words`: what it is about and what the words say.

It stands behind a Cisco header, behind RFC 3164's or RFC 5424's (a relay, Arista, `logger`), or
alone. Cisco calls the parts facility (with a subfacility: `SYS-SW1`), severity and mnemonic.
"""

import re
from collections.abc import Mapping

import msgspec


class Body(msgspec.Struct, frozen=True, gc=False):
    """What a Cisco text says. `provider` is the facility, `code` the mnemonic; `fields` are flat
    ECS keys taken from the words."""

    provider: str
    code: str
    severity: int
    fields: Mapping[str, str]


_MARK = re.compile(
    r"%([A-Za-z0-9_]{1,48}(?:-[A-Za-z0-9_]{1,48}){0,4}?)-([0-7])-([A-Za-z0-9_]{1,64})"
    r"(?: ?:| |$) *"
)
"""The shortest facility wins: `%SYS-SW1-6-LOGOUT_C6K` and `%EARL-SW2_DFC1-1-X` have a digit in it.
IOS-XR puts a space before the colon."""

_INTERFACE = (
    r"Interface (?P<interface_name>[^ ,(]{1,64}(?: [^ ,(]{1,64}){0,3})(?: \([^)]{0,255}\))?, "
    r"changed state to (?P<interface_state>administratively down|[A-Za-z]{1,32})"
)
_LINK = re.compile(_INTERFACE)
_LINEPROTO = re.compile(rf"Line protocol on {_INTERFACE}")
_BGP = re.compile(r"neighbor (?P<bgp_neighbor>\S{1,64}) (?:[^ ]+ ){0,6}?(?P<bgp_state>Up|Down)\b")
_OSPF = re.compile(
    r"Process [^ ,]{1,32}, Nbr (?P<ospf_neighbor>\S{1,64}) on (?P<interface_name>\S{1,64}) "
    r"from \S{1,32} to (?P<ospf_state>[A-Z0-9-]{1,32})"
)

_WORDS: Mapping[tuple[str, str], re.Pattern[str]] = {
    ("LINK", "UPDOWN"): _LINK,
    ("LINK", "CHANGED"): _LINK,
    ("LINEPROTO", "UPDOWN"): _LINEPROTO,
    ("BGP", "ADJCHANGE"): _BGP,
    ("OSPF", "ADJCHG"): _OSPF,
    ("OSPFv3", "ADJCHG"): _OSPF,
}
"""What is read from the words, by facility and mnemonic."""

_KEYS: Mapping[str, str] = {
    name: name.replace("_", ".", 1) for pattern in _WORDS.values() for name in pattern.groupindex
}
"""Group name → field: a group's name cannot hold a dot."""


def recognise(text: str) -> Body | None:
    """The Cisco text that begins here, `None` if it is not one. Words that do not read as expected
    give no fields."""
    if not text.startswith("%"):
        return None
    mark = _MARK.match(text)
    if mark is None:
        return None
    provider, severity, code = mark.groups()
    return Body(provider, code, int(severity), _fields(provider, code, text, mark.end()))


def _fields(provider: str, code: str, text: str, at: int) -> Mapping[str, str]:
    pattern = _WORDS.get((provider, code))
    found = pattern.match(text, at) if pattern is not None else None
    if found is None:
        return {}
    return {_KEYS[name]: value for name, value in found.groupdict().items()}

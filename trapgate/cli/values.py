"""A value as a person writes it → as it goes on the wire, in pysnmp's types.

The type is that which the variable's MIB gives it; a letter and a colon before the value, as
net-snmp's `snmptrap` has them, say it outright.
"""

import re
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import AddressValueError, IPv4Address, ip_address

from pyasn1.error import PyAsn1Error
from pysnmp.proto import rfc1902

from trapgate.cli.security import Unsendable
from trapgate.config import did_you_mean
from trapgate.mib.facts import Object

ARC_MAX = (1 << 32) - 1
"""RFC 2578 §3.5."""

BITS_MAX = 1_024
"""The highest bit that can be set by its position: 128 bytes, far above any BITS in use."""

LABELS_SHOWN_MAX = 20
"""Names that are listed if a value is none of them: nearly all enumerations are shorter; of
IANAifType's 290 the nearest is named."""

_OID = re.compile(r"[0-2](\.\d{1,10})+", re.ASCII)
_TYPED = re.compile(r"([iucCtabosxdn]):(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
_MAC = re.compile(r"[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}", re.ASCII | re.IGNORECASE)
_HEX_HINT = re.compile(r"\d*x.?")
_DATE_HINT = "2d-1d-1d,1d:1d:1d.1d,1a1d:1d"
"""DateAndTime's (RFC 2579 §2)."""


def value_of(text: str, known: Object | None) -> object:
    """The value in pysnmp's type. `known` is what the MIB says of the variable; without it a
    number is an integer and anything else text. Raises `Unsendable` for what does not fit."""
    try:
        if known is not None and _HEX_HINT.fullmatch(known.hint or "") and _MAC.fullmatch(text):
            return _mac(text)
        typed = _TYPED.fullmatch(text)
        if typed is not None:
            kind, content = typed[1], typed[2]
            return LETTERS[kind](content) if kind != "b" else _bits(content, known)
        if known is None:
            return _integer(text) if text.lstrip("-").isdigit() else _text(text)
        return _by_syntax(text, known)
    except (ValueError, OverflowError, struct.error, PyAsn1Error) as error:
        what = known.syntax if known is not None else "its type"
        why = "it is out of range" if isinstance(error, PyAsn1Error) else error
        raise Unsendable(f'"{text}" is not a value of {what}: {why}') from None


def checked_oid(text: str) -> str:
    """The OID, if it is one. Raises `Unsendable`."""
    if not _OID.fullmatch(text) or any(int(arc) > ARC_MAX for arc in text.split(".")):
        raise Unsendable(f'"{text}" is not an OID')
    return text


def _by_syntax(text: str, known: Object) -> object:
    labels = {label: number for number, label in (known.labels or {}).items()}
    if known.syntax in _SYNTAXES:
        if labels and text not in labels and not _NUMBER.fullmatch(text):
            raise ValueError(_choice(text, labels))
        return _SYNTAXES[known.syntax](str(labels.get(text, text)))
    if known.syntax == "bits" or labels:
        return _bits(text, known)
    return _octets(text, known.hint)


def _choice(text: str, labels: Mapping[str, int]) -> str:
    """What may be written instead."""
    if len(labels) <= LABELS_SHOWN_MAX:
        return f"write one of {', '.join(labels)}"
    first = ", ".join(list(labels)[:LABELS_SHOWN_MAX])
    return did_you_mean(text, labels) or f"write one of {first}, …"


def _octets(text: str, hint: str | None) -> object:
    """Octets by their DISPLAY-HINT. Those without one that are written as an IP address are its
    bytes: the InetAddress (RFC 4001) of a trap's variable."""
    if hint == _DATE_HINT:
        return _date(text)
    if hint and _HEX_HINT.fullmatch(hint):
        return _hex(text)
    if not hint or ("a" not in hint and "t" not in hint):
        try:
            return rfc1902.OctetString(ip_address(text).packed)
        except ValueError:
            pass
    return _text(text)


def _text(text: str) -> object:
    return rfc1902.OctetString(text.encode())


def _hex(text: str) -> object:
    digits = text.removeprefix("0x")
    for separator in (" ", ":", "-"):
        digits = digits.replace(separator, "")
    return rfc1902.OctetString(bytes.fromhex(digits))


def _mac(text: str) -> object:
    return rfc1902.OctetString(bytes(int(part, 16) for part in re.split("[:-]", text)))


def _decimal(text: str) -> object:
    return rfc1902.OctetString(bytes(int(part) for part in re.split(r"[ .]", text)))


def _date(text: str) -> object:
    """DateAndTime (RFC 2579 §2): 8 bytes, 11 with a zone."""
    moment = datetime.fromisoformat(text)
    local = struct.pack(
        ">HBBBBBB",
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond // 100_000,
    )
    offset = moment.utcoffset()
    if offset is None:
        return rfc1902.OctetString(local)
    minutes = round(offset.total_seconds() / 60)
    zone = (b"-" if minutes < 0 else b"+") + bytes(divmod(abs(minutes), 60))
    return rfc1902.OctetString(local + zone)


def _bits(text: str, known: Object | None) -> object:
    """BITS (RFC 2578 §7.1.4) by names or positions: bit 0 is the first byte's highest."""
    labels = {label: number for number, label in (known.labels or {}).items()} if known else {}
    width = max(labels.values(), default=-1) // 8 + 1
    octets = bytearray(width)
    for word in text.replace(",", " ").split():
        if word not in labels and not word.isdigit():
            raise ValueError(_choice(word, labels) if labels else f"no bit is called {word}")
        position = labels[word] if word in labels else int(word)
        if position >= BITS_MAX:
            raise ValueError(f"bits are 0 to {BITS_MAX - 1}")
        octets.extend(bytes(max(0, position // 8 + 1 - len(octets))))
        octets[position // 8] |= 0x80 >> position % 8
    return rfc1902.OctetString(bytes(octets))


def _integer(text: str) -> object:
    return rfc1902.Integer32(_number(text))


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError("it is not a number")
    return int(text)


def _address(text: str) -> object:
    try:
        return rfc1902.IpAddress(str(IPv4Address(text)))
    except AddressValueError as error:
        raise ValueError(str(error)) from None


def _oid(text: str) -> object:
    return rfc1902.ObjectName(checked_oid(text))


_SYNTAXES: Mapping[str, Callable[[str], object]] = {
    "integer": _integer,
    "counter32": lambda text: rfc1902.Counter32(_number(text)),
    "gauge32": lambda text: rfc1902.Gauge32(_number(text)),
    "timeticks": lambda text: rfc1902.TimeTicks(_number(text)),
    "counter64": lambda text: rfc1902.Counter64(_number(text)),
    "oid": _oid,
    "ip": _address,
}

LETTERS: Mapping[str, Callable[[str], object]] = {
    "i": _integer,
    "u": _SYNTAXES["gauge32"],
    "c": _SYNTAXES["counter32"],
    "C": _SYNTAXES["counter64"],
    "t": _SYNTAXES["timeticks"],
    "a": _address,
    "o": _oid,
    "s": _text,
    "x": _hex,
    "d": _decimal,
    "n": lambda _: rfc1902.Null(""),
    "b": lambda text: _bits(text, None),
}
"""net-snmp's letters: integer, unsigned, counter, Counter64, timeticks, address, OID, string, hex,
decimal bytes, null, bits."""

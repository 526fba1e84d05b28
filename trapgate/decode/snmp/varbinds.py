"""Variable bindings (RFC 3416 §3): the loop that runs for every variable of every trap.

In: the bytes of a variable-bindings list. Out: `Varbind`s, and the oddities among them. Tolerant
with values, since a device that miswrites one number still has an alert to tell; strict with
names and lengths, since nothing can be read behind a wrong one.
"""

from collections.abc import Callable

from trapgate.decode.snmp import ber
from trapgate.decode.snmp.ber import LONG_FORM, OID, SEQUENCE, Oids
from trapgate.decode.snmp.limits import SnmpLimits
from trapgate.decode.snmp.problems import (
    BAD_ADDRESS,
    BAD_LENGTH,
    BAD_PDU,
    OBSOLETE_TYPE,
    TOO_MANY_VARBINDS,
    TRAILING_BYTES,
    UNKNOWN_TYPE,
    UNREADABLE_VALUE,
    VALUE_TOO_LONG,
    WIDE_INTEGER,
    Unreadable,
    note,
)
from trapgate.model import Problem, Varbind, VarbindType

REPEATED_TYPES = frozenset(("integer", "octets", "oid", "ip"))
"""What a device says again and again; counters and times are never the same twice."""

REPEATED_MAX = 32_768
"""Variables that are remembered, about 12 MB: what some 6,000 interfaces say. Past it the cache
starts anew."""

REPEATED_BYTES_MAX = 64
"""Longer variables are texts, which repeat less and cost more to keep."""

PAYLOADS_MAX = 8_192
"""Whole payloads that are remembered, some 10 MB: a storm says the same again and again. Past it
the cache starts anew."""

PAYLOAD_BYTES_MAX = 1_024
"""Longer ones are texts and tables, which repeat less."""

Payload = tuple[str, tuple[Varbind, ...]]
"""snmpTrapOID and the variables behind it."""

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
MULTIBYTE_TAG = 0x1F

Value = int | bytes | str | None
Reader = Callable[[bytes, Oids, list[Problem]], Value]
"""Content → value. Raises `Unreadable` for content that does not fit its type."""


class VarbindReader:
    """Reads variable-bindings lists within `limits`. Its only state are caches: `oids`, and the
    variables that devices repeat (names and states, not counters) and the `payloads`, by their
    bytes."""

    def __init__(self, limits: SnmpLimits | None = None) -> None:
        self.limits = limits or SnmpLimits()
        self.oids = Oids(self.limits.oid_parts)
        self.payloads: dict[bytes, Payload] = {}
        self._repeated: dict[bytes, Varbind] = {}

    def remember_payload(self, encoded: bytes, trap_oid: str, payload: tuple[Varbind, ...]) -> None:
        """Keep what the bytes behind a trap's uptime say, if nothing about them is odd."""
        if len(encoded) <= PAYLOAD_BYTES_MAX:
            if len(self.payloads) >= PAYLOADS_MAX:
                self.payloads.clear()
            self.payloads[encoded] = (trap_oid, payload)

    def read(self, data: bytes, pos: int, end: int, found: list[Problem]) -> list[Varbind]:
        """Read the content of a list, in order.

        Raises `Unreadable` when a length, a name or the nesting is wrong, or there is more of
        something than the limits allow.
        """
        varbinds: list[Varbind] = []
        append, repeated = varbinds.append, self._repeated.get
        try:
            for _ in range(self.limits.varbinds + 1):
                if pos >= end:
                    return varbinds
                stop = pos + 2 + data[pos + 1]
                varbind = repeated(data[pos:stop])
                if varbind is None or stop > end:
                    notes: list[Problem] = []
                    varbind, stop = self._read_one(data, pos, end, notes)
                    if notes:
                        for oddity in notes:
                            note(found, oddity)
                    elif varbind.type in REPEATED_TYPES and stop - pos <= REPEATED_BYTES_MAX:
                        self._remember(data[pos:stop], varbind)
                append(varbind)
                pos = stop
        except IndexError:
            raise Unreadable(BAD_LENGTH) from None
        raise Unreadable(TOO_MANY_VARBINDS)

    def _read_one(
        self, data: bytes, pos: int, end: int, found: list[Problem]
    ) -> tuple[Varbind, int]:
        """One variable, and where the next begins."""
        after = stop = pos + 2 + data[pos + 1]
        name = pos + 4
        at = name + data[pos + 3]
        start = at + 2
        # The shape of nearly every variable: three short lengths that add up. It is checked at
        # once and without a call; anything else takes the careful way.
        if not (
            data[pos + 1] < LONG_FORM
            and name < at
            and start <= stop <= end
            and data[pos] == SEQUENCE
            and data[pos + 2] == OID
            and start + data[at + 1] == stop
        ):
            name, at, start, stop, after = _offsets(data, pos, end, found)
            # Only here: the shape above has no room for a value that is over any limit.
            if stop - start > self.limits.value_bytes:
                raise Unreadable(VALUE_TOO_LONG)
        oid = self.oids[data[name:at]] if name < at else ber.noted_oid(b"", self.oids, found)
        kind, read = TYPES.get(data[at], _UNKNOWN)
        try:
            return Varbind(oid, kind, read(data[start:stop], self.oids, found)), after
        except Unreadable:
            note(found, UNKNOWN_TYPE if kind == "unknown" else UNREADABLE_VALUE)
            return Varbind(oid, "unknown", data[at:stop]), after

    def _remember(self, encoded: bytes, varbind: Varbind) -> None:
        if len(self._repeated) >= REPEATED_MAX:
            self._repeated.clear()
        self._repeated[encoded] = varbind


def _offsets(
    data: bytes, pos: int, end: int, found: list[Problem]
) -> tuple[int, int, int, int, int]:
    """One variable, element by element: where its name's content begins, its value begins, the
    value's content begins and ends, and the next variable begins."""
    tag, inner, after = ber.element(data, pos, end)
    if tag != SEQUENCE:
        raise Unreadable(BAD_PDU)
    tag, name, at = ber.element(data, inner, after)
    if tag != OID:
        raise Unreadable(BAD_PDU)
    if at < after and data[at] & MULTIBYTE_TAG == MULTIBYTE_TAG:
        # A type with a number of its own, unknown in SNMP: all of it is the value.
        return name, at, at, after, after
    _, start, stop = ber.element(data, at, after)
    if stop < after:
        note(found, TRAILING_BYTES)
    return name, at, start, stop, after


def _integer(content: bytes, _: Oids, found: list[Problem]) -> int:
    if len(content) == 1 and content[0] < 0x80:
        return content[0]  # most are: states, small indexes
    if 0 < len(content) <= 4:
        return int.from_bytes(content, "big", signed=True)
    value = ber.integer(content, found)
    if not INT32_MIN <= value <= INT32_MAX:
        note(found, WIDE_INTEGER)
    return value


def _unsigned(bits: int) -> Reader:
    size_max = bits // 8

    def read(content: bytes, _: Oids, found: list[Problem]) -> int:
        if content and content[0] < 0x80 and len(content) <= size_max:
            return int.from_bytes(content, "big")
        return ber.unsigned(content, bits, found)

    return read


def _octets(content: bytes, _: Oids, __: list[Problem]) -> bytes:
    return content


def _nothing(_: bytes, __: Oids, ___: list[Problem]) -> None:
    return None


def _oid(content: bytes, oids: Oids, found: list[Problem]) -> str:
    return oids[content] if content else ber.noted_oid(content, oids, found)


def _ip(content: bytes, _: Oids, found: list[Problem]) -> str | bytes:
    if len(content) == 4:
        return f"{content[0]}.{content[1]}.{content[2]}.{content[3]}"
    note(found, BAD_ADDRESS)
    return content


def _nsap(content: bytes, _: Oids, found: list[Problem]) -> bytes:
    note(found, OBSOLETE_TYPE)
    return content


def _uinteger32(content: bytes, oids: Oids, found: list[Problem]) -> Value:
    note(found, OBSOLETE_TYPE)
    return _unsigned32(content, oids, found)


def _unknown(_: bytes, __: Oids, ___: list[Problem]) -> None:
    raise Unreadable(BAD_PDU)


_unsigned32 = _unsigned(32)
_UNKNOWN: tuple[VarbindType, Reader] = ("unknown", _unknown)

TYPES: dict[int, tuple[VarbindType, Reader]] = {
    0x02: ("integer", _integer),
    0x04: ("octets", _octets),
    0x05: ("null", _nothing),
    0x06: ("oid", _oid),
    0x40: ("ip", _ip),
    0x41: ("counter32", _unsigned32),
    0x42: ("gauge32", _unsigned32),
    0x43: ("timeticks", _unsigned32),
    0x44: ("opaque", _octets),
    0x45: ("nsap", _nsap),
    0x46: ("counter64", _unsigned(64)),
    0x47: ("uinteger32", _uinteger32),
    0x80: ("no-such-object", _nothing),
    0x81: ("no-such-instance", _nothing),
    0x82: ("end-of-mib-view", _nothing),
}
"""Identifier byte → type (RFC 3416 §3, RFC 2578 §7.1; 0x45 and 0x47 are RFC 1442's)."""

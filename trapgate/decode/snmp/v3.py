"""The outside of an SNMPv3 message (RFC 3412 §6, RFC 3414 §2.4): header and security parameters.

In: a datagram. Out: `Message`, values and offsets of what the User-based Security Model needs, and
`Scoped`, the same for the scopedPDU once it can be read. Nothing is judged here but the form.
"""

import msgspec

from trapgate.decode.snmp import ber
from trapgate.decode.snmp.problems import (
    BAD_SCOPED_PDU,
    BAD_SECURITY_PARAMETERS,
    BAD_V3_HEADER,
    INVALID_FLAGS,
    TRAILING_BYTES,
    TRUNCATED,
    UNSUPPORTED_SECURITY_MODEL,
    Unreadable,
    note,
)
from trapgate.model import Problem, SecurityLevel

AUTHENTICATED = 0x01
ENCRYPTED = 0x02
REPORTABLE = 0x04
"""Bits of msgFlags (RFC 3412 §6.4)."""

USM = 3
"""msgSecurityModel of the User-based Security Model (RFC 3411 §5)."""

INT_MAX = 2**31 - 1
"""The largest boots and time (RFC 3414 §2.4)."""

LEVELS: tuple[SecurityLevel, ...] = ("noAuthNoPriv", "authNoPriv", "authPriv")
"""Weakest first: the index is the level's rank."""

PADDING_BYTES_MAX = 16
"""The largest block: less than one of it may follow a scopedPDU."""

_VERSION_3 = b"\x02\x01\x03"
_PDU_TAG_MIN = 0xA0
_RANKS = {0: 0, AUTHENTICATED: 1, AUTHENTICATED | ENCRYPTED: 2}


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message before anything in it is believed.

    The header's bytes are `data[header:header_end]`, its flags byte at `flags_at`. `rank` is the
    index in `LEVELS` of the level that it claims. The digest's bytes begin at `digest_at`. The
    content of the payload (a scopedPDU's fields, or what is encrypted) is `data[payload:stop]`,
    and the message ends at `end`. `found` are oddities.
    """

    header: int
    header_end: int
    flags_at: int
    flags: int
    rank: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    digest: bytes
    digest_at: int
    salt: bytes
    payload: int
    stop: int
    end: int
    found: tuple[Problem, ...] = ()

    @property
    def level(self) -> SecurityLevel:
        return LEVELS[self.rank]


class Scoped(msgspec.Struct, frozen=True, gc=False):
    """A scopedPDU (RFC 3412 §6.8): its context, and where in the bytes its content begins, its PDU
    begins, and it ends."""

    context_engine_id: bytes
    context_name: bytes
    start: int
    pdu: int
    end: int


def is_v3(data: bytes) -> bool:
    """Whether a datagram begins as an SNMPv3 message does; a look at three bytes.

    A version that is written with needless bytes is not recognised; no device is known to do it.
    """
    if len(data) < 2 or data[0] != ber.SEQUENCE:
        return False
    size = data[1]
    return data.startswith(_VERSION_3, 2 if size < ber.LONG_FORM else 2 + size - ber.LONG_FORM)


def read_message(data: bytes) -> Message:
    """Read a datagram for which `is_v3` is true.

    Raises `Unreadable` with one of `problems.MALFORMED`. Lengths must be exact within the
    security parameters and the header, because the digest is found by its place among them.
    """
    _, pos, end = ber.header(data, 0, len(data))
    if end > len(data):
        raise Unreadable(TRUNCATED)
    found = (TRAILING_BYTES,) if end < len(data) else ()
    header = pos + len(_VERSION_3)
    flags_at, pos = _flags(data, header, end)
    flags = data[flags_at]
    rank = _RANKS.get(flags & (AUTHENTICATED | ENCRYPTED))
    if rank is None:
        raise Unreadable(INVALID_FLAGS)
    tag, start, stop = ber.element(data, pos, end)
    if tag != ber.OCTETS:
        raise Unreadable(BAD_SECURITY_PARAMETERS)
    engine_id, boots, time, user, digest, digest_at, salt = _parameters(data, start, stop)
    tag, payload, payload_end = ber.element(data, stop, end)
    if tag != (ber.OCTETS if flags & ENCRYPTED else ber.SEQUENCE):
        raise Unreadable(BAD_SCOPED_PDU)
    if payload_end < end:
        found = (TRAILING_BYTES,)
    return Message(
        header,
        pos,
        flags_at,
        flags,
        rank,
        engine_id,
        boots,
        time,
        user,
        digest,
        digest_at,
        salt,
        payload,
        payload_end,
        end,
        found,
    )


def read_scoped(data: bytes, pos: int, end: int) -> Scoped:
    """Read the fields of a scopedPDU whose content is `data[pos:end]`.

    Raises `Unreadable` when there is no context, or what follows is not a PDU of any type.
    """
    tag, start, stop = ber.element(data, pos, end)
    named, name_start, name_stop = ber.element(data, stop, end)
    if tag != ber.OCTETS or named != ber.OCTETS or name_stop >= end:
        raise Unreadable(BAD_SCOPED_PDU)
    if data[name_stop] & 0xE0 != _PDU_TAG_MIN:  # context-specific, constructed
        raise Unreadable(BAD_SCOPED_PDU)
    return Scoped(data[start:stop], data[name_start:name_stop], pos, name_stop, end)


def read_decrypted(plain: bytes, found: list[Problem]) -> Scoped:
    """Read a scopedPDU with its own header; a block cipher leaves padding behind it (RFC 3414
    §8.1.1.2), and anything longer is noted.

    Raises `Unreadable` when these bytes are not one: they were not decrypted with the right key.
    """
    tag, start, stop = ber.element(plain, 0, len(plain))
    if tag != ber.SEQUENCE:
        raise Unreadable(BAD_SCOPED_PDU)
    if len(plain) - stop >= PADDING_BYTES_MAX:
        note(found, TRAILING_BYTES)
    return read_scoped(plain, start, stop)


def _flags(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Check msgGlobalData; where the byte of the flags is, and where the header ends."""
    tag, pos, stop = ber.element(data, pos, end)
    if tag != ber.SEQUENCE:
        raise Unreadable(BAD_V3_HEADER)
    for _ in ("msgID", "msgMaxSize"):  # echoed in an answer, not used
        tag, _, pos = ber.element(data, pos, stop)
        if tag != ber.INTEGER:
            raise Unreadable(BAD_V3_HEADER)
    tag, flags_at, pos = ber.element(data, pos, stop)
    if tag != ber.OCTETS or pos != flags_at + 1:
        raise Unreadable(BAD_V3_HEADER)
    tag, model, pos = ber.element(data, pos, stop)
    if tag != ber.INTEGER or pos != stop:
        raise Unreadable(BAD_V3_HEADER)
    if int.from_bytes(data[model:pos], "big") != USM:
        raise Unreadable(UNSUPPORTED_SECURITY_MODEL)
    return flags_at, stop


def _parameters(
    data: bytes, pos: int, end: int
) -> tuple[bytes, int, int, bytes, bytes, int, bytes]:
    """Engine ID, boots, time, user name, digest, where the digest is, salt."""
    tag, pos, stop = ber.element(data, pos, end)
    if tag != ber.SEQUENCE or stop != end:
        raise Unreadable(BAD_SECURITY_PARAMETERS)
    engine_id, _, pos = _octets(data, pos, end)
    boots, pos = _number(data, pos, end)
    time, pos = _number(data, pos, end)
    user, _, pos = _octets(data, pos, end)
    digest, digest_at, pos = _octets(data, pos, end)
    salt, _, pos = _octets(data, pos, end)
    if pos != end:
        raise Unreadable(BAD_SECURITY_PARAMETERS)
    return engine_id, boots, time, user, digest, digest_at, salt


def _octets(data: bytes, pos: int, end: int) -> tuple[bytes, int, int]:
    tag, start, stop = ber.element(data, pos, end)
    if tag != ber.OCTETS:
        raise Unreadable(BAD_SECURITY_PARAMETERS)
    return data[start:stop], start, stop


def _number(data: bytes, pos: int, end: int) -> tuple[int, int]:
    tag, start, stop = ber.element(data, pos, end)
    if tag != ber.INTEGER or not 1 <= stop - start <= ber.INTEGER_BYTES_MAX:
        raise Unreadable(BAD_SECURITY_PARAMETERS)
    value = int.from_bytes(data[start:stop], "big", signed=True)
    if not 0 <= value <= INT_MAX:
        raise Unreadable(BAD_SECURITY_PARAMETERS)
    return value, stop

"""The `limits` of the SNMP decoder: how much one datagram may cost.

There is no limit of depth, because there is no depth: the grammar of a notification is four levels
(message, PDU, list, variable), each read by a function of its own, and nothing recurses. What is
nested inside a value is that value's bytes and is not looked at.
"""

from trapgate.config import Section
from trapgate.model import DATAGRAM_BYTES_MAX, Problem

DATAGRAM_BYTES_RANGE = (484, DATAGRAM_BYTES_MAX)
"""RFC 3417 §3.2: every SNMP entity takes messages of 484 bytes."""

VARBINDS_MAX = 256
"""Real traps have up to about 40 variables; a datagram of 65,507 bytes could hold 9,000, each of
which would become a field of the event."""

VARBINDS_RANGE = (1, 4_096)
"""The upper end: fields that the stores were measured with."""

OID_PARTS_MAX = 128
"""RFC 3416 §4.1."""

OID_PARTS_RANGE = (32, 1_024)
"""Below 32 the tables of the standard MIBs would not be readable; a device that breaks the RFC's
128 does so with texts as indexes, which have up to 255 parts each."""

VALUE_BYTES_RANGE = (255, DATAGRAM_BYTES_MAX)
"""A DisplayString (RFC 2579 §2) has up to 255 bytes."""


class SnmpLimits(Section, frozen=True, kw_only=True):
    """How much of a datagram is decoded. One that is over a limit is kept undecoded, with the
    reason named here. Depth needs no limit: what is nested inside a value is not looked at."""

    datagram_bytes: int = DATAGRAM_BYTES_MAX
    """Bytes of a message (`datagram-too-large`), 484 to 65535: as it is, whatever UDP brings."""

    varbinds: int = VARBINDS_MAX
    """Variables of a trap (`too-many-varbinds`), 1 to 4096."""

    oid_parts: int = OID_PARTS_MAX
    """Numbers of an object identifier that names a variable (`oid-too-long`), 32 to 1024. A *value*
    over it is kept as bytes, with the oddity `unreadable-value`."""

    value_bytes: int = DATAGRAM_BYTES_MAX
    """Bytes of one value (`value-too-long`), 255 to 65535."""


def check_limits(limits: SnmpLimits) -> list[Problem]:
    """Every limit that is not in its range."""
    ranges = {
        "datagram_bytes": DATAGRAM_BYTES_RANGE,
        "varbinds": VARBINDS_RANGE,
        "oid_parts": OID_PARTS_RANGE,
        "value_bytes": VALUE_BYTES_RANGE,
    }
    return [
        limits.problem(key, f'"{key}" must be {least} to {most}')
        for key, (least, most) in ranges.items()
        if not least <= getattr(limits, key) <= most
    ]

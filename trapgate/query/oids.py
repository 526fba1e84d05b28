"""The two ways in which the OID of one trap is written.

The translation of an SNMPv1 trap puts a 0 between enterprise and specific number (RFC 3584 §3.1),
also where the MIB has none; so a device may send `E.S` and its SNMPv1 neighbour `E.0.S` for the
same trap. A query that names one of them means both. The event keeps the one that was sent.
"""

import re

TRAP_OID_FIELDS = frozenset(("event.code", "snmp.trap.oid"))
"""Fields that hold the OID of a trap; `event.code` does where no MIB names it."""

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,9})){2,}")


def meant(field: str, value: str) -> frozenset[str]:
    """The values that `field:value` asks for: for the OID of a trap both of its forms, for all else
    the value."""
    if field not in TRAP_OID_FIELDS or not _OID.fullmatch(value):
        return frozenset((value,))
    enterprise, _, specific = value.rpartition(".")
    if enterprise.endswith(".0"):
        return frozenset((value, f"{enterprise[:-2]}.{specific}"))
    return frozenset((value, f"{enterprise}.0.{specific}"))

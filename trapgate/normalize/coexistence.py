"""What a v1 trap has that a v2 notification says in variables (RFC 3584 §3.1), and the one of these
that is a secret.

A proxy puts the community of the original message into snmpTrapCommunity.0, in the clear. It is
never stored: neither in the variables nor in the raw bytes, whoever wrote it there.
"""

from collections.abc import Iterator

from trapgate.model import Trap, Varbind
from trapgate.normalize.origin import SNMP_TRAP_ADDRESS

SNMP_TRAP_COMMUNITY = "1.3.6.1.6.3.18.1.4.0"
SNMP_TRAP_ENTERPRISE = "1.3.6.1.6.3.1.1.4.3.0"

MASKED = b"*" * 8
"""Stands for every community; its length says nothing about the community's."""

_COMMUNITY_COLUMN = SNMP_TRAP_COMMUNITY.rpartition(".")[0]
_COMMUNITY_NAME = bytes.fromhex("2b06010603120104")
# The column's OID in BER, without the instance, in which senders differ.
_LONG_LENGTH = 0x80
_UNSPECIFIED = "0.0.0.0"


def v1_varbinds(trap: Trap, peer: str) -> Iterator[Varbind]:
    """The variables that RFC 3584 §3.1 adds behind the payload of a v1 trap: snmpTrapAddress.0,
    snmpTrapCommunity.0 (masked), snmpTrapEnterprise.0; each unless the payload has it already.

    An agent address of 0.0.0.0, or none, means the peer. Of other traps nothing comes.
    """
    if trap.enterprise is None:
        return
    there = {varbind.oid for varbind in trap.varbinds}
    address = trap.agent_address
    if address is None or address == _UNSPECIFIED:
        address = peer
    if SNMP_TRAP_ADDRESS not in there:
        yield Varbind(SNMP_TRAP_ADDRESS, "ip", address)
    if SNMP_TRAP_COMMUNITY not in there:
        yield Varbind(SNMP_TRAP_COMMUNITY, "octets", MASKED)
    if SNMP_TRAP_ENTERPRISE not in there:
        yield Varbind(SNMP_TRAP_ENTERPRISE, "oid", trap.enterprise)


def without_community(varbind: Varbind) -> Varbind:
    """The variable as it may be shown: snmpTrapCommunity (any instance) has a mask for a value."""
    if not f"{varbind.oid}.".startswith(f"{_COMMUNITY_COLUMN}."):
        return varbind
    return Varbind(varbind.oid, "octets", MASKED)


def raw_without_community(raw: bytes) -> bytes:
    """The datagram as it may be kept: the value of each snmpTrapCommunity in it is starred out,
    byte for byte, so that all lengths stay true."""
    if _COMMUNITY_NAME not in raw:
        return raw
    masked = bytearray(raw)
    at = raw.find(_COMMUNITY_NAME)
    while at >= 0:
        name_end = at + len(_COMMUNITY_NAME)
        if at > 0 and raw[at - 1] < _LONG_LENGTH:
            start, end = _value(raw, at + raw[at - 1])
            masked[start:end] = b"*" * (end - start)
        at = raw.find(_COMMUNITY_NAME, name_end)
    return bytes(masked)


def _value(raw: bytes, at: int) -> tuple[int, int]:
    """Where the contents of the BER element at `at` lie, as far as there are bytes."""
    at += 1
    if at >= len(raw):
        return len(raw), len(raw)
    length = raw[at]
    at += 1
    if length >= _LONG_LENGTH:
        size = min(length - _LONG_LENGTH, len(raw) - at)
        length = int.from_bytes(raw[at : at + size], "big")
        at += size
    return min(at, len(raw)), min(at + length, len(raw))

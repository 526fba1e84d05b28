"""What a v1 trap has that a v2 notification says in variables (RFC 3584 §3.1), and the one of these
that is a secret.

A proxy puts the community of the original message into snmpTrapCommunity.0, in the clear. It is
never stored, whoever wrote it there: here it is masked in the variables, in the raw bytes the
decoder has done it (`decode.snmp.envelope`).
"""

from collections.abc import Iterator

from trapgate.model import Trap, Varbind
from trapgate.normalize.origin import SNMP_TRAP_ADDRESS

SNMP_TRAP_COMMUNITY = "1.3.6.1.6.3.18.1.4.0"
SNMP_TRAP_ENTERPRISE = "1.3.6.1.6.3.1.1.4.3.0"

MASKED = b"*" * 8
"""Stands for every community; its length says nothing about the community's."""

_COMMUNITY_COLUMN = SNMP_TRAP_COMMUNITY.rpartition(".")[0]
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

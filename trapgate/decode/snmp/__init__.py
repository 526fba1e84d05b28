"""SNMP traps and informs: bytes → `Trap` (RFC 1157, 1901, 3416, 3584), or the reason why not.

`ber` reads elements, `envelope` version and community, `communities` lets in, `pdu` and
`varbinds` read the rest, `problems` are the two tables of what can be wrong, `decoder` joins them.
"""

from trapgate.decode.snmp.decoder import SnmpDecoder
from trapgate.decode.snmp.problems import MALFORMED, ODDITIES
from trapgate.decode.snmp.settings import CommunitySettings, SnmpSettings, check_snmp

__all__ = [
    "MALFORMED",
    "ODDITIES",
    "CommunitySettings",
    "SnmpDecoder",
    "SnmpSettings",
    "check_snmp",
]

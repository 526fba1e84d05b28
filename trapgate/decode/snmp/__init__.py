"""SNMP traps and informs: bytes → `Trap` (RFC 1157, 1901, 3416, 3584), or the reason why not.

`ber` reads elements, `envelope` version and community, `communities` lets in (`allowed` says from
where), `pdu` and `varbinds` read the rest, `problems` are the two tables of what can be wrong,
`decoder` joins them.

SNMPv3 (RFC 3412, 3414, 3826, 7860): `v3` reads the message, `users` are the settings, `keys` and
`privacy` the algorithms, `authentication` finds who signed it, `engines` is what is remembered,
`usm` joins these, `refusals` say why not, `reports` write what is sent back.
"""

from trapgate.decode.snmp.decoder import SnmpDecoder
from trapgate.decode.snmp.engines import Engine, EngineMemory
from trapgate.decode.snmp.problems import MALFORMED, ODDITIES
from trapgate.decode.snmp.refusals import REFUSAL_TEXTS
from trapgate.decode.snmp.reports import OwnEngine
from trapgate.decode.snmp.settings import CommunitySettings, SnmpSettings, check_snmp
from trapgate.decode.snmp.users import UserSettings, engine_id_of

__all__ = [
    "MALFORMED",
    "ODDITIES",
    "REFUSAL_TEXTS",
    "CommunitySettings",
    "Engine",
    "EngineMemory",
    "OwnEngine",
    "SnmpDecoder",
    "SnmpSettings",
    "UserSettings",
    "check_snmp",
    "engine_id_of",
]

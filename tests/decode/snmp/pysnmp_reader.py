"""What pysnmp makes of a datagram, in our words: the other side of the differential tests."""

from typing import Any, NamedTuple

from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api
from pysnmp.proto.error import ProtocolError

from trapgate.model import Varbind, VarbindType

TYPES: dict[str, VarbindType] = {
    "Integer": "integer",
    "Integer32": "integer",
    "OctetString": "octets",
    "ObjectIdentifier": "oid",
    "Null": "null",
    "IpAddress": "ip",
    "Counter": "counter32",
    "Counter32": "counter32",
    "Gauge": "gauge32",
    "Gauge32": "gauge32",
    "Unsigned32": "gauge32",
    "TimeTicks": "timeticks",
    "Opaque": "opaque",
    "Counter64": "counter64",
    "NoSuchObject": "no-such-object",
    "NoSuchInstance": "no-such-instance",
    "EndOfMibView": "end-of-mib-view",
}
"""pysnmp's classes → ours; an Unsigned32 is a Gauge32 on the wire (RFC 2578 §7.1)."""

NOTIFICATIONS = {"TrapPDU": "trap", "SNMPv2TrapPDU": "trap", "InformRequestPDU": "inform"}

RAISED_BY_PYSNMP = (
    PyAsn1Error,
    ProtocolError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    ValueError,
)
"""What comes out of it for hostile bytes."""


class PeerTrap(NamedTuple):
    """A notification as pysnmp reads it: of SNMPv1 `header` is enterprise, agent-addr,
    generic-trap, specific-trap and time-stamp; otherwise the request-id. `varbinds` are all."""

    pdu_type: str
    header: tuple[str | int, ...]
    varbinds: list[Varbind]


def read_by_pysnmp(data: bytes) -> PeerTrap | None:
    """`None` for what pysnmp does not decode, or not as a notification."""
    try:
        module = api.PROTOCOL_MODULES[int(api.decodeMessageVersion(data))]
        message, _ = decoder.decode(data, asn1Spec=module.Message())
        return _trap(module, module.apiMessage.get_pdu(message))
    except RAISED_BY_PYSNMP:
        return None


def _trap(module: Any, pdu: Any) -> PeerTrap | None:
    name = type(pdu).__name__
    if name not in NOTIFICATIONS:
        return None
    of = module.apiTrapPDU if name == "TrapPDU" else module.apiPDU
    header = _v1_header(of, pdu) if name == "TrapPDU" else (int(of.get_request_id(pdu)),)
    varbinds = [_varbind(str(oid), value) for oid, value in of.get_varbinds(pdu)]
    return PeerTrap(NOTIFICATIONS[name], header, varbinds)


def _v1_header(of: Any, pdu: Any) -> tuple[str | int, ...]:
    return (
        str(of.get_enterprise(pdu)),
        str(of.get_agent_address(pdu).prettyPrint()),
        int(of.get_generic_trap(pdu)),
        int(of.get_specific_trap(pdu)),
        int(of.get_timestamp(pdu)),
    )


def _varbind(name: str, value: Any) -> Varbind:
    kind = TYPES[type(value).__name__]
    if kind in ("octets", "opaque"):
        return Varbind(name, kind, bytes(value))
    if kind in ("oid", "ip"):
        return Varbind(name, kind, str(value.prettyPrint()))
    if kind in ("null", "no-such-object", "no-such-instance", "end-of-mib-view"):
        return Varbind(name, kind, None)
    return Varbind(name, kind, int(value))

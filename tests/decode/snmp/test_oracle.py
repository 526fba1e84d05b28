"""What pysnmp encodes as a trap, our decoder reads as the same values, and pysnmp's own decoder
agrees."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder as ber_decoder
from pyasn1.codec.ber import encoder as ber_encoder
from pysnmp.proto.api import v1 as pysnmp_v1
from pysnmp.proto.api import v2c as pysnmp_v2c

from decode.snmp.wire import NOW, datagram
from trapgate.decode.snmp import SnmpDecoder, SnmpSettings
from trapgate.model import Trap, Varbind, VarbindType

ORACLE_EXAMPLES = 150  # pysnmp takes about a millisecond for each

U32 = st.integers(0, 2**32 - 1)
SUBIDS = st.lists(st.one_of(st.integers(0, 300), U32), max_size=12)
OIDS = SUBIDS.map(lambda parts: "1.3.6.1." + ".".join(map(str, [1, *parts])))
IPS = st.ip_addresses(v=4).map(str)
INTEGERS = st.integers(-(2**31), 2**31 - 1)

Content = tuple[VarbindType, int | bytes | str | None]


def contents(kind: VarbindType, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Content]:
    return values.map(lambda value: (kind, value))


V1_CONTENTS = st.one_of(
    contents("integer", INTEGERS),
    contents("octets", st.binary(max_size=300)),
    contents("oid", OIDS),
    contents("ip", IPS),
    contents("counter32", U32),
    contents("gauge32", U32),
    contents("timeticks", U32),
    contents("opaque", st.binary(max_size=20)),
    contents("null", st.none()),
)
V2_CONTENTS = st.one_of(
    V1_CONTENTS,
    contents("counter64", st.integers(0, 2**64 - 1)),
    contents("no-such-object", st.none()),
    contents("no-such-instance", st.none()),
    contents("end-of-mib-view", st.none()),
)


def varbinds(content: st.SearchStrategy[Content]) -> st.SearchStrategy[list[Varbind]]:
    pairs = st.tuples(OIDS, content).map(lambda pair: Varbind(pair[0], *pair[1]))
    return st.lists(pairs, max_size=8, unique_by=lambda varbind: varbind.oid)


V1_TYPES = {
    "integer": pysnmp_v1.Integer,
    "octets": pysnmp_v1.OctetString,
    "oid": pysnmp_v1.ObjectIdentifier,
    "ip": pysnmp_v1.IpAddress,
    "counter32": pysnmp_v1.Counter,
    "gauge32": pysnmp_v1.Gauge,
    "timeticks": pysnmp_v1.TimeTicks,
    "opaque": pysnmp_v1.Opaque,
}
V2_TYPES = {
    "integer": pysnmp_v2c.Integer32,
    "octets": pysnmp_v2c.OctetString,
    "oid": pysnmp_v2c.ObjectIdentifier,
    "ip": pysnmp_v2c.IpAddress,
    "counter32": pysnmp_v2c.Counter32,
    "gauge32": pysnmp_v2c.Gauge32,
    "timeticks": pysnmp_v2c.TimeTicks,
    "opaque": pysnmp_v2c.Opaque,
    "counter64": pysnmp_v2c.Counter64,
}
EXCEPTIONS = {
    "no-such-object": pysnmp_v2c.NoSuchObject(""),
    "no-such-instance": pysnmp_v2c.NoSuchInstance(""),
    "end-of-mib-view": pysnmp_v2c.EndOfMibView(""),
}


def pairs(found: list[Varbind], types: dict[str, Any]) -> list[tuple[str, Any]]:
    """Varbinds as pysnmp takes them."""
    result = []
    for varbind in found:
        if varbind.type == "null":
            value = pysnmp_v1.Null("")
        elif varbind.type in EXCEPTIONS:
            value = EXCEPTIONS[varbind.type]
        else:
            value = types[varbind.type](varbind.value)
        result.append((varbind.oid, value))
    return result


def encoded(api: Any, pdu: Any) -> bytes:
    message = api.Message()
    api.apiMessage.set_defaults(message)
    api.apiMessage.set_community(message, "public")
    api.apiMessage.set_pdu(message, pdu)
    return bytes(ber_encoder.encode(message))


def decoded(data: bytes) -> Trap:
    (trap,) = SnmpDecoder(SnmpSettings()).decode(datagram(data), NOW).messages
    assert isinstance(trap, Trap)
    assert trap.problems == ()
    return trap


def agrees(varbind: Varbind, theirs: Any) -> bool:
    """Whether pysnmp's value is the same as ours."""
    if varbind.value is None:
        return True
    if isinstance(varbind.value, int):
        return int(theirs) == varbind.value
    if isinstance(varbind.value, bytes):
        return bytes(theirs) == varbind.value
    return str(theirs.prettyPrint()) == varbind.value


@settings(max_examples=ORACLE_EXAMPLES, deadline=None)
@given(varbinds(V1_CONTENTS), OIDS, IPS, st.integers(0, 6), st.integers(0, 2**31 - 1), U32)
def test_v1(
    payload: list[Varbind], enterprise: str, agent: str, generic: int, specific: int, uptime: int
) -> None:
    api = pysnmp_v1.apiTrapPDU
    pdu = pysnmp_v1.TrapPDU()
    api.set_defaults(pdu)
    api.set_enterprise(pdu, enterprise)
    api.set_agent_address(pdu, agent)
    api.set_generic_trap(pdu, generic)
    api.set_specific_trap(pdu, specific)
    api.set_timestamp(pdu, uptime)
    api.set_varbinds(pdu, pairs(payload, V1_TYPES))
    data = encoded(pysnmp_v1, pdu)
    trap = decoded(data)
    assert trap.varbinds == tuple(payload)
    header = (trap.enterprise, trap.agent_address, trap.generic_trap, trap.specific_trap)
    assert (*header, trap.uptime) == (enterprise, agent, generic, specific, uptime)
    theirs, rest = ber_decoder.decode(data, asn1Spec=pysnmp_v1.Message())
    assert not rest
    values = api.get_varbinds(pysnmp_v1.apiMessage.get_pdu(theirs))
    assert all(agrees(v, value) for v, (_, value) in zip(trap.varbinds, values, strict=True))


@settings(max_examples=ORACLE_EXAMPLES, deadline=None)
@given(varbinds(V2_CONTENTS), OIDS, st.integers(1, 2**31 - 1), U32, st.booleans())
def test_v2c(
    payload: list[Varbind], trap_oid: str, request_id: int, uptime: int, inform: bool
) -> None:
    api = pysnmp_v2c.apiPDU
    pdu = pysnmp_v2c.InformRequestPDU() if inform else pysnmp_v2c.SNMPv2TrapPDU()
    api.set_defaults(pdu)
    api.set_request_id(pdu, request_id)
    header = [
        Varbind("1.3.6.1.2.1.1.3.0", "timeticks", uptime),
        Varbind("1.3.6.1.6.3.1.1.4.1.0", "oid", trap_oid),
    ]
    api.set_varbinds(pdu, pairs(header + payload, V2_TYPES))
    data = encoded(pysnmp_v2c, pdu)
    trap = decoded(data)
    assert trap.varbinds == tuple(payload)
    assert (trap.trap_oid, trap.uptime, trap.request_id) == (trap_oid, uptime, request_id)
    assert trap.pdu_type == ("inform" if inform else "trap")
    theirs, rest = ber_decoder.decode(data, asn1Spec=pysnmp_v2c.Message())
    assert not rest
    values = api.get_varbinds(pysnmp_v2c.apiMessage.get_pdu(theirs))[2:]
    assert all(agrees(v, value) for v, (_, value) in zip(trap.varbinds, values, strict=True))
    assert [str(name) for name, _ in values] == [v.oid for v in trap.varbinds]

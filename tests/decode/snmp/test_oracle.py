"""Whatever pysnmp decodes, we decode to the same values: what it encodes itself, the corpus of what
devices send, and mutants of that."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import encoder as ber_encoder
from pysnmp.proto.api import v1 as pysnmp_v1
from pysnmp.proto.api import v2c as pysnmp_v2c

from decode.snmp.corpus import ODD, PLAIN
from decode.snmp.fuzz import SEEDS
from decode.snmp.mutator import Mutator
from decode.snmp.pysnmp_reader import PeerTrap, read_by_pysnmp
from decode.snmp.wire import NOW, SNMP_TRAP_OID, SYS_UPTIME, datagram
from trapgate.decode.snmp import SnmpDecoder, SnmpSettings
from trapgate.decode.snmp.ber import INTEGER, INTEGER_BYTES_MAX, OID, SUBID_MAX
from trapgate.decode.snmp.limits import OID_PARTS_MAX
from trapgate.decode.snmp.varbinds import MULTIBYTE_TAG
from trapgate.model import Trap, Varbind, VarbindType

ORACLE_EXAMPLES = 150  # pysnmp takes about a millisecond for each
TRAP_COMMUNITY = "1.3.6.1.6.3.18.1.4.0"  # masked before it is decoded
CONSTRUCTED = 0x20
MUTANTS, MUTANTS_SEED = 2_500, 4

LOST_BY_PYSNMP = {
    "lengths of 9 bytes",
    "a padded sub-identifier",
    "agent-addr as an OCTET STRING",
    "a timestamp as an INTEGER",
    "a NULL with content",
    "TimeTicks with the sign bit",
    "Counter32 with the sign bit",
    "Gauge32 with the sign bit",
    "Counter64 with the sign bit",
    "sysUpTime with the sign bit",
    "a v1 timestamp with the sign bit",
    "TimeTicks of 33 bits",
    "Counter32 of 40 bits",
    "Gauge32 of 64 bits",
    "an INTEGER of 40 bits",
    "a negative INTEGER of 64 bits",
    "an unsigned INTEGER of 32 bits",
    "an INTEGER of 80 bits",
    "an IpAddress without bytes",
    "an IpAddress of 3 bytes",
    "an IpAddress of 16 bytes",
    "an IpAddress of 32 bytes",
    "UInteger32",
    "NsapAddress",
    "BOOLEAN",
    "a type of two bytes",
    "an OID value that is cut",
    "an OID value without bytes",
    "a name without bytes",
    "an enterprise without bytes",
    "Counter64 in SNMPv1",
    "a v1 PDU in a v2c message",
    "a v2 PDU in a v1 message",
    "an inform in a v1 message",
    "agent-addr without bytes",
    "agent-addr of 16 bytes",
    "bytes after the message",
    "bytes after the PDU",
    "bytes after the variables",
    "bytes after a value",
}
"""What pysnmp 7.1 does not decode."""

U32 = st.integers(0, 2**32 - 1)
SUBIDS = st.lists(st.one_of(st.integers(0, 300), U32), max_size=12)
OIDS = SUBIDS.map(lambda parts: "1.3.6.1." + ".".join(map(str, [1, *parts])))
IPS = st.ip_addresses(v=4).map(str)
NAMES = st.one_of(OIDS, st.sampled_from([SYS_UPTIME, SNMP_TRAP_OID, SYS_UPTIME[:-2]]))
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
    return trap


def agree(trap: Trap, theirs: PeerTrap) -> None:
    """Nothing that pysnmp has reads otherwise with us, and nothing of it is missing."""
    assert trap.pdu_type == theirs.pdu_type
    if len(theirs.header) == 1:
        assert trap.request_id == theirs.header[0]
        varbinds = without_header(trap, theirs.varbinds)
    else:
        header = (trap.enterprise, trap.agent_address, trap.generic_trap, trap.specific_trap)
        assert (*header, trap.uptime) == theirs.header
        varbinds = theirs.varbinds
    assert [one.oid for one in trap.varbinds] == [one.oid for one in varbinds]
    for ours, peers in zip(trap.varbinds, varbinds, strict=True):
        assert ours == peers or is_kept_encoded(ours) or ours.oid == TRAP_COMMUNITY


def without_header(trap: Trap, theirs: list[Varbind]) -> list[Varbind]:
    """Their variables without those two that our header is made of."""
    names, values = (SYS_UPTIME, SYS_UPTIME[:-2]), (SNMP_TRAP_OID, SNMP_TRAP_OID[:-2])
    uptime = next((v for v in theirs if v.oid in names and isinstance(v.value, int)), None)
    oids = (v for v in theirs if v.type == "oid" and fits(v.value))
    trap_oid = next((v for v in oids if v.oid in values), None)
    assert trap.uptime == (uptime.value if uptime else None)
    assert trap.trap_oid == (trap_oid.value if trap_oid else "0.0")
    return [v for v in theirs if v is not uptime and v is not trap_oid]


def is_kept_encoded(varbind: Varbind) -> bool:
    """What pysnmp reads and we do not, but keep as it came: numbers wider than 72 bits, identifiers
    that do not `fit`, strings made of parts (RFC 3417 §8 (3) forbids them), types of two bytes."""
    if varbind.type != "unknown" or not isinstance(varbind.value, bytes):
        return False
    tag = varbind.value[0]
    return tag in (INTEGER, OID) or bool(tag & CONSTRUCTED) or tag & MULTIBYTE_TAG == MULTIBYTE_TAG


@pytest.mark.parametrize("name", [*PLAIN, *ODD])
def test_the_corpus(name: str) -> None:
    data = PLAIN[name] if name in PLAIN else ODD[name][0]
    theirs = read_by_pysnmp(data)
    assert (theirs is None) == (name in LOST_BY_PYSNMP)
    if theirs is not None:
        agree(decoded(data), theirs)


def test_mutants() -> None:
    decoder = SnmpDecoder(SnmpSettings())
    mutator = Mutator([data for data in SEEDS if len(data) <= 400], Random(MUTANTS_SEED))
    both = 0
    for _ in range(MUTANTS):
        data = mutator.mutant()
        theirs = read_by_pysnmp(data)
        if theirs is None:
            continue
        answer = decoder.decode(datagram(data), NOW)
        if answer.problems:
            assert is_over_a_limit(answer.problems[0].code, theirs), data.hex()
        elif answer.refusal is None:
            (trap,) = answer.messages
            assert isinstance(trap, Trap)
            agree(trap, theirs)
            both += 1
    assert both > MUTANTS // 20


def is_over_a_limit(code: str, theirs: PeerTrap) -> bool:
    """The bounds that pysnmp has not: numbers of the header, length and parts of a name."""
    if code == "bad-pdu":
        numbers = [number for number in theirs.header if isinstance(number, int)]
        return any(number.bit_length() >= 8 * INTEGER_BYTES_MAX for number in numbers)
    names = [name for name in theirs.header if isinstance(name, str)]
    names += [one.oid for one in theirs.varbinds]
    return code in ("oid-too-long", "bad-oid") and not all(map(fits, names))


def fits(oid: object) -> bool:
    """Whether an object identifier is one by RFC 2578 §3.5."""
    parts = str(oid).split(".")
    return len(parts) <= OID_PARTS_MAX and all(int(part) <= SUBID_MAX for part in parts)


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
    assert trap.problems == ()
    theirs = read_by_pysnmp(data)
    assert theirs is not None
    agree(trap, theirs)


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
    assert trap.problems == ()
    theirs = read_by_pysnmp(data)
    assert theirs is not None
    agree(trap, theirs)


@settings(max_examples=ORACLE_EXAMPLES, deadline=None)
@given(st.lists(st.tuples(NAMES, V2_CONTENTS), max_size=10), st.integers(-(2**31), 2**31 - 1))
def test_v2c_in_any_order(content: list[tuple[str, Content]], request_id: int) -> None:
    """The two variables of the header missing, repeated, anywhere, of any type."""
    api = pysnmp_v2c.apiPDU
    pdu = pysnmp_v2c.SNMPv2TrapPDU()
    api.set_defaults(pdu)
    api.set_request_id(pdu, request_id)
    api.set_varbinds(pdu, pairs([Varbind(name, *value) for name, value in content], V2_TYPES))
    data = encoded(pysnmp_v2c, pdu)
    theirs = read_by_pysnmp(data)
    assert theirs is not None
    agree(decoded(data), theirs)

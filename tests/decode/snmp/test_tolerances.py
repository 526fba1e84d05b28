"""Each deviation that devices are known for: the trap is told, and what was odd about it.

Reference: of such datagrams pysnmp 7.1 loses about half (`test_oracle` has what it reads).
"""

import pytest

from decode.snmp.corpus import IF_INDEX, LINK, NAME, ODD, PLAIN
from decode.snmp.wire import NOW, datagram, integer, message, notification, tlv
from trapgate.decode.snmp import ODDITIES, SnmpDecoder, SnmpSettings
from trapgate.model import Trap

DECODER = SnmpDecoder(SnmpSettings())
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
ENTERPRISE_TRAP = "1.3.6.1.4.1.9.1.1.0.42"


def trap_of(data: bytes) -> Trap:
    (trap,) = DECODER.decode(datagram(data), NOW).messages
    assert isinstance(trap, Trap)
    return trap


@pytest.mark.parametrize("name", PLAIN)
def test_plain(name: str) -> None:
    trap = trap_of(PLAIN[name])
    assert trap.problems == ()
    assert trap.trap_oid.startswith("1.3.6.1.")
    assert trap.uptime is not None


@pytest.mark.parametrize("name", ODD)
def test_odd(name: str) -> None:
    data, codes = ODD[name]
    trap = trap_of(data)
    assert [problem.code for problem in trap.problems] == codes.split()
    assert all(problem.severity == "warning" for problem in trap.problems)


def test_every_oddity_occurs() -> None:
    of_v3 = {"outside-time-window"}
    occurring = {code for _, codes in ODD.values() for code in codes.split()}
    assert occurring == set(ODDITIES) - of_v3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TimeTicks with the sign bit", 2**32 - 1),
        ("Counter32 with the sign bit", 2**31),
        ("Gauge32 with the sign bit", 2**32 - 1),
        ("Counter64 with the sign bit", 2**64 - 1),
        ("TimeTicks of 33 bits", 0),
        ("Counter32 of 40 bits", 2**32 - 1),
        ("Gauge32 of 64 bits", 0),
        ("an INTEGER of 40 bits", 2**39),
        ("a negative INTEGER of 64 bits", -(2**63)),
        ("an unsigned INTEGER of 32 bits", 2**31),
        ("an INTEGER of 80 bits", integer(2**78)),
        ("an INTEGER without bytes", 0),
        ("TimeTicks without bytes", 0),
        ("an IpAddress without bytes", b""),
        ("an IpAddress of 3 bytes", bytes(3)),
        ("an IpAddress of 16 bytes", bytes(16)),
        ("UInteger32", 5),
        ("NsapAddress", b"\x47" + bytes(5)),
        ("BOOLEAN", b"\x01\x01\xff"),
        ("a constructed OCTET STRING", b"\x24\x04\x04\x02ab"),
        ("a type of two bytes", b"\x9f\x78\x04abcd"),
        ("an OID value that is cut", b"\x06\x02\x2b\x86"),
        ("an OID value without bytes", "0.0"),
        ("bytes after a value", 1),
    ],
)
def test_the_value_of_an_odd_variable_and_what_follows_it(
    name: str, value: int | bytes | str
) -> None:
    odd, after = trap_of(ODD[name][0]).varbinds
    assert (odd.oid, odd.value) == (NAME, value)
    assert (after.oid, after.value) == ("1.3.6.1.2.1.2.2.1.1.3", 3)


@pytest.mark.parametrize(
    ("name", "trap_oid", "uptime"),
    [
        ("sysUpTime with the sign bit", LINK_DOWN, 0xF0000000),
        ("a v1 timestamp with the sign bit", ENTERPRISE_TRAP, 0xF0000000),
        ("an enterprise without bytes", "0.0.0.42", 4711),
        ("a v1 PDU in a v2c message", ENTERPRISE_TRAP, 4711),
        ("a v2 PDU in a v1 message", LINK_DOWN, 4711),
        ("an inform in a v1 message", LINK_DOWN, 4711),
        ("agent-addr without bytes", ENTERPRISE_TRAP, 4711),
        ("generic-trap 7", ENTERPRISE_TRAP, 4711),
        ("generic-trap -1", ENTERPRISE_TRAP, 4711),
        ("a negative specific-trap", "1.3.6.1.4.1.9.1.1.0.4294967295", 4711),
        ("a specific-trap of 40 bits", "1.3.6.1.4.1.9.1.1.0.0", 4711),
        ("no sysUpTime", LINK_DOWN, None),
        ("no snmpTrapOID", "0.0", 4711),
        ("no variables at all", "0.0", None),
        ("snmpTrapOID before sysUpTime", LINK_DOWN, 4711),
        ("sysUpTime and snmpTrapOID last", LINK_DOWN, 4711),
        ("sysUpTime and snmpTrapOID without instance", LINK_DOWN, 4711),
        ("bytes after the message", LINK_DOWN, 4711),
        ("bytes after the PDU", LINK_DOWN, 4711),
    ],
)
def test_the_header_of_an_odd_trap(name: str, trap_oid: str, uptime: int | None) -> None:
    trap = trap_of(ODD[name][0])
    assert (trap.trap_oid, trap.uptime) == (trap_oid, uptime)


def test_an_inform_in_a_v1_message_is_answered() -> None:
    data, _ = ODD["an inform in a v1 message"]
    (reply,) = DECODER.decode(datagram(data), NOW).replies
    assert len(reply.data) == len(data)


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        ("the list", tlv(0x30, LINK)),
        ("a variable", IF_INDEX),
        ("the PDU", notification(LINK)),
        ("the community", tlv(0x04, b"public")),
    ],
)
def test_the_indefinite_length_is_refused(whole: str, part: bytes) -> None:
    # RFC 3417 §8 (2). The long form as such is fine: "all lengths in the long form" above.
    data = message(notification(LINK))
    at = data.index(part)
    changed = bytearray(data)
    changed[at + 1] = 0x80
    answer = DECODER.decode(datagram(bytes(changed)), NOW)
    assert [problem.code for problem in answer.problems] == ["indefinite-length"]


def test_the_outermost_indefinite_length_is_refused() -> None:
    content = integer(1) + tlv(0x04, b"public") + notification(LINK)
    answer = DECODER.decode(datagram(b"\x30\x80" + content + b"\0\0"), NOW)
    assert [problem.code for problem in answer.problems] == ["indefinite-length"]
    assert b"public" not in answer.raw

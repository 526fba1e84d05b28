"""What is sent: SNMPv2c traps of one switch, as bytes made by pysnmp, and lines of syslog.

The traps are what a Cisco switch sends for a link: 7 variables, about 190 bytes. All have the same
length and the request-id at the same place, so that a generator can number them without encoding.
"""

from typing import Any

import msgspec
from pyasn1.codec.ber import encoder
from pysnmp.proto import rfc1902
from pysnmp.proto.api import v2c

INTERFACES = 48
"""Interfaces of the switch whose links go down, in turn: a storm repeats its names."""

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
LINK_UP = "1.3.6.1.6.3.1.1.5.4"

_SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
_SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_IF_ENTRY = "1.3.6.1.2.1.2.2.1"
_LOC_IF_REASON = "1.3.6.1.4.1.9.2.2.1.1.20"
_UP, _DOWN = 1, 2

_BASE = 0x10000000
"""Request-id and uptime of trap 0: positive, and four bytes long as all up to 0x7fffffff."""

_MARKS = (0x11223344, 0x55667788)
"""Stand for request-id and uptime in a template, to find their places."""


class Templates(msgspec.Struct, frozen=True):
    """Datagrams of one length; the 4 bytes at `id_at` of each are its request-id, those at
    `uptime_at` its uptime: a device's clock runs, so no two traps are the same."""

    datagrams: tuple[bytes, ...]
    id_at: int
    uptime_at: int

    @property
    def size_bytes(self) -> int:
        return len(self.datagrams[0])

    def numbered(self, number: int) -> bytes:
        """The datagram of this number, as the generator makes it."""
        data = bytearray(self.datagrams[number % len(self.datagrams)])
        for at in (self.id_at, self.uptime_at):
            data[at : at + 4] = (_BASE + number).to_bytes(4, "big")
        return bytes(data)


def link_downs() -> Templates:
    """A linkDown for each of 48 interfaces, 11 and up: two digits, so that all have one length."""
    datagrams = tuple(link_trap(LINK_DOWN, index, *_MARKS) for index in range(11, 11 + INTERFACES))
    id_at, uptime_at = (datagrams[0].index(mark.to_bytes(4, "big")) for mark in _MARKS)
    if len({len(datagram) for datagram in datagrams}) != 1:
        raise ValueError("the generator needs templates of one length")
    return Templates(datagrams, id_at, uptime_at)


def interface_name(index: int) -> str:
    """What the traps call an interface."""
    return f"GigabitEthernet1/0/{index}"


def link_trap(trap: str, index: int, request_id: int, uptime: int) -> bytes:
    """One trap, `LINK_DOWN` or `LINK_UP`, of an interface; `uptime` in hundredths of a second."""
    state, reason = (_UP, "Link up") if trap == LINK_UP else (_DOWN, "Lost Carrier")
    variables: tuple[tuple[str, Any], ...] = (
        (_SYS_UPTIME, rfc1902.TimeTicks(uptime)),
        (_SNMP_TRAP_OID, rfc1902.ObjectName(trap)),
        (f"{_IF_ENTRY}.1.{index}", rfc1902.Integer32(index)),
        (f"{_IF_ENTRY}.7.{index}", rfc1902.Integer32(_UP)),
        (f"{_IF_ENTRY}.8.{index}", rfc1902.Integer32(state)),
        (f"{_IF_ENTRY}.2.{index}", rfc1902.OctetString(interface_name(index))),
        (f"{_LOC_IF_REASON}.{index}", rfc1902.OctetString(reason)),
    )
    pdu = v2c.SNMPv2TrapPDU()
    v2c.apiTrapPDU.set_defaults(pdu)
    v2c.apiTrapPDU.set_request_id(pdu, request_id)
    v2c.apiTrapPDU.set_varbinds(pdu, [(v2c.ObjectIdentifier(oid), v) for oid, v in variables])
    message = v2c.Message()
    v2c.apiMessage.set_defaults(message)
    v2c.apiMessage.set_community(message, "public")
    v2c.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))

"""`trapgate send`: what a device would send, without net-snmp. Traps are built by pysnmp."""

import re
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from pyasn1.codec.ber import encoder
from pysnmp.proto import rfc1902
from pysnmp.proto.api import v1, v2c

from trapgate.app.files import bundled_mibs
from trapgate.config import did_you_mean
from trapgate.mib import MibIndex
from trapgate.mib.facts import Object

SNMP_TARGET = "localhost:1162"
SYSLOG_TARGET = "localhost:5514"

_LINK_VARIABLES = ("ifIndex.1=1", "ifDescr.1=GigabitEthernet0/1")
_PORT_MAX = 65_535
_SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
_SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_GENERIC_TRAPS = "1.3.6.1.6.3.1.1.5."
_OID = re.compile(r"[0-2](\.\d{1,10})+", re.ASCII)
_ARC_MAX = (1 << 32) - 1  # RFC 2578 §3.5
_ENTERPRISE = "1.3.6.1.4.1.8072.3.2.10"
"""A v1 trap must name an enterprise: net-snmp's for Linux."""


class Unsendable(Exception):
    """The arguments do not make a trap; the message says what to change."""


class Variable(msgspec.Struct, frozen=True):
    """One variable to send."""

    oid: str
    value: Any


def send_notification(
    name: str, variables: Sequence[str], target: str | None, community: str, version: str
) -> int:
    """Send one trap; 2 if the arguments do not make one."""
    mib = MibIndex.load(bundled_mibs())
    try:
        oid = _checked(name) if name[:1].isdigit() else mib.oid(name)
        if oid is None:
            raise Unsendable(f"no trap is known as {name}: {_hint(name, mib)}")
        given = variables
        if not variables and oid.rpartition(".")[0] + "." == _GENERIC_TRAPS and oid[-1] in "34":
            given = _LINK_VARIABLES
        bound = [_variable(text, mib) for text in given]
        data = (
            _v1_trap(oid, bound, community) if version == "1" else _v2c_trap(oid, bound, community)
        )
        where = _send(data, target or SNMP_TARGET)
    except Unsendable as error:
        print(error, file=sys.stderr)
        return 2
    except rfc1902.error.PyAsn1Error as error:
        print(f"SNMP version {version} has no such trap: {error}", file=sys.stderr)
        return 2
    print(f"sent {name} ({oid}) with {len(bound)} variables to {where}")
    return 0


def send_line(line: str, target: str | None) -> int:
    """Send one syslog line."""
    try:
        where = _send(line.encode(), target or SYSLOG_TARGET)
    except Unsendable as error:
        print(error, file=sys.stderr)
        return 2
    print(f"sent {len(line.encode())} bytes to {where}")
    return 0


def _variable(text: str, mib: MibIndex) -> Variable:
    name, equals, value = text.partition("=")
    if not equals:
        raise Unsendable(f'"{text}" is not NAME=VALUE')
    symbol, _, suffix = name.partition(".")
    oid: str | None = name
    if not name[:1].isdigit():
        base = mib.oid(symbol)
        oid = f"{base}.{suffix or '0'}" if base else None
    if oid is None:
        raise Unsendable(f"no variable is known as {symbol}: {_hint(symbol, mib)}")
    return Variable(_checked(oid), _value(value, mib.resolve(oid).known))


def _hint(name: str, mib: MibIndex) -> str:
    return did_you_mean(name.rpartition("::")[2], mib.names()) or "give its OID"


def _checked(oid: str) -> str:
    if not _OID.fullmatch(oid) or any(int(arc) > _ARC_MAX for arc in oid.split(".")):
        raise Unsendable(f'"{oid}" is not an OID')
    return oid


def _value(text: str, known: Object | None) -> Any:
    """The value in the type that its MIB gives it; without one a number is an integer."""
    syntax = known.syntax if known else ("integer" if text.lstrip("-").isdigit() else "octets")
    labels = {label: number for number, label in (known.labels or {}).items()} if known else {}
    if syntax in ("integer", "counter32", "gauge32", "timeticks", "counter64"):
        number = labels.get(text, text)
        try:
            return _NUMBERS[syntax](int(number))
        except (ValueError, rfc1902.error.PyAsn1Error) as error:
            raise Unsendable(f'"{text}" is not a value of {syntax}: {error}') from None
    if syntax == "oid":
        return rfc1902.ObjectName(_checked(text))
    if syntax == "ip":
        return rfc1902.IpAddress(text)
    return rfc1902.OctetString(text.encode())


_NUMBERS = {
    "integer": rfc1902.Integer32,
    "counter32": rfc1902.Counter32,
    "gauge32": rfc1902.Gauge32,
    "timeticks": rfc1902.TimeTicks,
    "counter64": rfc1902.Counter64,
}


def _v2c_trap(oid: str, variables: Sequence[Variable], community: str) -> bytes:
    pdu = v2c.SNMPv2TrapPDU()
    v2c.apiTrapPDU.set_defaults(pdu)
    bindings = [
        (v2c.ObjectIdentifier(_SYS_UPTIME), v2c.TimeTicks(_uptime())),
        (v2c.ObjectIdentifier(_SNMP_TRAP_OID), v2c.ObjectIdentifier(oid)),
        *((v2c.ObjectIdentifier(variable.oid), variable.value) for variable in variables),
    ]
    v2c.apiTrapPDU.set_varbinds(pdu, bindings)
    return _message(v2c, pdu, community)


def _v1_trap(oid: str, variables: Sequence[Variable], community: str) -> bytes:
    pdu = v1.TrapPDU()
    v1.apiTrapPDU.set_defaults(pdu)
    if oid.startswith(_GENERIC_TRAPS):
        v1.apiTrapPDU.set_enterprise(pdu, _ENTERPRISE)
        v1.apiTrapPDU.set_generic_trap(pdu, int(oid.rpartition(".")[2]) - 1)
    else:
        enterprise, _, specific = oid.rpartition(".")
        v1.apiTrapPDU.set_enterprise(pdu, enterprise.removesuffix(".0"))
        v1.apiTrapPDU.set_generic_trap(pdu, 6)
        v1.apiTrapPDU.set_specific_trap(pdu, int(specific))
    v1.apiTrapPDU.set_timestamp(pdu, _uptime())
    bindings = [(v1.ObjectIdentifier(variable.oid), variable.value) for variable in variables]
    v1.apiTrapPDU.set_varbinds(pdu, bindings)
    return _message(v1, pdu, community)


def _message(dialect: Any, pdu: Any, community: str) -> bytes:
    message = dialect.Message()
    dialect.apiMessage.set_defaults(message)
    dialect.apiMessage.set_community(message, community)
    dialect.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))


def _uptime() -> int:
    """The machine's uptime in hundredths of a second."""
    seconds = float(Path("/proc/uptime").read_text().split()[0])
    return int(seconds * 100) % (1 << 32)


def _send(data: bytes, target: str) -> str:
    """One datagram to the first address that the target resolves to; returns where it went."""
    host, colon, port = target.rpartition(":")
    if not colon or not port.isdigit() or int(port) > _PORT_MAX:
        raise Unsendable(f'"{target}" is not HOST:PORT')
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)
        family, _, _, _, address = found[0]
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.sendto(data, address)
    except OSError as error:
        raise Unsendable(f"cannot send to {target}: {error}") from None
    return target

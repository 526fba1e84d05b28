"""A notification by its name and its variables → a PDU, and with a community a whole message.

Built by pysnmp, so that what trapgate sends is not checked by its own decoder alone.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from pyasn1.codec.ber import encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import rfc1902
from pysnmp.proto.api import v1, v2c

from trapgate.cli.security import Unsendable
from trapgate.cli.values import checked_oid, value_of
from trapgate.config import did_you_mean
from trapgate.mib import MibIndex

_LINK_VARIABLES = ("ifIndex.1=1", "ifDescr.1=GigabitEthernet0/1")
_SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
_SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_GENERIC_TRAPS = "1.3.6.1.6.3.1.1.5."
_LINK_TRAPS = (_GENERIC_TRAPS + "3", _GENERIC_TRAPS + "4")
_GENERIC_NUMBERS = {f"{_GENERIC_TRAPS}{number + 1}": number for number in range(6)}
"""snmpTraps → generic-trap (RFC 3584 §3.2)."""

_ENTERPRISE = "1.3.6.1.4.1.8072.3.2.10"
"""A v1 trap must name an enterprise: net-snmp's for Linux."""


class Variable(msgspec.Struct, frozen=True):
    """One variable to send; the value is in pysnmp's type."""

    oid: str
    value: object


class Notification(msgspec.Struct, frozen=True):
    """What to tell: the trap's OID and its variables, without sysUpTime.0 and snmpTrapOID.0."""

    oid: str
    variables: tuple[Variable, ...]


def known_names(config: Path | None) -> MibIndex | None:
    """The MIB index of this configuration, with the user's own MIBs, or of that which is found in
    its usual places. `None` if it cannot be used: standard error says why."""
    # all of `app`, which takes a moment
    from trapgate.app.accept import mib_index
    from trapgate.cli.check import reported_configuration

    if config is None:
        return mib_index(None)
    configuration = reported_configuration(config, warnings=False)
    return None if configuration is None else configuration.mib


def notification_of(name: str, variables: Sequence[str], mib: MibIndex) -> Notification:
    """The notification NAME (`linkDown`, `IF-MIB::linkDown`, an OID) with variables `NAME=VALUE`.

    linkDown and linkUp without any get an interface. Raises `Unsendable`.
    """
    oid = checked_oid(name) if name[:1].isdigit() else mib.oid(name)
    if oid is None:
        raise Unsendable(f"no trap is known as {name}: {_hint(name, mib.notification_names())}")
    given = variables
    if not variables and oid in _LINK_TRAPS:
        given = _LINK_VARIABLES
    return Notification(oid, tuple([_variable(text, mib) for text in given]))


def _variable(text: str, mib: MibIndex) -> Variable:
    name, equals, value = text.partition("=")
    if not equals:
        raise Unsendable(f'"{text}" is not NAME=VALUE')
    oid = _instance(name, mib)
    known = mib.resolve(oid).known
    if known is not None and known.syntax == "oid" and value and not value[0].isdigit():
        value = "o:" + _instance(value.removeprefix("o:"), mib, scalar="")
    return Variable(oid, value_of(value, known))


def _instance(name: str, mib: MibIndex, scalar: str = ".0") -> str:
    """The OID of `ifDescr.3`; a name without an instance is a scalar's."""
    if name[:1].isdigit():
        return checked_oid(name)
    symbol, dot, suffix = name.partition(".")
    base = mib.oid(symbol)
    if base is None:
        raise Unsendable(f"no variable is known as {symbol}: {_hint(symbol, mib.names())}")
    return checked_oid(base + (f".{suffix}" if dot else scalar))


def _hint(name: str, known: Iterable[str]) -> str:
    """What to write instead: a name that differs in case only, else the nearest."""
    local = name.rpartition("::")[2]
    folded = {other.casefold(): other for other in known}
    same = folded.get(local.casefold())
    near = f'did you mean "{same}"?' if same else did_you_mean(local, folded.values())
    return near or "give its OID, or its MIB to trapgate mib add"


def v2_pdu(notification: Notification, *, inform: bool, request_id: int) -> object:
    """The SNMPv2-Trap-PDU or InformRequest-PDU (RFC 3416 §4.2.6, §4.2.7), as pysnmp has it."""
    pdu = v2c.InformRequestPDU() if inform else v2c.SNMPv2TrapPDU()
    v2c.apiTrapPDU.set_defaults(pdu)
    v2c.apiTrapPDU.set_request_id(pdu, request_id)
    bindings = [
        (v2c.ObjectIdentifier(_SYS_UPTIME), v2c.TimeTicks(_uptime())),
        (v2c.ObjectIdentifier(_SNMP_TRAP_OID), v2c.ObjectIdentifier(notification.oid)),
        *((v2c.ObjectIdentifier(one.oid), one.value) for one in notification.variables),
    ]
    v2c.apiTrapPDU.set_varbinds(pdu, bindings)
    return pdu


def v1_pdu(notification: Notification) -> object:
    """The Trap-PDU (RFC 1157 §4.1.6) by the translation of RFC 3584 §3.2, as pysnmp has it.

    Raises `Unsendable` for what SNMPv1 cannot say (a Counter64).
    """
    for one in notification.variables:
        if isinstance(one.value, rfc1902.Counter64):
            raise Unsendable(f"SNMPv1 has no Counter64 ({one.oid}): use -v 2c, or another type")
    pdu = v1.TrapPDU()
    v1.apiTrapPDU.set_defaults(pdu)
    oid = notification.oid
    if oid in _GENERIC_NUMBERS:
        v1.apiTrapPDU.set_enterprise(pdu, _ENTERPRISE)
        v1.apiTrapPDU.set_generic_trap(pdu, _GENERIC_NUMBERS[oid])
    else:
        enterprise, _, specific = oid.rpartition(".")
        v1.apiTrapPDU.set_enterprise(pdu, enterprise.removesuffix(".0"))
        v1.apiTrapPDU.set_generic_trap(pdu, 6)
        v1.apiTrapPDU.set_specific_trap(pdu, int(specific))
    v1.apiTrapPDU.set_timestamp(pdu, _uptime())
    bindings = [(v1.ObjectIdentifier(one.oid), one.value) for one in notification.variables]
    try:
        v1.apiTrapPDU.set_varbinds(pdu, bindings)
    except PyAsn1Error as error:
        raise Unsendable(f"SNMP version 1 has no such trap: {error}") from None
    return pdu


def community_message(pdu: object, version: str, community: str) -> bytes:
    """A whole SNMPv1 or SNMPv2c message."""
    dialect: Any = v1 if version == "1" else v2c
    message = dialect.Message()
    dialect.apiMessage.set_defaults(message)
    dialect.apiMessage.set_community(message, community.encode())
    dialect.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))


def _uptime() -> int:
    """The machine's uptime in hundredths of a second."""
    seconds = float(Path("/proc/uptime").read_text().split()[0])
    return int(seconds * 100) % (1 << 32)

"""What a trap says: its name, its variables as fields, one line for people.

Every variable is a field `snmp.vb.NAME` by its MIB name, whatever its position in the trap, so
that rules need no positions; one that no MIB names has its OID for a name. `snmp.varbinds` keeps
all of them in order, `snmp.index.NAME` what the table instances in their names say.
"""

from collections.abc import Mapping

import msgspec

from trapgate.mib import MibIndex
from trapgate.model import FieldValue, Trap, Varbind
from trapgate.normalize.variables import Variables

MESSAGE_CHARS_MAX = 2_048
"""The one line that people read and search; all variables are in `snmp.varbinds`."""

CUT = "…"
"""Ends a message that was cut."""

INTERFACE_NAMES = ("snmp.vb.ifName", "snmp.vb.ifDescr")
"""Which variable names an interface: the first that is there and not empty."""

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
"""IF-MIB's linkDown and linkUp (RFC 2863 §6), in which SNMPv1's are seen, too (RFC 3584 §3.1)."""

SHUT = "administratively down"
"""What the state of an interface is called in all dialects if somebody shut it on purpose."""

PAYLOADS_MAX = 8_192
"""Payloads that are remembered, some 30 MB: a storm says the same again and again. Past it the
memory starts anew."""


class Payload(msgspec.Struct, frozen=True, gc=False):
    """What a trap with this name and these variables says: the same whoever sent it, and when."""

    trap_oid: str
    varbinds: tuple[Varbind, ...]
    code: str
    fields: Mapping[str, FieldValue]
    message: str


class Payloads:
    """Names and renders payloads. The decoder gives the same tuple of variables for the same
    bytes, so what was made of one is found again by which object it is, without looking inside."""

    def __init__(self, mib: MibIndex, variables: Variables) -> None:
        self._mib = mib
        self._variables = variables
        self._known: dict[int, Payload] = {}

    def of(self, trap: Trap) -> Payload:
        """What this trap says; nothing in it can make this raise."""
        known = self._known.get(id(trap.varbinds))
        # the payload holds on to its variables, so that no other object can have come to their id
        if known is not None and known.trap_oid == trap.trap_oid:
            return known
        if len(self._known) >= PAYLOADS_MAX:
            self._known.clear()
        payload = self._known[id(trap.varbinds)] = self._payload(trap)
        return payload

    def _payload(self, trap: Trap) -> Payload:
        fields: dict[str, FieldValue] = {}
        code = trap.trap_oid
        notification = self._mib.notification(code)
        if notification is not None:
            code = notification.symbol
            fields["snmp.trap.name"] = notification.name
            fields["event.provider"] = notification.module
        message = self._add_variables(trap.varbinds, fields, code)
        interface = _interface_name(fields)
        if interface:
            fields["interface.name"] = interface
        state = _interface_state(trap.trap_oid, fields)
        if state:
            fields["interface.state"] = state
        return Payload(trap.trap_oid, trap.varbinds, code, fields, message)

    def _add_variables(
        self, varbinds: tuple[Varbind, ...], fields: dict[str, FieldValue], code: str
    ) -> str:
        """Add the variables to `fields` and return them as the event's message."""
        lines: list[str] = []
        words = [code]
        known, named = self._variables.known, self._variables.named
        for varbind in varbinds:
            variable = known.get(varbind) or named(varbind, varbinds)
            key, text = variable.key, variable.text
            fields[key] = text if key not in fields else _appended(fields[key], text)
            for part, content in variable.index:
                fields.setdefault(part, content)
            words.append(variable.word)
            lines.append(variable.line)
        if lines:
            fields["snmp.varbinds"] = tuple(lines)
        message = " ".join(words)
        return message if len(message) <= MESSAGE_CHARS_MAX else message[:MESSAGE_CHARS_MAX] + CUT


def _appended(value: FieldValue, text: str) -> tuple[str, ...]:
    """The values of a variable that occurs again, in order."""
    return (*value, text) if isinstance(value, tuple) else (str(value), text)


def _interface_name(fields: dict[str, FieldValue]) -> str:
    """The name of the trap's interface, of several the first; "" if it tells none."""
    for key in INTERFACE_NAMES:
        value = fields.get(key)
        if value:
            return value[0] if isinstance(value, tuple) else str(value)
    return ""


def _interface_state(trap_oid: str, fields: Mapping[str, FieldValue]) -> str:
    """The state of the trap's interface in the words of the syslog dialects; "" if it tells none.

    The notification says it, not the ifOperStatus beside it: linkDown is sent as the link is about
    to go down (RFC 2863 §6), and there are agents that give the state of a moment before.
    """
    if trap_oid == LINK_UP:
        return "up"
    if trap_oid == LINK_DOWN:
        return SHUT if fields.get("snmp.vb.ifAdminStatus") == "down" else "down"
    return ""

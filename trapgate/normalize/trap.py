"""A decoded trap → an event: names from the MIB index, the device from the user's sources.

Every variable is a field `snmp.vb.NAME` by its MIB name, whatever its position in the trap, so
that rules need no positions; one that no MIB names has its OID for a name. `snmp.varbinds` keeps
all of them in order, `snmp.index.NAME` what the table instances in their names say.
"""

import msgspec

from trapgate.mib import MibIndex, render
from trapgate.model import RAW_BYTES_MAX, Datagram, Event, FieldValue, Position, Trap, Varbind
from trapgate.normalize.sources import Sources

MESSAGE_CHARS_MAX = 2_048
"""The one line that people read and search; all variables are in `snmp.varbinds`."""

CUT = "…"
"""Ends a message that was cut."""

REPEATED_TYPES = frozenset(("integer", "octets", "oid", "ip"))
"""Variables of these types are remembered with all their texts: names and states, which devices
say again and again; counters and times are never the same twice."""

REPEATED_MAX = 32_768
"""Variables that are remembered, about 25 MB: what some 6,000 interfaces say. Past it the cache
starts anew."""

REPEATED_CHARS_MAX = 128
"""Longer ones are texts, which repeat less and cost more to keep."""

INTERFACE_NAMES = ("snmp.vb.ifName", "snmp.vb.ifDescr")
"""Which variable names an interface: the first that is there and not empty."""


class _Variable(msgspec.Struct, frozen=True, gc=False):
    """A variable in all its forms: its field's key and text, what its name's instance says, its
    word of the message, its line of `snmp.varbinds`."""

    key: str
    text: str
    index: tuple[tuple[str, str], ...]
    word: str
    line: str


class TrapNormalizer:
    """Makes events of traps; its only state are the caches of what it is given."""

    def __init__(self, mib: MibIndex, sources: Sources) -> None:
        self._mib = mib
        self._sources = sources
        self._variables: dict[Varbind, _Variable] = {}

    def event(self, trap: Trap, datagram: Datagram, *, event_id: str, position: Position) -> Event:
        """The event of a trap that arrived in `datagram`.

        A trap carries no clock time, so it happened when it arrived. Nothing in a trap can make
        this raise: what is not known keeps its number.
        """
        source = self._sources.of(datagram.peer.address)
        fields = _header_fields(trap)
        code = trap.trap_oid
        notification = self._mib.notification(code)
        if notification is not None:
            code = notification.symbol
            fields["snmp.trap.name"] = notification.name
            fields["event.provider"] = notification.module
        message = self._add_variables(trap, fields, code)
        interface = _interface_name(fields)
        if interface:
            fields["interface.name"] = interface
        if len(trap.raw) > RAW_BYTES_MAX:
            fields["event.raw_bytes"] = len(trap.raw)
        return Event(
            event_id,
            position,
            datagram.received_at,
            datagram.received_at,
            "arrival",
            "snmp.trap",
            datagram.peer,
            source.name or datagram.peer.address,
            None,
            code,
            source.labels,
            fields,
            message,
            trap.raw[:RAW_BYTES_MAX],
            trap.problems,
        )

    def _add_variables(self, trap: Trap, fields: dict[str, FieldValue], code: str) -> str:
        """Add the variables to `fields` and return them as the event's message."""
        lines: list[str] = []
        words = [code]
        for varbind in trap.varbinds:
            variable = self._variables.get(varbind) or self._variable(varbind)
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

    def _variable(self, varbind: Varbind) -> _Variable:
        """Name and render a variable; remember it if it will come again."""
        resolved = self._mib.resolve(varbind.oid)
        name, known, value = resolved.name, resolved.known, varbind.value
        text = render(varbind.type, value, known)
        shown = text
        if known is not None and known.labels and isinstance(value, int):
            shown = f"{text}({value})"
        variable = _Variable(
            "snmp.vb." + name,
            text,
            tuple([("snmp.index." + part, content) for part, content in resolved.index]),
            f'{name}="{text}"' if " " in text else f"{name}={text}",
            f"{resolved.variable} = {varbind.type}: {shown}",
        )
        if varbind.type in REPEATED_TYPES and len(variable.line) <= REPEATED_CHARS_MAX:
            if len(self._variables) >= REPEATED_MAX:
                self._variables.clear()
            self._variables[varbind] = variable
        return variable


def _header_fields(trap: Trap) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {
        "snmp.version": trap.version,
        "snmp.pdu_type": trap.pdu_type,
        "snmp.credential": trap.credential,
        "snmp.trap.oid": trap.trap_oid,
    }
    if trap.uptime is not None:
        fields["snmp.uptime"] = trap.uptime
    if trap.request_id is not None:
        fields["snmp.request_id"] = trap.request_id
    if trap.enterprise is not None:
        fields["snmp.enterprise"] = trap.enterprise
        if trap.agent_address is not None:
            fields["snmp.agent_address"] = trap.agent_address
        if trap.generic_trap is not None:
            fields["snmp.trap.generic"] = trap.generic_trap
        if trap.specific_trap is not None:
            fields["snmp.trap.specific"] = trap.specific_trap
    return fields


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

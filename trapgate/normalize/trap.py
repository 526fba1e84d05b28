"""A decoded trap → an event: names from the MIB index, the device by the policy of `origin`.

Every variable is a field `snmp.vb.NAME` by its MIB name, whatever its position in the trap, so
that rules need no positions; one that no MIB names has its OID for a name. `snmp.varbinds` keeps
all of them in order, `snmp.index.NAME` what the table instances in their names say.
"""

from trapgate.mib import MibIndex
from trapgate.model import (
    RAW_BYTES_MAX,
    Datagram,
    Event,
    FieldValue,
    Position,
    SecurityLevel,
    Trap,
)
from trapgate.normalize.coexistence import raw_without_community, v1_varbinds
from trapgate.normalize.origin import Origin, Origins, canonical_address
from trapgate.normalize.variables import Variables

MESSAGE_CHARS_MAX = 2_048
"""The one line that people read and search; all variables are in `snmp.varbinds`."""

CUT = "…"
"""Ends a message that was cut."""

INTERFACE_NAMES = ("snmp.vb.ifName", "snmp.vb.ifDescr")
"""Which variable names an interface: the first that is there and not empty."""


class TrapNormalizer:
    """Makes events of traps; its only state are the caches of what it is given."""

    def __init__(self, mib: MibIndex, origins: Origins) -> None:
        self._mib = mib
        self._origins = origins
        self._variables = Variables(mib)

    def event(self, trap: Trap, datagram: Datagram, *, event_id: str, position: Position) -> Event:
        """The event of a trap that arrived in `datagram`.

        A trap carries no clock time, so it happened when it arrived. Nothing in a trap can make
        this raise: what is not known keeps its number.
        """
        peer = datagram.peer.address
        origin = self._origins.of(trap, peer)
        fields = _header_fields(trap, origin)
        code = trap.trap_oid
        notification = self._mib.notification(code)
        if notification is not None:
            code = notification.symbol
            fields["snmp.trap.name"] = notification.name
            fields["event.provider"] = notification.module
        message = self._add_variables(trap, fields, code)
        if trap.enterprise is not None:
            self._add_v1_variables(trap, fields, peer)
        interface = _interface_name(fields)
        if interface:
            fields["interface.name"] = interface
        raw = raw_without_community(trap.raw)
        if len(raw) > RAW_BYTES_MAX:
            fields["event.raw_bytes"] = len(raw)
            raw = raw[:RAW_BYTES_MAX]
        return Event(
            event_id,
            position,
            datagram.received_at,
            datagram.received_at,
            "arrival",
            "snmp.trap",
            datagram.peer,
            origin.device,
            None,
            code,
            origin.labels,
            fields,
            message,
            raw,
            trap.problems,
        )

    def _add_variables(self, trap: Trap, fields: dict[str, FieldValue], code: str) -> str:
        """Add the variables to `fields` and return them as the event's message."""
        lines: list[str] = []
        words = [code]
        known, named = self._variables.known, self._variables.named
        for varbind in trap.varbinds:
            variable = known.get(varbind) or named(varbind, trap.varbinds)
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

    def _add_v1_variables(self, trap: Trap, fields: dict[str, FieldValue], peer: str) -> None:
        """Add what RFC 3584 puts behind the payload. The message is without: it tells no human
        anything that the event does not say elsewhere."""
        lines: list[str] = []
        for varbind in v1_varbinds(trap, peer):
            variable = self._variables.of(varbind, trap.varbinds)
            fields[variable.key] = variable.text
            lines.append(variable.line)
        before = fields.get("snmp.varbinds", ())
        if lines and isinstance(before, tuple):
            fields["snmp.varbinds"] = (*before, *lines)


def _header_fields(trap: Trap, origin: Origin) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {
        "host.ip": origin.address,
        "snmp.identity": origin.identity,
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
        _add_v1_header(trap, trap.enterprise, fields)
    if trap.security_level is not None:
        _add_v3_header(trap, trap.security_level, fields)
    return fields


def _add_v1_header(trap: Trap, enterprise: str, fields: dict[str, FieldValue]) -> None:
    fields["snmp.enterprise"] = enterprise
    if trap.agent_address is not None:
        fields["snmp.agent_address"] = canonical_address(trap.agent_address)
    if trap.generic_trap is not None:
        fields["snmp.trap.generic"] = trap.generic_trap
    if trap.specific_trap is not None:
        fields["snmp.trap.specific"] = trap.specific_trap


def _add_v3_header(trap: Trap, level: SecurityLevel, fields: dict[str, FieldValue]) -> None:
    fields["snmp.security_level"] = level
    if trap.engine_id:
        fields["snmp.engine_id"] = trap.engine_id
    if trap.context_engine_id:
        fields["snmp.context_engine_id"] = trap.context_engine_id
    if trap.context_name:
        fields["snmp.context_name"] = trap.context_name


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

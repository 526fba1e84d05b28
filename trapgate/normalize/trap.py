"""A decoded trap → an event: what it says from its `payload`, the device by the policy of `origin`,
and what its header tells.
"""

from trapgate.mib import MibIndex
from trapgate.mib.visible import visible
from trapgate.model import (
    RAW_BYTES_MAX,
    Datagram,
    Event,
    FieldValue,
    Position,
    SecurityLevel,
    Trap,
)
from trapgate.normalize.bounded import bounded, is_number
from trapgate.normalize.coexistence import v1_varbinds
from trapgate.normalize.origin import Origin, Origins, canonical_address
from trapgate.normalize.payload import Payloads
from trapgate.normalize.variables import Variables


class TrapNormalizer:
    """Makes events of traps; its only state are the caches of what it is given."""

    def __init__(self, mib: MibIndex, origins: Origins) -> None:
        self._origins = origins
        self._variables = Variables(mib)
        self._payloads = Payloads(mib, self._variables)

    def event(self, trap: Trap, datagram: Datagram, *, event_id: str, position: Position) -> Event:
        """The event of a trap that arrived in `datagram`.

        A trap carries no clock time, so it happened when it arrived. Nothing in a trap can make
        this raise: what is not known keeps its number.
        """
        peer = datagram.peer.address
        origin = self._origins.of(trap, peer)
        payload = self._payloads.of(trap)
        fields = _header_fields(trap, origin)
        fields.update(payload.fields)
        if trap.enterprise is not None:
            self._add_v1_variables(trap, fields, peer)
        raw = trap.raw
        if len(raw) > RAW_BYTES_MAX:
            fields["event.raw_bytes"] = len(raw)
            raw = raw[:RAW_BYTES_MAX]
        event = Event(
            event_id,
            position,
            datagram.received_at,
            datagram.received_at,
            "arrival",
            "snmp.trap",
            datagram.peer,
            origin.device,
            None,
            payload.code,
            origin.labels,
            fields,
            payload.message,
            raw,
            trap.problems,
        )
        return bounded(event, len(datagram.data))

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
    if trap.uptime is not None and is_number(trap.uptime):
        fields["snmp.uptime"] = trap.uptime
    if trap.request_id is not None and is_number(trap.request_id):
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
    if trap.generic_trap is not None and is_number(trap.generic_trap):
        fields["snmp.trap.generic"] = trap.generic_trap
    if trap.specific_trap is not None and is_number(trap.specific_trap):
        fields["snmp.trap.specific"] = trap.specific_trap


def _add_v3_header(trap: Trap, level: SecurityLevel, fields: dict[str, FieldValue]) -> None:
    fields["snmp.security_level"] = level
    if trap.engine_id:
        fields["snmp.engine_id"] = trap.engine_id
    if trap.context_engine_id:
        fields["snmp.context_engine_id"] = trap.context_engine_id
    if trap.context_name:
        fields["snmp.context_name"] = visible(trap.context_name)

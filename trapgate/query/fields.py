"""Which fields an event can have, and how each compares.

A field that no event can ever have is a typing error in a rule that would be silently false
for ever, so it is refused.
"""

from collections.abc import Mapping
from typing import Literal

from trapgate.config import did_you_mean
from trapgate.query.errors import QueryError

FieldKind = Literal["keyword", "number", "ip", "text"]
"""`keyword` compares exactly and knows `*`; `number` is a whole number of 64 bits and has an order;
`ip` is an address that lies in networks; `text` is searched for words."""

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
"""What both stores have for a number."""

FIELD_CHARS_MAX = 200
"""Of a field's name. With four bytes each they stay below the 1,000 that Elasticsearch takes for
the beginning of a term; the longest in the field, an OID below `snmp.vb.`, has some 80."""

FIELDS: Mapping[str, FieldKind] = {
    "bgp.neighbor": "keyword",
    "bgp.state": "keyword",
    "client.ip": "ip",
    "client.mac": "keyword",
    "client.port": "number",
    "error.code": "keyword",
    "error.message": "text",
    "event.action": "keyword",
    "event.code": "keyword",
    "event.dataset": "keyword",
    "event.end": "keyword",
    "event.id": "keyword",
    "event.module": "keyword",
    "event.parser": "keyword",
    "event.provider": "keyword",
    "event.raw_bytes": "number",
    "event.reason": "keyword",
    "event.repeated": "number",
    "event.sequence": "number",
    "event.severity": "number",
    "event.start": "keyword",
    "fan.name": "keyword",
    "fan.state": "keyword",
    "host.ip": "ip",
    "host.name": "keyword",
    "interface.name": "keyword",
    "interface.state": "keyword",
    "log.level": "keyword",
    "log.syslog.appname": "keyword",
    "log.syslog.facility.code": "number",
    "log.syslog.facility.name": "keyword",
    "log.syslog.hostname": "keyword",
    "log.syslog.msgid": "keyword",
    "log.syslog.node": "keyword",
    "log.syslog.priority": "number",
    "log.syslog.procid": "keyword",
    "log.syslog.relay": "keyword",
    "log.syslog.severity.code": "number",
    "log.syslog.severity.name": "keyword",
    "log.syslog.version": "keyword",
    "message": "text",
    "neighbor.address": "keyword",
    "neighbor.group": "keyword",
    "neighbor.protocol": "keyword",
    "neighbor.state": "keyword",
    "network.transport": "keyword",
    "observer.product": "keyword",
    "observer.vendor": "keyword",
    "ospf.neighbor": "keyword",
    "ospf.state": "keyword",
    "pool.member": "keyword",
    "pool.name": "keyword",
    "pool.state": "keyword",
    "process.name": "keyword",
    "process.pid": "number",
    "psu.name": "keyword",
    "psu.state": "keyword",
    "rule.name": "keyword",
    "server.ip": "ip",
    "server.port": "number",
    "snmp.agent_address": "ip",
    "snmp.context_engine_id": "keyword",
    "snmp.context_name": "keyword",
    "snmp.credential": "keyword",
    "snmp.engine_id": "keyword",
    "snmp.enterprise": "keyword",
    "snmp.identity": "keyword",
    "snmp.pdu_type": "keyword",
    "snmp.request_id": "number",
    "snmp.security_level": "keyword",
    "snmp.trap.generic": "number",
    "snmp.trap.name": "keyword",
    "snmp.trap.oid": "keyword",
    "snmp.trap.specific": "number",
    "snmp.uptime": "number",
    "snmp.varbinds": "keyword",
    "snmp.version": "keyword",
    "source.ip": "ip",
    "source.port": "number",
    "temperature.sensor": "keyword",
    "temperature.state": "keyword",
    "trapgate.gap.first": "number",
    "trapgate.gap.last": "number",
    "trapgate.gap.lost": "number",
    "trapgate.storm.codes": "keyword",
    "trapgate.storm.distinct": "number",
    "trapgate.storm.events": "number",
    "trapgate.storm.folded": "number",
    "user.name": "keyword",
    "vlan.id": "keyword",
    "vrf.name": "keyword",
}
"""Fields with fixed names (ECS where ECS has one)."""

MEANT: Mapping[str, str] = {
    "code": "event.code",
    "dataset": "event.dataset",
    "device": "host.name",
    "id": "event.id",
    "ip": "source.ip",
    "level": "event.severity",
    "msg": "message",
    "name": "host.name",
    "sender": "source.ip",
    "severity": "event.severity",
    "source": "source.ip",
    "vendor": "observer.vendor",
}
"""What people write for a field: the headings of our tables, and words of other tools. The nearest
spelling would be another field."""

_TIME = "times are not part of a query: use --since and --until, or start and end of the API"
NOT_ASKED: Mapping[str, str] = {
    "@timestamp": _TIME,
    "ecs.version": "it is the same in every event: leave it out",
    "event.category": "it is the same in every event: leave it out",
    "event.created": _TIME,
    "event.kind": "it is the same in every event: leave it out",
    "event.original": "ask for words of it: message:word",
    "event.original_encoding": "ask for words of the text: message:word",
    "event.type": "it is the same in every event: leave it out",
    "happened": _TIME,
    "received": _TIME,
    "since": _TIME,
    "time": _TIME,
    "timestamp": _TIME,
    "until": _TIME,
}
"""What documents and tables have but queries do not, and how to ask instead."""

PREFIXES = (
    "bgp.",
    "interface.",
    "labels.",
    "log.syslog.structured_data.",
    "ospf.",
    "snmp.index.",
    "snmp.vb.",
    "syslog.pairs.",
)
"""Fields whose last part is somebody else's word (a MIB's, a device's, the user's): keywords."""


def field_kind(field: str) -> FieldKind | None:
    """How a field compares; `None` if no event can have it, or its name is too long to ask for."""
    kind = FIELDS.get(field)
    if kind is None and field.startswith(PREFIXES) and field not in PREFIXES:
        return "keyword" if len(field) <= FIELD_CHARS_MAX else None
    return kind


def field_problem(field: str) -> str | None:
    """What is wrong with a field's name, `None` if an event can have it."""
    try:
        check_field(field)
    except QueryError as error:
        return f"{error.summary}; {error.help}" if error.help else error.summary
    return None


def check_field(field: str, offset: int = 0) -> FieldKind:
    """How a field compares.

    Raises `QueryError` at `offset` for a field that no event can have, with the nearest name, and
    for one that is not asked for in queries, with what to write instead.
    """
    kind = field_kind(field)
    instead = NOT_ASKED.get(field.lower())
    if kind is None and instead is not None:
        raise QueryError(offset, f'queries do not ask for "{field}"', instead)
    if len(field) > FIELD_CHARS_MAX:
        summary = f"the name of a field has at most {FIELD_CHARS_MAX} characters"
        raise QueryError(offset, summary)
    if kind is None:
        raise QueryError(offset, f'there is no field "{field}"', _nearest(field))
    return kind


def _nearest(field: str) -> str:
    """The field that people mean by this word, else one that ends like it (`appname`:
    `log.syslog.appname`) or is its name (`host`: `host.name`), else one spelled alike."""
    lowered = field.lower()
    if lowered in MEANT:
        return f'did you mean "{MEANT[lowered]}"?'
    for known in FIELDS:
        if lowered == known or known.endswith(f".{lowered}"):
            return f'did you mean "{known}"?'
    for prefix in PREFIXES:
        if f"{lowered}." == prefix or lowered == prefix:
            return f'name the part after "{prefix}"'
    if f"{lowered}.name" in FIELDS:  # a thing is told by its name, not by what is spelled nearest
        return f'did you mean "{lowered}.name"?'
    return did_you_mean(lowered, FIELDS)

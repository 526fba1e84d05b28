"""Syslog messages → events: the device's name, the instant that counts, ECS fields.

In: a `SyslogMessage` and the datagram that carried it. Out: one `Event` of dataset
`syslog.network`. Field names are ECS 8's.
"""

from collections.abc import Iterator, Mapping

from trapgate.model import (
    RAW_BYTES_MAX,
    Datagram,
    Event,
    FieldValue,
    Position,
    SyslogMessage,
    rfc3339,
)
from trapgate.normalize.sources import Source, Sources

SEVERITIES = (
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "informational",
    "debug",
)
"""RFC 5424 §6.2.1, table 2, by code."""

FACILITIES = (
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "audit",
    "alert",
    "clock",
    *(f"local{number}" for number in range(8)),
)
"""RFC 5424 §6.2.1, table 1, by code, in the keywords that `logger -p` takes; it has none for 12 to
15."""

PID_DIGITS_MAX = 10
"""A procid of more digits is some other number: process ids have 32 bits at most."""

PORTS = frozenset({"client.port", "server.port"})
PORT_DIGITS_MAX = 5


class SyslogNormalizer:
    """Makes events of syslog messages with the user's table of sources."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def event(
        self, message: SyslogMessage, datagram: Datagram, *, event_id: str, position: Position
    ) -> Event:
        """The event of one message.

        The device's time is the event's only if its clock is trusted; else the event happened
        when it arrived, and `event.start` keeps what the device said. The severity is the
        vendor's, else the PRI's; the code is the mnemonic, else RFC 5424's MSGID, else "".
        """
        source = self._sources.of(datagram.peer.address)
        device = _device(message, datagram, source)
        timestamp, clock = datagram.received_at, "arrival"
        if message.timestamp is not None and message.clock_trusted:
            timestamp, clock = message.timestamp, f"device:{device}"
        severity = message.severity if message.vendor_severity is None else message.vendor_severity
        fields = dict(_fields(message))
        if severity is not None:
            fields["log.level"] = SEVERITIES[severity]
        fields.update(_numbered(message.fields))
        if len(message.raw) > RAW_BYTES_MAX:
            fields["event.raw_bytes"] = len(message.raw)
        return Event(
            id=event_id,
            position=position,
            timestamp=timestamp,
            received_at=datagram.received_at,
            clock=clock,
            kind="syslog.network",
            source=datagram.peer,
            device=device,
            severity=severity,
            code=message.code or message.msgid or "",
            labels=source.labels,
            fields=fields,
            message=message.message,
            raw=message.raw[:RAW_BYTES_MAX],
            problems=message.problems,
        )


def _numbered(fields: Mapping[str, str]) -> Iterator[tuple[str, FieldValue]]:
    """The body's fields; ports are numbers, and one that is not is left out."""
    for name, value in fields.items():
        if name not in PORTS:
            yield name, value
        elif value.isascii() and value.isdigit() and len(value) <= PORT_DIGITS_MAX:
            yield name, int(value)


def _device(message: SyslogMessage, datagram: Datagram, source: Source) -> str:
    """The device's own name for itself, else the user's, else its address. A device that gives
    the address from which it sends has said nothing new: there the user's name wins."""
    address = datagram.peer.address
    if message.hostname is not None and message.hostname != address:
        return message.hostname
    return source.name or address


def _fields(message: SyslogMessage) -> Iterator[tuple[str, FieldValue]]:
    yield "event.parser", message.format
    if message.timestamp is not None and not message.clock_trusted:
        yield "event.start", rfc3339(message.timestamp)
        yield "event.reason", "clock_unsynced"
    if message.provider is not None:
        yield "event.provider", message.provider
    if message.sequence is not None:
        yield "event.sequence", message.sequence
    if message.facility is not None and message.severity is not None:
        yield "log.syslog.priority", message.facility * 8 + message.severity
        yield "log.syslog.facility.code", message.facility
        yield "log.syslog.facility.name", FACILITIES[message.facility]
        yield "log.syslog.severity.code", message.severity
        yield "log.syslog.severity.name", SEVERITIES[message.severity]
    if message.hostname is not None:
        yield "log.syslog.hostname", message.hostname
    if message.relay is not None:
        yield "log.syslog.relay", message.relay
    if message.node is not None:
        yield "log.syslog.node", message.node
    if message.repeated is not None:
        yield "event.repeated", message.repeated
    if message.msgid is not None:
        yield "log.syslog.msgid", message.msgid
    if message.format == "rfc5424":
        yield "log.syslog.version", "1"
    yield from _process(message)
    for sd_id, parameters in message.structured_data.items():
        for name, value in parameters.items():
            yield f"log.syslog.structured_data.{sd_id}.{name}", value


def _process(message: SyslogMessage) -> Iterator[tuple[str, FieldValue]]:
    """Who wrote the line; `process.pid` is a number, which a procid need not be."""
    if message.appname is not None:
        yield "log.syslog.appname", message.appname
        yield "process.name", message.appname
    if message.procid is not None:
        yield "log.syslog.procid", message.procid
        pid = message.procid
        if pid.isascii() and pid.isdigit() and len(pid) <= PID_DIGITS_MAX:
            yield "process.pid", int(pid)

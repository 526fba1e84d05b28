"""Syslog messages → events: the device's name, the instant that counts, ECS fields.

In: a `SyslogMessage` and the datagram that carried it. Out: one `Event` of dataset
`syslog.network`. Field names are ECS 8's.
"""

from collections.abc import Mapping
from functools import lru_cache

from trapgate.model import (
    NS_PER_MS,
    NS_PER_S,
    RAW_BYTES_MAX,
    Datagram,
    Event,
    FieldValue,
    Position,
    SyslogMessage,
    rfc3339,
)
from trapgate.normalize.bounded import bounded
from trapgate.normalize.sources import Sources

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

_PRIORITIES: tuple[dict[str, FieldValue], ...] = tuple(
    {
        "log.syslog.priority": facility * 8 + severity,
        "log.syslog.facility.code": facility,
        "log.syslog.facility.name": FACILITIES[facility],
        "log.syslog.severity.code": severity,
        "log.syslog.severity.name": SEVERITIES[severity],
    }
    for facility in range(len(FACILITIES))
    for severity in range(len(SEVERITIES))
)
"""What each PRI says, by its number: an event's fields begin as a copy."""

PID_DIGITS_MAX = 10
"""A procid of more digits is some other number: process ids have 32 bits at most."""

SECONDS_CACHED_MAX = 4_096
"""Seconds whose written form is remembered: devices with a clock that was never set count on from
the same few days, many lines in a second."""

PORTS = ("client.port", "server.port")
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
        address = datagram.peer.address
        source = self._sources.of(address)
        device = message.hostname
        if device is None or device == address:
            # who gives the address from which it sends has said nothing new: the user's name wins
            device = source.name or address
        timestamp, clock = datagram.received_at, "arrival"
        if message.timestamp is not None and message.clock_trusted:
            timestamp, clock = message.timestamp, f"device:{device}"
        severity = message.severity if message.vendor_severity is None else message.vendor_severity
        fields = _fields(message)
        if severity is not None:
            fields["log.level"] = SEVERITIES[severity]
        if message.fields:
            _add_said(fields, message.fields)
        if len(message.raw) > RAW_BYTES_MAX:
            fields["event.raw_bytes"] = len(message.raw)
        event = Event(  # by position: names would cost half a microsecond
            event_id,
            position,
            timestamp,
            datagram.received_at,
            clock,
            "syslog.network",
            datagram.peer,
            device,
            severity,
            message.code or message.msgid or "",
            source.labels,
            fields,
            message.message,
            message.raw[:RAW_BYTES_MAX],
            message.problems,
        )
        return bounded(event, len(datagram.data))


def _add_said(fields: dict[str, FieldValue], said: Mapping[str, str]) -> None:
    """What the text said."""
    fields.update(said)
    for name in PORTS:
        if name in said:
            _number(fields, name, said[name])


def _number(fields: dict[str, FieldValue], port: str, value: str) -> None:
    """Ports are numbers, and one that is not is left out."""
    if value.isascii() and value.isdigit() and len(value) <= PORT_DIGITS_MAX:
        fields[port] = int(value)
    else:
        del fields[port]


def _fields(message: SyslogMessage) -> dict[str, FieldValue]:
    """What the header said."""
    fields: dict[str, FieldValue] = {}
    if message.facility is not None and message.severity is not None:
        fields = _PRIORITIES[message.facility * 8 + message.severity].copy()
    fields["event.parser"] = message.format
    if message.timestamp is not None and not message.clock_trusted:
        fields["event.start"] = _written(message.timestamp)
        fields["event.reason"] = "clock_unsynced"
    if message.provider is not None:
        fields["event.provider"] = message.provider
    if message.sequence is not None:
        fields["event.sequence"] = message.sequence
    _add_names(fields, message)
    _add_process(fields, message)
    if message.structured_data:
        for sd_id, parameters in message.structured_data.items():
            for name, value in parameters.items():
                fields[f"log.syslog.structured_data.{sd_id}.{name}"] = value
    return fields


def _written(instant_ns: int) -> str:
    """An instant as `rfc3339` writes it."""
    seconds, fraction = divmod(instant_ns, NS_PER_S)
    return f"{_written_second(seconds)}.{fraction // NS_PER_MS:03d}Z"


@lru_cache(SECONDS_CACHED_MAX)
def _written_second(seconds: int) -> str:
    return rfc3339(seconds * NS_PER_S, digits=0)[:-1]


def _add_names(fields: dict[str, FieldValue], message: SyslogMessage) -> None:
    if message.hostname is not None:
        fields["log.syslog.hostname"] = message.hostname
    if message.relay is not None:
        fields["log.syslog.relay"] = message.relay
    if message.node is not None:
        fields["log.syslog.node"] = message.node
    if message.repeated is not None:
        fields["event.repeated"] = message.repeated
    if message.msgid is not None:
        fields["log.syslog.msgid"] = message.msgid
    if message.format == "rfc5424":
        fields["log.syslog.version"] = "1"


def _add_process(fields: dict[str, FieldValue], message: SyslogMessage) -> None:
    """Who wrote the line; `process.pid` is a number, which a procid need not be."""
    if message.appname is not None:
        fields["log.syslog.appname"] = fields["process.name"] = message.appname
    if message.procid is not None:
        fields["log.syslog.procid"] = pid = message.procid
        if pid.isascii() and pid.isdigit() and len(pid) <= PID_DIGITS_MAX:
            fields["process.pid"] = int(pid)

"""`trapgate decode`: the server's own decoders and normalizers on input from a terminal."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO

import msgspec

from trapgate.app.build import Configuration
from trapgate.app.clock import now
from trapgate.cli.check import reported_configuration
from trapgate.cli.explain import explained
from trapgate.cli.inputs import Arrived, Inputs, opened
from trapgate.cli.readable import readable
from trapgate.config import Cidr
from trapgate.decode.syslog import SyslogDecoder
from trapgate.listen.access import canonical
from trapgate.model import (
    DATAGRAM_BYTES_MAX,
    Datagram,
    Endpoint,
    Event,
    Outcome,
    Protocol,
    parse_rfc3339,
)
from trapgate.normalize.document import document
from trapgate.normalize.settings import DuplicatesSettings, RateLimitSettings
from trapgate.normalize.sources import Sources, SourceSettings
from trapgate.observe import configure_logs

STREAM = "decode"
"""Name of the stream that the printed events' positions would be in."""

TRAP_PORTS = (162, 1162)
"""Where traps go: the registered port, and trapgate's, which needs no privileges."""

SHOWN_ANYWAY = Outcome.COMMUNITY_DENIED
"""The outcome of a datagram that can be decoded nevertheless: who looks at it wants to see it."""

NO_TRAPS = tuple(
    f"{Outcome.MALFORMED}/{reason}" for reason in ("unsupported-pdu", "not-snmp", "not-ber")
)
"""What other traffic ends in, where all ports are looked at: a GET, a response, LDAP."""

_NO_FAILURE = (Outcome.STORED, Outcome.DUPLICATE, SHOWN_ANYWAY)
_PORT_MAX = 65_535

Write = Callable[[Event], str]


class Asked(msgspec.Struct, frozen=True):
    """The options. `address`, `received_at` (RFC 3339, `None` for now) and `zone` (`None`: that of
    the configured sources) are for input that does not say them itself."""

    address: str
    received_at: str | None
    config: Path | None
    output: str = "json"
    ports: str | None = None
    zone: str | None = None
    explain: bool = False


class Unusable(Exception):
    """An option that cannot be used; the message says why."""


def decode_traps(given: str, asked: Asked) -> int:
    """Print the events of the traps in hexadecimal, a file or a capture, whatever their community
    (what an event shows as its original has it masked); 1 if one could not be decoded or the
    capture is damaged."""
    decoding = _Decoding.begin(asked, Protocol.SNMP)
    if isinstance(decoding, int):
        return decoding
    try:
        ports = _ports(asked.ports, decoding.configuration)
        with opened(given) as file:
            inputs = Inputs(file, ports)
            code = decoding.run(inputs, traps_only=ports is None)
    except (Unusable, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        what = "this is neither hex (pairs of 0-9 and a-f) nor a file that can be read"
        print(f"{what}: {given}: {error.strerror}", file=sys.stderr)
        return 2
    if inputs.damage:
        print(f"{given}: the capture is damaged: {inputs.damage}", file=sys.stderr)
    if inputs.summary():
        print(inputs.summary(), file=sys.stderr)
    if decoding.others:
        print(f"datagrams that are no traps: {decoding.others}", file=sys.stderr)
    return 1 if inputs.damage else code


def decode_lines(file: BinaryIO, asked: Asked) -> int:
    """Print the event of each line of syslog; 1 if one could not be decoded."""
    decoding = _Decoding.begin(asked, Protocol.SYSLOG)
    if isinstance(decoding, int):
        return decoding
    if asked.explain:
        decoding.write = _Explaining(decoding.configuration.syslog_decoder()).write
    lines = filter(None, (line.rstrip(b"\r\n") for line in file))
    return decoding.run(Arrived(n, line) for n, line in enumerate(lines, start=1))


class _Decoding:
    """One run: one translator with one memory, since a decoder may learn from what comes first."""

    def __init__(
        self, configuration: Configuration, protocol: Protocol, peer: Endpoint, at_ns: int
    ) -> None:
        self.configuration = configuration
        self.write: Write = WRITERS["json"]
        self.others = 0
        """Datagrams that were left out because they are no traps."""
        self._translator = configuration.translator(_no_count)
        self._memory = self._translator.memory()
        self._lenient = configuration.translator(_no_count, any_community=True)
        listeners = [e for e in configuration.settings.listen if e.protocol == protocol]
        self._listeners = {entry.address.port: entry.name for entry in reversed(listeners)}
        self._listener = listeners[0].name if listeners else ""
        self._peer = peer
        self._at_ns = at_ns

    @classmethod
    def begin(cls, asked: Asked, protocol: Protocol) -> "_Decoding | int":
        """Read the configuration and the options; an exit code if they cannot be used."""
        try:
            peer = Endpoint(_address(asked.address), 0)
            at_ns = parse_rfc3339(asked.received_at) if asked.received_at else now().wall_ns
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        configuration = reported_configuration(asked.config, warnings=False)
        if configuration is None:
            return os.EX_CONFIG
        if asked.zone is not None:
            try:
                configuration = _in_zone(configuration, asked.zone)
            except ValueError:
                print(f'"{asked.zone}" is not a time zone: write Europe/Berlin', file=sys.stderr)
                return 2
        configure_logs("decode")
        decoding = cls(_without_limits(configuration), protocol, peer, at_ns)
        decoding.write = WRITERS[asked.output]
        return decoding

    def run(self, inputs: Iterable[Arrived], *, traps_only: bool = False) -> int:
        """Print what each becomes, or only what may be a trap; 1 if one could not be decoded."""
        code = 0
        for arrived in inputs:
            outcome, events = self._translate(arrived)
            if traps_only and outcome in NO_TRAPS:
                self.others += 1
                continue
            for event in events:
                # what is told beside the input (lines that are missing) has another stream
                if event.position.stream == STREAM or event.raw:
                    sys.stdout.write(self.write(event) + "\n")
            if outcome != Outcome.STORED:
                print(f"input {arrived.number}: {outcome}", file=sys.stderr)
            if not outcome.startswith(_NO_FAILURE):
                code = 1
        return code

    def _translate(self, arrived: Arrived) -> tuple[str, list[Event]]:
        local = arrived.local or Endpoint("", 0)
        datagram = Datagram(
            arrived.data[:DATAGRAM_BYTES_MAX],
            arrived.peer or self._peer,
            local,
            self._listeners.get(local.port, self._listener),
            self._at_ns if arrived.at_ns is None else arrived.at_ns,
        )
        records = [(arrived.number, datagram)]
        batch = self._translator.batch(records, STREAM, self._memory, now())
        (outcome,) = batch.ledger
        if outcome.startswith(SHOWN_ANYWAY):
            batch = self._lenient.batch(records, STREAM, self._lenient.memory(), now())
        return outcome, batch.events


class _Explaining:
    """Reads each line once more, to show how it was read."""

    def __init__(self, decoder: SyslogDecoder) -> None:
        self._decoder = decoder

    def write(self, event: Event) -> str:
        """The explanation of an event's line (as far as the event keeps it)."""
        datagram = Datagram(event.raw, event.source, Endpoint("", 0), "", event.received_at)
        readings = self._decoder.readings(datagram)
        return explained(readings[0], event) if readings else _json(event)


def _address(text: str) -> str:
    """The sender's address as a listener would report it: a v4-mapped one as IPv4, a zone stays.
    Raises `ValueError` if it is none."""
    written = str(ip_address(text))
    _, percent, zone = written.partition("%")
    return f"{canonical(written)}{percent}{zone}"


def _without_limits(configuration: Configuration) -> Configuration:
    """The configuration, were nobody's repeats folded: what is looked at is no storm."""
    normalize = msgspec.structs.replace(
        configuration.settings.normalize,
        rate_limit=RateLimitSettings(events_per_second=0),
        duplicates=DuplicatesSettings(),
    )
    settings = msgspec.structs.replace(configuration.settings, normalize=normalize)
    entries = [msgspec.structs.replace(entry, rate_limit=None) for entry in settings.sources]
    return msgspec.structs.replace(configuration, settings=settings, sources=Sources(entries))


def _in_zone(configuration: Configuration, zone: str) -> Configuration:
    """The configuration, were all clocks in this zone. Raises `ValueError` if there is none."""
    entries = [
        msgspec.structs.replace(entry, timezone=zone) for entry in configuration.settings.sources
    ]
    everybody = SourceSettings(cidr=Cidr.from_text("any"), timezone=zone)
    try:
        sources = Sources([*entries, everybody])
    except (KeyError, OSError) as error:
        raise ValueError(zone) from error
    settings = msgspec.structs.replace(configuration.settings, sources=(*entries, everybody))
    return msgspec.structs.replace(configuration, settings=settings, sources=sources)


def _json(event: Event) -> str:
    return msgspec.json.encode(document(event)).decode()


WRITERS: Mapping[str, Write] = {"json": _json, "text": readable}
"""What `-o` may be."""


def _ports(text: str | None, configuration: Configuration) -> frozenset[int] | None:
    """The destination ports of traps in a capture; `None` for any. Raises `Unusable`."""
    if text == "any":
        return None
    if text is None:
        listeners = [e for e in configuration.settings.listen if e.protocol == "snmp"]
        return frozenset(TRAP_PORTS) | {entry.address.port for entry in listeners}
    words = text.split(",")
    if not all(word.isascii() and word.isdigit() and int(word) <= _PORT_MAX for word in words):
        raise Unusable(f'"{text}" are not ports: write 162,1162 or any')
    return frozenset(map(int, words))


def _no_count(_: Datagram, __: Exception) -> None:
    """Bugs are in the log; there is nobody to count them for."""

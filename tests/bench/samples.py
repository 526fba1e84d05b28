"""Datagrams, events and a configuration in this process, for the rows that need no network."""

from functools import cache

import msgspec

from trapgate.app.build import Configuration, build
from trapgate.app.files import DEFAULTS, read_bundle
from trapgate.model import Datagram, Endpoint, Event, Now
from trapgate.normalize.settings import RateLimitSettings

from .traffic import link_downs

ARRIVED = Now(1_790_000_000_000_000_000, 0)
LISTENER = "snmp"
STREAM = "bench"

_PEER = Endpoint("10.0.0.7", 50_162)
_LOCAL = Endpoint("10.0.0.1", 1162)


@cache
def configuration() -> Configuration:
    """The built-in configuration with the bundled rules and MIBs, and without the limit of events
    a second of one source: all of the samples come from one."""
    bundle, problems = read_bundle(DEFAULTS / "trapgate.yml")
    built = None
    if bundle is not None:
        built, problems = build(bundle)
    if built is None:
        raise ValueError(problems)
    normalize = msgspec.structs.replace(
        built.settings.normalize, rate_limit=RateLimitSettings(events_per_second=0)
    )
    settings = msgspec.structs.replace(built.settings, normalize=normalize)
    return msgspec.structs.replace(built, settings=settings)


def datagram(data: bytes, listener: str = LISTENER) -> Datagram:
    """Bytes as if they had just arrived."""
    return Datagram(data, _PEER, _LOCAL, listener, ARRIVED.wall_ns)


def trap_datagrams(count: int) -> list[Datagram]:
    """linkDown traps of 48 interfaces, each with its own request-id."""
    templates = link_downs()
    return [datagram(templates.numbered(number)) for number in range(count)]


def trap_events(count: int) -> list[Event]:
    """The events of these traps, as the ingest loop makes them."""
    translator = configuration().translator(lambda *_: None)
    numbered = enumerate(trap_datagrams(count), start=1)
    return translator.batch(numbered, STREAM, translator.memory(), ARRIVED).events

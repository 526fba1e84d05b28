"""`decode-syslog`: a line → `SyslogMessage` → event, lines of every vendor in turn."""

from collections.abc import Mapping

from trapgate.decode.syslog import SyslogDecoder
from trapgate.model import Position, SyslogMessage
from trapgate.normalize.syslog import SyslogNormalizer

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..lines import corpus, mixed
from ..samples import ARRIVED, STREAM, configuration, datagram
from ..stopwatch import fastest_us

ROUNDS = 100
"""Times each of the lines, each time as another device sends it."""

EVENT_ID = "0" * 32


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    sources, dialects = configuration().sources, configuration().dialects
    syslog = SyslogDecoder(sources.zone_of, dialects, sources.vendor_of, sources.charset_of)
    normalizer = SyslogNormalizer(sources)
    lines = mixed(len(corpus()) * bench.scale.of(ROUNDS))
    datagrams = [datagram(line, "syslog-udp") for line in lines]
    place = Position(STREAM, 1)

    def work() -> None:
        for each in datagrams:
            (message,) = syslog.decode(each, ARRIVED).messages
            assert isinstance(message, SyslogMessage)
            normalizer.event(message, each, event_id=EVENT_ID, position=place)

    return {"decode-syslog": Measurement(fastest_us(work, len(datagrams)))}


FAMILY = Family(
    "decode-syslog",
    (
        Spec(
            "decode-syslog",
            "µs a line",
            "a line to its event, every vendor's in turn",
            mark=Mark("value", "<=", 20.0),
        ),
    ),
    measure,
    repeats=3,
)

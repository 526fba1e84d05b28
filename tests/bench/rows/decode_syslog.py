"""`decode-syslog`: a line → `SyslogMessage` → event."""

from collections.abc import Mapping

from trapgate.decode.syslog import SyslogDecoder
from trapgate.model import Position, SyslogMessage
from trapgate.normalize.syslog import SyslogNormalizer

from ..figures import Bench, Family, Measurement, Spec
from ..samples import ARRIVED, STREAM, configuration, datagram
from ..stopwatch import fastest_us
from ..traffic import SYSLOG_LINES

ROUNDS = 2_500
"""Times each of the lines."""

EVENT_ID = "0" * 32


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    sources, dialects = configuration().sources, configuration().dialects
    syslog = SyslogDecoder(sources.zone_of, dialects)
    normalizer = SyslogNormalizer(sources)
    datagrams = [datagram(line, "syslog-udp") for line in SYSLOG_LINES] * bench.scale.of(ROUNDS)
    place = Position(STREAM, 1)

    def work() -> None:
        for each in datagrams:
            (message,) = syslog.decode(each, ARRIVED).messages
            assert isinstance(message, SyslogMessage)
            normalizer.event(message, each, event_id=EVENT_ID, position=place)

    return {"decode-syslog": Measurement(fastest_us(work, len(datagrams)))}


FAMILY = Family(
    "decode-syslog",
    (Spec("decode-syslog", "µs a line", "a line of four dialects in turn to its event"),),
    measure,
    repeats=3,
)

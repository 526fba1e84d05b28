"""`rule-match` and `rule-pass`: an event against the bundled rules, one that meets one of them and
one that meets none, as nearly all of the field's do."""

from collections.abc import Mapping, Sequence

from trapgate.model import Event
from trapgate.rules import Matcher

from ..figures import Bench, Family, Measurement, Spec
from ..lines import field
from ..samples import ARRIVED, STREAM, configuration, datagram, trap_events
from ..stopwatch import fastest_us

COUNT = 10_000


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    matcher = Matcher(configuration().rules)
    events = trap_events(bench.scale.of(COUNT))
    passing = [event for event in _line_events(bench.scale.of(COUNT)) if not matcher.matches(event)]
    return {
        "rule-match": Measurement(_asked(matcher, events)),
        "rule-pass": Measurement(_asked(matcher, passing)),
    }


def _asked(matcher: Matcher, events: Sequence[Event]) -> float:
    def work() -> None:
        for event in events:
            matcher.matches(event)

    return fastest_us(work, len(events))


def _line_events(count: int) -> Sequence[Event]:
    """The events of lines that mostly meet no rule."""
    translator = configuration().translator(lambda *_: None)
    datagrams = [datagram(line, "syslog-udp") for line in field(count)]
    return translator.batch(
        enumerate(datagrams, start=1), STREAM, translator.memory(), ARRIVED
    ).events


FAMILY = Family(
    "rule-match",
    (
        Spec("rule-match", "µs an event", "a linkDown that raises an alert, bundled rules"),
        Spec("rule-pass", "µs an event", "a line that meets none of them"),
    ),
    measure,
    repeats=3,
)

"""`rule-match`: an event against the bundled rules."""

from collections.abc import Mapping

from trapgate.rules import Matcher

from ..figures import Bench, Family, Measurement, Spec
from ..samples import configuration, trap_events
from ..stopwatch import fastest_us

COUNT = 10_000


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    matcher = Matcher(configuration().rules)
    events = trap_events(bench.scale.of(COUNT))

    def work() -> None:
        for event in events:
            matcher.matches(event)

    return {"rule-match": Measurement(fastest_us(work, len(events)))}


FAMILY = Family(
    "rule-match",
    (Spec("rule-match", "µs an event", "a linkDown that raises an alert, bundled rules"),),
    measure,
    repeats=3,
)

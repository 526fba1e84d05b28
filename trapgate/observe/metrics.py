"""The metrics: one registry a process, one exposition for all. `families` is the table of them.

Each process counts in its own `Metrics` and publishes them as a text file beside the data; the
core adds the files up when it is scraped. Names are `trapgate_<stage>_<noun>_<unit>_total`; those
that start with `alertmanager_` are Alertmanager's own, kept so that its dashboards and clients
work.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from trapgate.observe.families import FAMILIES
from trapgate.observe.notice import Unreadable, show, shown

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """This process's registry, with every declared family that it asks for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._declared = {family.name: family for family in FAMILIES}
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._published = b""

    def counter(self, name: str) -> Counter:
        """The declared counter of this full name. Raises `KeyError` if it is not in the table."""
        if name not in self._counters:
            family = self._declared[name]
            self._counters[name] = Counter(name, family.help, family.labels, registry=self.registry)
        return self._counters[name]

    def gauge(self, name: str) -> Gauge:
        """The declared gauge of this full name. Raises `KeyError` if it is not in the table."""
        if name not in self._gauges:
            family = self._declared[name]
            self._gauges[name] = Gauge(name, family.help, family.labels, registry=self.registry)
        return self._gauges[name]

    def histogram(self, name: str) -> Histogram:
        """The declared histogram of this full name. Raises `KeyError` if it is not in the table."""
        if name not in self._histograms:
            family = self._declared[name]
            self._histograms[name] = Histogram(
                name, family.help, family.labels, registry=self.registry, buckets=family.buckets
            )
        return self._histograms[name]

    def publish(self, path: Path) -> None:
        """Show the exposition to the other processes; nothing is written when nothing changed."""
        text = generate_latest(self.registry)
        if text != self._published:
            show(path, text)
            self._published = text


class Follower:
    """Lets a counter follow a number that code which cannot count into metrics keeps itself."""

    def __init__(self, counter: Counter, number: Callable[[], int]) -> None:
        self._counter = counter
        self._number = number
        self._seen = 0

    def __call__(self) -> None:
        """Count what has come since the last call."""
        number = self._number()
        self._counter.inc(number - self._seen)
        self._seen = number


def merged_exposition(own: Metrics, others: Iterable[Path]) -> bytes:
    """One exposition: this process's metrics with the other processes' files added to them,
    sample by sample. A file that cannot be read (not published yet) adds nothing."""
    families: dict[str, Metric] = {}
    sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for metric in _metrics(own, others):
        families.setdefault(metric.name, metric)
        totals = sums.setdefault(metric.name, {})
        for sample in metric.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            totals[key] = totals.get(key, 0.0) + sample.value
    merged = CollectorRegistry()
    merged.register(_Summed(families, sums))
    return generate_latest(merged)


def published_samples(own: Metrics, others: Iterable[Path], name: str) -> Iterator[Sample]:
    """The samples of one gauge, of this process and of those that publish in these files."""
    for metric in _metrics(own, others):
        if metric.name == name:
            yield from metric.samples


def _metrics(own: Metrics, others: Iterable[Path]) -> Iterator[Metric]:
    yield from own.registry.collect()
    for path in others:
        try:
            text = shown(path)
        except (OSError, Unreadable):
            continue
        yield from text_string_to_metric_families(text.decode())


class _Summed:
    """A collector over sums that are already made."""

    def __init__(
        self,
        families: dict[str, Metric],
        sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]],
    ) -> None:
        self.families = families
        self.sums = sums

    def collect(self) -> Iterator[Metric]:
        for name, first in self.families.items():
            metric = Metric(name, first.documentation, first.type)
            for (sample, labels), value in self.sums[name].items():
                metric.add_sample(sample, dict(labels), value)
            yield metric

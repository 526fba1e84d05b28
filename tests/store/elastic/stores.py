"""Stores on a server, their metrics, and what a test asks them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx

from trapgate.model import Event
from trapgate.model.query import Everything
from trapgate.observe import Metrics
from trapgate.store.elastic.client import Cluster
from trapgate.store.elastic.replays import ASKED_EVENTS
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.store import ElasticsearchEventStore
from trapgate.store.elastic.template import data_streams

FOR_EVER_NS = 1 << 62


class Bench:
    """A store, and the server behind it as an operator sees it."""

    def __init__(
        self,
        settings: ElasticsearchSettings,
        *,
        retention_days: int = 30,
        sleep: Callable[[float], None] = lambda _: None,
        cluster: Cluster | None = None,
        http: httpx.Client | None = None,
        asked_events: int = ASKED_EVENTS,
    ) -> None:
        self.metrics = Metrics()
        self.settings = settings
        self.namespace = settings.namespace
        self.http = http or httpx.Client(base_url=settings.urls[0], timeout=30)
        self.cluster = cluster or Cluster(settings)
        self.store = ElasticsearchEventStore(
            self.cluster,
            settings,
            retention_days=retention_days,
            metrics=self.metrics,
            sleep=sleep,
            asked_events=asked_events,
        )

    def close(self) -> None:
        self.store.close()
        self.http.close()

    def request(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """What the server answers to an operator; `{ns}` in a path is the namespace."""
        answer = self.http.request(method, path.replace("{ns}", self.namespace), json=body)
        assert answer.status_code < 300, answer.text
        found: dict[str, object] = answer.json()
        return found

    def refresh(self) -> None:
        """Make everything that is written visible now, not within a second."""
        self.request("POST", f"/{','.join(data_streams(self.namespace))}/_refresh?{IGNORE}")

    def all(self) -> Sequence[Event]:
        """Every event, newest first."""
        self.refresh()
        return self.store.search(Everything(), start=0, end=FOR_EVER_NS, limit=100_000)

    def ids(self) -> list[str]:
        """The ids of all documents, sorted, each as often as it is there."""
        return sorted(event.id for event in self.all())

    def failures(self) -> Mapping[str, float]:
        """Failed requests by reason."""
        (family,) = self.metrics.counter("trapgate_store_request_failures_total").collect()
        return {
            sample.labels["reason"]: sample.value
            for sample in family.samples
            if sample.name.endswith("_total")
        }


IGNORE = "ignore_unavailable=true"


@contextmanager
def bench(url: str, namespace: str, **changes: object) -> Iterator[Bench]:
    """A store on a server without security."""
    settings = ElasticsearchSettings(urls=(url,), namespace=namespace)
    found = Bench(settings, **changes)  # type: ignore[arg-type]
    try:
        yield found
    finally:
        found.close()

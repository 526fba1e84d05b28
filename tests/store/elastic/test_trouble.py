"""The genuine server in trouble: nothing is lost, nothing is twice there, the reason is told."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec
import pytest

from elastic import Elasticsearch, laid_out
from store.elastic.stores import FOR_EVER_NS, Bench, bench
from store.events import event
from trapgate.config import Duration
from trapgate.model import NS_PER_S, Event
from trapgate.model.query import Everything
from trapgate.store import StoreUnavailable
from trapgate.store.elastic.client import JSON, Cluster, Unanswered
from trapgate.store.elastic.settings import ElasticsearchSettings

pytestmark = pytest.mark.real

EVENTS = [event(n) for n in range(1, 21)]
IDS = sorted(each.id for each in EVENTS)


@pytest.fixture(scope="module")
def small() -> Iterator[Elasticsearch]:
    """A server of this module's own whose queue of writes is full with one."""
    settings = {"thread_pool.write.size": "1", "thread_pool.write.queue_size": "1"}
    with laid_out({**settings, "node.processors": "1"}) as server:
        server.start()
        yield server


def test_an_index_without_its_shard_is_waited_for(store: Bench) -> None:
    custom = {"template": {"settings": {"index.routing.allocation.enable": "none"}}}
    store.store.write(EVENTS[:5])
    store.request("PUT", "/_component_template/trapgate-{ns}@custom", custom)
    store.request("POST", "/logs-snmp.trap-{ns}/_rollover?wait_for_active_shards=0")
    red = rf"^503: no copy of shard 0 of \.ds-logs-snmp\.trap-{store.namespace}-.* is available \("
    with pytest.raises(StoreUnavailable, match=red):
        store.store.write(EVENTS)
    assert store.failures() == {"server": 3}
    with pytest.raises(StoreUnavailable, match=red):  # not the events of the other shards
        store.store.get(EVENTS[0].id)
    with pytest.raises(StoreUnavailable, match=red):
        store.store.search(Everything(), start=0, end=FOR_EVER_NS, limit=10)
    with pytest.raises(StoreUnavailable, match=red.removeprefix("^503: ")):
        store.store.aggregate(Everything(), (), start=0, end=FOR_EVER_NS)
    store.request(
        "PUT", "/logs-snmp.trap-{ns}/_settings", {"index.routing.allocation.enable": "all"}
    )
    store.request("GET", "/_cluster/health/logs-snmp.trap-{ns}?wait_for_status=yellow")
    store.request("POST", "/_cluster/reroute")
    store.store.write(EVENTS)
    assert store.ids() == IDS


def test_a_full_disk_is_waited_for(store: Bench) -> None:
    store.store.write(EVENTS[:5])
    block = "index.blocks.read_only_allow_delete"
    store.request("PUT", "/logs-snmp.trap-{ns}/_settings", {block: True})
    with pytest.raises(StoreUnavailable, match="read-only-allow-delete"):
        store.store.write(EVENTS)
    assert store.failures() == {"busy": 3}
    store.request("PUT", "/logs-snmp.trap-{ns}/_settings", {block: None})
    store.store.write(EVENTS)
    assert store.ids() == IDS


class Losing(Cluster):
    """Loses the answers to the next writes, as a connection does that breaks."""

    def __init__(self, settings: ElasticsearchSettings, *, brief: bool) -> None:
        super().__init__(settings)
        self.losses = 0
        self._brief = brief

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> JSON:
        answer = super().ask(method, path, body, params)
        if path == "/_bulk" and self.losses:
            self.losses -= 1
            raise Unanswered("connection", "lost", ambiguous=True, brief=self._brief)
        return answer


@pytest.mark.parametrize("brief", [True, False])
def test_what_was_written_before_a_rollover_is_not_written_again(
    elasticsearch_url: str, namespace: str, brief: bool
) -> None:
    """Nobody knows that it was; the data stream rolls over before the next try, be it a quick one
    or the caller's."""
    settings = ElasticsearchSettings(urls=(elasticsearch_url,), namespace=namespace)
    cluster = Losing(settings, brief=brief)
    sure = [event(n) for n in range(101, 104)]
    with bench(elasticsearch_url, namespace) as operator:

        def roll_over(_: float = 0) -> None:
            operator.request("POST", "/logs-snmp.trap-{ns}/_rollover")

        store = Bench(settings, cluster=cluster, sleep=roll_over, asked_events=3)
        store.store.write(sure)  # so many, that what follows is believed to be new
        cluster.losses = 1
        if brief:
            store.store.write(EVENTS)
        else:
            with pytest.raises(StoreUnavailable, match="lost"):
                store.store.write(EVENTS[:10])
            roll_over()
            store.store.write(EVENTS)
        assert operator.ids() == sorted([*IDS, *(each.id for each in sure)])
        store.close()


def test_a_queue_that_is_full_is_waited_for(small: Elasticsearch, namespace: str) -> None:
    stop = threading.Event()
    noise = b'{"create":{}}\n{"@timestamp":"2026-11-21T10:00:00Z","message":"noise"}\n' * 2_000

    def press() -> None:
        with httpx.Client(base_url=small.url, timeout=30) as client:
            while not stop.is_set():
                headers = {"content-type": "application/x-ndjson"}
                client.post(f"/logs-noise-{namespace}/_bulk", content=noise, headers=headers)

    small.request(
        "PUT",
        f"/_index_template/noise-{namespace}",
        {"index_patterns": [f"logs-noise-{namespace}"], "data_stream": {}, "priority": 500},
    )
    with bench(small.url, namespace, sleep=stop.wait) as store, ThreadPoolExecutor(6) as pool:
        for _ in range(6):
            pool.submit(press)
        wanted = []
        try:
            for n in range(1, 2_000):
                wanted.append(event(n))
                _until_stored(store, wanted[-1:])
                if store.failures().get("busy", 0) >= 3:
                    break
        finally:
            stop.set()
        assert store.failures()["busy"] >= 3
        assert store.ids() == sorted(each.id for each in wanted)


def _until_stored(store: Bench, events: Sequence[Event]) -> None:
    for _ in range(100):
        try:
            store.store.write(events)
        except StoreUnavailable:
            continue
        return
    raise AssertionError("never stored")


def test_a_server_that_restarts(small: Elasticsearch, namespace: str) -> None:
    with bench(small.url, namespace) as store:
        store.store.write(EVENTS[:10])
        small.kill()
        with pytest.raises(StoreUnavailable, match="no connection"):
            store.store.write(EVENTS)
        assert store.failures() == {"connection": 3}
        small.start()
        store.store.write(EVENTS)
        assert store.ids() == IDS


def test_a_server_that_hangs(small: Elasticsearch, namespace: str) -> None:
    """The request may have been taken: it is looked for before it is written again."""
    settings = ElasticsearchSettings(
        urls=(small.url,), namespace=namespace, request_timeout=Duration(NS_PER_S)
    )
    store = Bench(settings)
    patient = msgspec.structs.replace(settings, request_timeout=Duration(30 * NS_PER_S))
    with bench(small.url, namespace) as first:
        first.store.write(EVENTS[:1])
    small.pause()
    try:
        with pytest.raises(StoreUnavailable, match="no answer in time"):
            store.store.write(EVENTS)
    finally:
        small.resume()
    assert store.failures() == {"timeout": 1}
    store.close()
    again = Bench(patient)
    again.store.write(EVENTS)
    assert again.ids() == IDS
    again.close()


def test_no_server(namespace: str) -> None:
    with bench("http://127.0.0.1:1", namespace) as store:
        with pytest.raises(StoreUnavailable, match="no connection"):
            store.store.get("x")
        assert store.failures() == {"connection": 3}


def test_templates_that_somebody_deletes_are_made_again(store: Bench) -> None:
    store.store.probe()
    store.request("DELETE", "/_index_template/trapgate-{ns}")
    store.store.probe()
    assert store.request("GET", "/_index_template/trapgate-{ns}")["index_templates"]


def test_tls_to_a_server_without(small: Elasticsearch, namespace: str) -> None:
    with bench(small.url.replace("http", "https"), namespace) as store:
        with pytest.raises(StoreUnavailable) as caught:
            store.store.probe()
        assert caught.value.reason.endswith("if the server has no TLS, write http:// in urls")

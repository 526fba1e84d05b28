"""Events in Elasticsearch: its outages delay no page, lose no event and double none."""

import json
import time
from collections.abc import Iterator, Sequence

import pytest

from elastic import Elasticsearch, laid_out
from system.running import FOR_EVER_NS, Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook
from trapgate.model import Event
from trapgate.model.query import Everything
from trapgate.observe import Metrics
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.store import ElasticsearchEventStore

pytestmark = pytest.mark.real

PAGES = 7
PAGE_S = 1.0
"""The middle one of the pages takes no longer: two cores may be busy with something else."""

FLOOD = 20_000
"""Lines of one device while the server is away: more than the window takes."""

INDEXED_WITHIN_S = 120.0
"""For the flood: a server that shares two cores with other tests takes some 2,000 events a second.
"""

ALARM_OVER_WITHIN_S = 120.0
"""A minute of calm (`sinks.CALM_NS`), and then the next look at a store for which nothing comes
(`behind.IDLE_S`)."""

LINES = 300
"""Lines between two kills; each is there three times."""

STOP_S = 18.0
"""More than the flush at a stop may take, less than after what ingest is killed."""

STORE = """\
normalize: {{rate_limit: {{events_per_second: 0}}}}
store: {{kind: elasticsearch, elasticsearch: {{urls: ["{url}"], namespace: {namespace}}}}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Elasticsearch]:
    with laid_out() as server:
        server.start()
        yield server


@pytest.fixture
def indexed(stopped: Trapgate, server: Elasticsearch, namespace: str) -> Trapgate:
    """A trapgate whose events are there, started."""
    start(stopped, server, namespace)
    return stopped


def start(stopped: Trapgate, server: Elasticsearch, namespace: str) -> None:
    with (stopped.folder / "trapgate.yml").open("a") as config:
        config.write(STORE.format(url=server.url, namespace=namespace))
    stopped.start()


def settings(server: Elasticsearch, namespace: str) -> ElasticsearchSettings:
    return ElasticsearchSettings(urls=(server.url,), namespace=namespace)


def stored(settings: ElasticsearchSettings) -> Sequence[Event]:
    """Every event, newest first."""
    store = ElasticsearchEventStore.open(
        settings, retention_days=30, metrics=Metrics(), read_only=True
    )
    try:
        return store.search(Everything(), start=0, end=FOR_EVER_NS, limit=1_000_000)
    finally:
        store.close()


def check_store(trapgate: Trapgate, server: Elasticsearch, namespace: str, sent: int) -> None:
    """All that was sent is counted as kept, and is found, once."""
    eventually(lambda: trapgate.accounted() >= sent, "all are stored", INDEXED_WITHIN_S)
    assert trapgate.accounted() == trapgate.kept() == sent
    server.request("POST", f"/logs-*-{namespace}/_refresh")
    events = stored(settings(server, namespace))
    assert len(events) == sent
    assert len({event.position for event in events}) == sent
    assert len({event.id for event in events}) == sent


def alarms(trapgate: Trapgate) -> int:
    return trapgate.counted("trapgate_pipeline_alarms", alarm="store.away")


def page(trapgate: Trapgate, webhook: Webhook, device: Sender, first: int) -> float:
    """Let some interfaces go down, one after the other; how long the middle one of the pages
    took."""
    taken = []
    for index in range(first, first + PAGES):
        device.send(link_trap(index))
        sent_at = time.monotonic()
        webhook.await_told(interface(index))
        taken.append(webhook.of(interface(index))[0].at - sent_at)
    return sorted(taken)[PAGES // 2]


def test_an_outage_under_load_delays_no_page(
    indexed: Trapgate,
    server: Elasticsearch,
    webhook: Webhook,
    namespace: str,
) -> None:
    with Sender(indexed.snmp, "::1") as device, Sender(indexed.syslog) as flood:
        assert page(indexed, webhook, device, 1) < PAGE_S
        eventually(lambda: indexed.kept() == device.sent, "stored")
        server.stop()
        flood.send_all(b"<189>line %d" % number for number in range(FLOOD // 2))
        assert page(indexed, webhook, device, 101) < PAGE_S
        flood.send_all(b"<189>line %d" % number for number in range(FLOOD // 2, FLOOD))
        assert page(indexed, webhook, device, 201) < PAGE_S
        eventually(lambda: alarms(indexed) == 1, "an alarm")
        assert indexed.counted("trapgate_store_window_events") > 0
        assert indexed.counted("trapgate_store_stalled_seconds") > 0
        eventually(
            lambda: indexed.counted("trapgate_spool_backlog_records", reader="rules") == 0,
            "the rules have read all",
        )
        assert indexed.counted("trapgate_ingest_datagrams_total") < device.sent + flood.sent
        assert "store.away" in indexed.text("/-/ready")  # and it is ready
        server.start()
        check_store(indexed, server, namespace, device.sent + flood.sent)
    eventually(lambda: alarms(indexed) == 0, "the alarm is over", ALARM_OVER_WITHIN_S)
    assert indexed.counted("trapgate_store_window_events") == 0
    assert len(indexed.alerts()) == 3 * PAGES


def test_a_server_that_hangs_holds_up_neither_a_page_nor_a_stop(
    indexed: Trapgate,
    server: Elasticsearch,
    webhook: Webhook,
    namespace: str,
) -> None:
    with Sender(indexed.snmp, "::1") as device:
        server.pause()
        try:
            assert page(indexed, webhook, device, 1) < PAGE_S
            assert indexed.counted("trapgate_ingest_datagrams_total") == 0
            begun = time.monotonic()
            assert indexed.stop() == 0
            assert time.monotonic() - begun < STOP_S
        finally:
            server.resume()
        indexed.start()
        check_store(indexed, server, namespace, device.sent)


def test_kills_in_the_middle_of_a_load(
    indexed: Trapgate, server: Elasticsearch, namespace: str
) -> None:
    """Also identical lines, whose ids count them, are as many events as were sent."""
    with Sender(indexed.snmp, "::1") as device, Sender(indexed.syslog) as lines:
        before = 0
        for number in range(4):
            first = 1 + number * LINES
            device.send_all(link_trap(index) for index in range(first, first + LINES))
            lines.send_all(b"<189>line %d" % (index // 3) for index in range(3 * LINES))
            if number % 2:
                # what was read and not yet written would be lost with receive
                await_read(indexed, device.sent + lines.sent - before)
                indexed.kill()
                indexed.start()
                before = device.sent + lines.sent
            else:
                indexed.kill_process("ingest")
        check_store(indexed, server, namespace, device.sent + lines.sent)


def await_read(trapgate: Trapgate, count: int) -> None:
    """Wait until its receive process has read so many datagrams since it was started."""
    eventually(
        lambda: trapgate.counted("trapgate_listen_datagrams_total") >= count, "all are spooled"
    )


def test_what_the_server_refuses_is_noted_there_and_kept_in_the_quarantine(
    stopped: Trapgate, server: Elasticsearch, namespace: str
) -> None:
    """The user's own mapping says that names of processes are numbers."""
    users_own = {"process": {"properties": {"name": {"type": "long"}}}}
    custom = {"template": {"mappings": {"properties": users_own}}}
    server.request("PUT", f"/_component_template/trapgate-{namespace}@custom", custom)
    start(stopped, server, namespace)
    with Sender(stopped.snmp) as device, Sender(stopped.syslog) as lines:
        device.send_all(link_trap(index) for index in range(1, 6))
        lines.send_all(b"<189>Nov 21 10:00:00 r1 bgpd[7]: peer %d" % n for n in range(5))
        check_store(stopped, server, namespace, device.sent + lines.sent)
    notes = [event for event in stored(settings(server, namespace)) if event.problems]
    assert {event.fields["event.reason"] for event in notes} == {"unstorable"}
    quarantined = (stopped.layout.quarantine / "newest.jsonl").read_text().splitlines()
    kept = [json.loads(line) for line in quarantined]
    assert {line["event"]["id"] for line in kept} == {event.id for event in notes}
    assert {line["event"]["message"] for line in kept} == {f"peer {n}" for n in range(5)}
    assert all("document_parsing_exception" in line["detail"] for line in kept)
    assert stopped.counted("trapgate_ingest_quarantined_total", reason="refused-by-store") == 5


def test_that_no_server_answers_is_told_before_there_is_an_event(
    stopped: Trapgate, namespace: str
) -> None:
    with (stopped.folder / "trapgate.yml").open("a") as config:
        config.write(STORE.format(url="http://127.0.0.1:1", namespace=namespace))
    stopped.start()
    reason = "reason: no connection to http://127.0.0.1:1: "
    eventually(lambda: reason in stopped.text("/-/ready"), "told where one looks")
    assert stopped.text("/-/ready").startswith("OK\n")
    assert reason in stopped.text("/")
    (line,) = [each for each in stopped.text_of("stderr").splitlines() if "store.away" in each]
    assert "process=ingest" in line
    assert "no connection to http://127.0.0.1:1" in line

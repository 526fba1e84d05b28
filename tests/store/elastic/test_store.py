"""The store on the genuine server: what is written comes back, once, in order, however it is asked
for."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from store.elastic.stores import FOR_EVER_NS, Bench, bench
from store.events import MIDNIGHT, event
from trapgate.model import NS_PER_S, Event, Place, Position
from trapgate.model.query import Everything
from trapgate.observe import Metrics
from trapgate.query import parse_query, predicate
from trapgate.store import (
    Rejected,
    SqliteEventStore,
    StoreUnavailable,
    TooManyGroups,
    TooManyRows,
    TooManyWords,
)
from trapgate.store.elastic.search import Bounds, Search
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.store import ElasticsearchEventStore

pytestmark = pytest.mark.real

EVENTS = [event(n) for n in range(1, 11)]

MANY_WORDS = 50_000
"""More than a server of half a gigabyte takes clauses."""


def found(
    store: Bench, query: str = "", *, limit: int = 100, before: Place | None = None
) -> Sequence[Event]:
    store.refresh()
    return store.store.search(
        parse_query(query), start=0, end=FOR_EVER_NS, limit=limit, before=before
    )


def test_a_store_that_nobody_has_written_to_is_empty(store: Bench) -> None:
    assert found(store) == []
    assert store.store.aggregate(Everything(), ["host.name"], start=0, end=FOR_EVER_NS) == {}
    assert store.store.aggregate(Everything(), [], start=0, end=FOR_EVER_NS) == {}
    assert store.store.since(Position("raw-1", 0), 10) == []
    assert store.store.get("x") is None


def test_the_newest_come_first_and_pages_join(store: Bench) -> None:
    store.store.write(EVENTS)
    newest = EVENTS[::-1]
    assert found(store, limit=3) == newest[:3]
    assert found(store, limit=3, before=newest[2].place) == newest[3:6]
    assert found(store, limit=0) == []


def test_a_phrase_that_may_end_in_too_many_words_is_refused_with_advice(store: Bench) -> None:
    texts = [" ".join(f"abcde{n}" for n in range(k, k + 50)) for k in range(0, MANY_WORDS, 50)]
    store.store.write([event(n, message=text) for n, text in enumerate(texts, 1)])
    with pytest.raises(TooManyWords, match="write more of that word"):
        found(store, "message:abcde-abcde*")


def test_events_of_one_instant_are_in_order_of_their_position(store: Bench) -> None:
    same = [
        event(sequence, MIDNIGHT, stream=stream, id=f"{stream}-{sequence}")
        for stream in ("a", "b")
        for sequence in (2, 10)
    ]
    store.store.write(random.Random(1).sample(same, len(same)))
    newest = sorted(same, key=lambda each: each.place, reverse=True)
    assert found(store) == newest
    for number, each in enumerate(newest):
        assert found(store, before=each.place) == newest[number + 1 :]


def test_a_nanosecond_counts(store: Bench) -> None:
    close = [event(n, MIDNIGHT + n) for n in range(4)]
    store.store.write(close)
    store.refresh()
    between = store.store.search(Everything(), start=MIDNIGHT + 1, end=MIDNIGHT + 3, limit=9)
    assert between == [close[2], close[1]]


def test_many_pages_are_one_answer(store: Bench) -> None:
    store.store.write(EVENTS)
    store.refresh()
    search = Search(store.cluster, store.namespace, Bounds(page_events=3))
    assert list(search.newest(Everything(), 0, FOR_EVER_NS, 99, None)) == EVENTS[::-1]
    assert list(search.newest(Everything(), 0, FOR_EVER_NS, 7, None)) == EVENTS[:2:-1]
    assert list(search.after(Position("raw-1", 2), 7)) == EVENTS[2:9]


def test_a_stream_is_read_from_a_position_on(store: Bench) -> None:
    other = event(5, stream="raw-2", id="other")
    store.store.write([*EVENTS, other])
    store.refresh()
    assert store.store.since(Position("raw-1", 7), 2) == EVENTS[7:9]
    assert store.store.since(Position("raw-2", 0), 9) == [other]
    assert store.store.since(Position("raw-1", 10), 9) == []


def test_an_event_is_found_by_its_id(store: Bench) -> None:
    store.store.write(EVENTS)
    store.refresh()
    assert store.store.get(EVENTS[4].id) == EVENTS[4]
    assert store.store.get("no such") is None


def test_writing_again_changes_nothing(store: Bench) -> None:
    store.store.write(EVENTS)
    store.store.write([msgspec.structs.replace(each, message="other") for each in EVENTS])
    store.store.write([*EVENTS, *EVENTS])
    assert list(found(store)) == EVENTS[::-1]


def test_a_replay_behind_a_rollover_changes_nothing(store: Bench, elasticsearch_url: str) -> None:
    store.store.write(EVENTS)
    store.request("POST", "/logs-snmp.trap-{ns}/_rollover")
    with bench(elasticsearch_url, store.namespace) as restarted:
        restarted.store.write(EVENTS[:5])
        restarted.store.write([*EVENTS[5:], event(11)])
        assert restarted.ids() == sorted(each.id for each in [*EVENTS, event(11)])


def test_what_is_refused_does_not_hold_up_the_rest(store: Bench) -> None:
    users_own = {"process": {"properties": {"name": {"type": "long"}}}}
    custom = {"template": {"mappings": {"properties": users_own}}}
    store.request("PUT", "/_component_template/trapgate-{ns}@custom", custom)
    events = [event(n, fields={"process.name": "7"}) for n in range(1, 4)]
    broken = event(4, fields={"process.name": "bgpd"})
    store.store.write(events)
    with pytest.raises(Rejected) as caught:
        store.store.write([events[0], broken, event(5)])
    ((position, reason),) = caught.value.events
    assert position == broken.position
    assert "document_parsing_exception" in reason
    assert [each.position.sequence for each in found(store)] == [5, 3, 2, 1]


def test_what_json_cannot_say_is_refused(store: Bench) -> None:
    with pytest.raises(Rejected) as caught:
        store.store.write([event(1), event(2, message="\ud800"), event(3, fields={"a": 2**70})])
    assert [position.sequence for position, _ in caught.value.events] == [2]
    assert [each.fields for each in found(store)] == [{"a": 2**70}, {}]


def test_documents_of_others_are_not_events(store: Bench) -> None:
    store.store.write(EVENTS[:1])
    theirs = {"@timestamp": "2026-11-21T10:00:00Z", "event": {"created": "2026-11-21T10:00:00Z"}}
    store.request("POST", "/logs-snmp.trap-{ns}/_create/theirs", theirs)
    assert found(store) == EVENTS[:1]
    assert store.store.get("theirs") is None
    counts = store.store.aggregate(Everything(), ["host.name"], start=0, end=FOR_EVER_NS)
    assert counts == {("router-1",): 1}


def test_of_several_nodes_one_that_is_away_does_no_harm(
    elasticsearch_url: str, namespace: str
) -> None:
    urls = ("http://127.0.0.1:1", elasticsearch_url, "http://127.0.0.1:2")
    client = httpx.Client(base_url=elasticsearch_url, timeout=30)
    store = Bench(ElasticsearchSettings(urls=urls, namespace=namespace), http=client)
    for number in range(0, 10, 2):
        store.store.write(EVENTS[number : number + 2])
    assert list(store.all()) == EVENTS[::-1]
    store.close()


def test_a_store_to_read_does_not_write(elasticsearch_url: str, namespace: str) -> None:
    settings = ElasticsearchSettings(urls=(elasticsearch_url,), namespace=namespace)
    store = ElasticsearchEventStore.open(
        settings, retention_days=1, metrics=Metrics(), read_only=True
    )
    with pytest.raises(ValueError, match="read only"):
        store.write(EVENTS)
    store.close()
    store.close()


# -- counting ------------------------------------------------------------------------------------

COUNTED = [
    event(1, code="a", severity=3, fields={"snmp.vb.x": "1", "interface.name": "e1"}),
    event(2, code="b", severity=3, device="", fields={"process.pid": 7, "tags": ("x",)}),
    event(3, code="b", fields={"snmp.varbinds": ("v", "w", "v"), "process.pid": 7.5}),
    event(4, code="", fields={"host.ip": ("2001:DB8::1", "10.0.0.1"), "vlan.id": True}),
    event(5, code="x" * 9_000, fields={"vlan.id": 5, "user.name": "", "host.ip": "no address"}),
    event(6, labels={"site": "ber"}, fields={"event.start": "2026-11-21T10:00:00Z", "a..b": "x"}),
    event(7, message="", fields={"vlan.id": "5", "process.pid": "7"}),
]


@pytest.mark.parametrize(
    "by",
    [
        [],
        ["event.code"],
        ["event.severity"],
        ["host.name", "event.code"],
        ["process.pid"],
        ["snmp.varbinds"],
        ["host.ip"],
        ["vlan.id", "process.pid"],
        ["user.name"],
        ["snmp.vb.x"],
        ["labels.site"],
        ["message"],
        ["event.start"],
        ["interface.name"],
        ["event.dataset", "event.module", "source.ip", "source.port"],
    ],
)
def test_groups_are_counted_as_in_the_other_store(
    elasticsearch_url: str, counted: str, tmp_path: Path, by: list[str]
) -> None:
    with bench(elasticsearch_url, counted) as store:
        other = SqliteEventStore.open(tmp_path)
        other.write(COUNTED)
        for query in (Everything(), parse_query("event.severity:3")):
            expected = other.aggregate(query, by, start=0, end=FOR_EVER_NS)
            assert store.store.aggregate(query, by, start=0, end=FOR_EVER_NS) == expected
        other.close()


@pytest.fixture(scope="module")
def counted(elasticsearch_url: str) -> str:
    """The namespace of a store that has `COUNTED`."""
    name = f"counted{random.SystemRandom().randrange(10**9)}"
    with bench(elasticsearch_url, name) as store:
        store.store.write(COUNTED)
        store.refresh()
    return name


def test_groups_of_many_pages(store: Bench) -> None:
    store.store.write([event(n, device=f"r{n % 5}", code=f"c{n % 2}") for n in range(1, 21)])
    store.refresh()
    search = Search(store.cluster, store.namespace, Bounds(page_groups=2))
    counts = search.counts(Everything(), ["host.name", "event.code"], 0, FOR_EVER_NS)
    assert counts == {(f"r{n}", f"c{m}"): 2 for n in range(5) for m in range(2)}


def test_too_many_groups_or_events_are_an_error(store: Bench) -> None:
    store.store.write([event(n, code=f"c{n}") for n in range(1, 9)])
    store.refresh()
    search = Search(store.cluster, store.namespace, Bounds(groups_max=7, rows_max=7))
    with pytest.raises(TooManyGroups):
        search.counts(Everything(), ["event.code"], 0, FOR_EVER_NS)
    with pytest.raises(TooManyRows):
        search.counts(Everything(), ["message"], 0, FOR_EVER_NS)


# -- beside the other store ------------------------------------------------------------------------

QUERIES = (
    "host.name:r3",
    "event.code:c* and not event.severity:3",
    'message:"line 17"',
    "snmp.vb.ifDescr:Gi0\\/3 or process.pid >= 4",
    "source.ip:192.0.2.0/24",
)


def test_ten_thousand_events_are_the_same_in_both_stores(store: Bench, tmp_path: Path) -> None:
    seeded = random.Random(7)
    events = [
        event(
            n,
            MIDNIGHT + n * NS_PER_S // 10,
            device=f"r{seeded.randrange(9)}",
            code=f"c{seeded.randrange(9)}",
            severity=seeded.choice((None, 3, 5)),
            fields={
                "snmp.vb.ifDescr": f"Gi0/{seeded.randrange(5)}",
                "process.pid": seeded.randrange(6),
                seeded.choice(("a.b", "a", "snmp.vb.x.y", "ä ö.ü", "..", "\0")): seeded.choice(
                    ("x", 2**63, -1, 0.1, True, ("v", ""), ())
                ),
            },
            message=f"line {n} of \N{SNOWMAN}",
        )
        for n in range(1, 10_001)
    ]
    other = SqliteEventStore.open(tmp_path)
    for first in range(0, len(events), 4_000):
        store.store.write(events[first : first + 4_000])
        other.write(events[first : first + 4_000])
    assert list(store.all()) == events[::-1]
    for text in QUERIES:
        query = parse_query(text)
        expected = [each for each in events[::-1] if predicate(query)(each)]
        assert list(found(store, text, limit=10_000)) == expected
        assert list(other.search(query, start=0, end=FOR_EVER_NS, limit=10_000)) == expected
    assert list(store.store.since(Position("raw-1", 0), 20_000)) == events
    other.close()


def test_a_closed_index_is_no_part_of_a_whole_answer(store: Bench) -> None:
    """There are no syslog messages here, which is no reason to pass over anything else."""
    store.store.write(EVENTS[:5])
    store.request("POST", "/logs-snmp.trap-{ns}/_rollover")
    store.store.write(EVENTS)
    assert len(found(store)) == 10
    resolved: Any = store.request("GET", "/_resolve/index/logs-snmp.trap-{ns}")
    oldest = min(resolved["data_streams"][0]["backing_indices"])
    store.request("POST", f"/{oldest}/_close")
    with pytest.raises(StoreUnavailable, match=f"index_closed_exception: closed .{oldest}"):
        store.store.search(Everything(), start=0, end=FOR_EVER_NS, limit=9)
    for by in ([], ["host.name"]):
        with pytest.raises(StoreUnavailable, match="closed"):
            store.store.aggregate(Everything(), by, start=0, end=FOR_EVER_NS)
    with pytest.raises(StoreUnavailable, match="closed"):
        store.store.get(EVENTS[0].id)
    with pytest.raises(StoreUnavailable, match="closed"):
        store.store.since(Position("raw-1", 0), 9)
    again = Bench(store.settings)
    again.store.write([event(11)])  # what is written waits for no old index
    again.close()
    store.request("POST", f"/{oldest}/_open")
    assert len(store.ids()) == 11

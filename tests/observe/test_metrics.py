"""One table of families, one exposition for all processes."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import trapgate
from trapgate.observe import FAMILIES, Family, Follower, Metrics, merged_exposition
from trapgate.observe.notice import shown

PACKAGE = Path(trapgate.__file__).parent
STAGES = {folder.name for folder in PACKAGE.iterdir() if folder.is_dir()} | {"ingest"}
"""The rooms, and the process in which decoding and normalizing are counted."""

WITHOUT_STAGE = {"trapgate_build_info"}
PER_DEVICE = {"device", "host", "peer", "source", "address", "ip", "rule", "alertname"}

READ = "trapgate_listen_datagrams_total"
DROPPED = "trapgate_listen_dropped_total"
BACKLOG = "trapgate_spool_backlog_records"
LATENCY = "trapgate_pipeline_latency_seconds"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(exposition: bytes) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_is_named_by_the_rule(family: Family) -> None:
    assert re.fullmatch(r"(trapgate|alertmanager)(_[a-z0-9]+)+", family.name)
    assert family.name.endswith("_total") == (family.kind == "counter")
    assert re.fullmatch(r"[A-Z].*\.", family.help)
    assert set(family.labels) & PER_DEVICE == set()
    assert bool(family.buckets) == (family.kind == "histogram")
    if family.name.startswith("trapgate_") and family.name not in WITHOUT_STAGE:
        assert family.name.split("_")[1] in STAGES
        if re.search("dropped|refused", family.name):
            assert "reason" in family.labels


def test_no_family_is_declared_twice() -> None:
    names = [family.name for family in FAMILIES]
    assert sorted(set(names)) == sorted(names)


def test_every_declared_family_is_counted_somewhere() -> None:
    table = PACKAGE / "observe" / "metrics.py"
    sources = "".join(p.read_text() for p in PACKAGE.rglob("*.py") if p != table)
    rests = [family.name.partition("_")[2] for family in FAMILIES]
    assert [rest for rest in rests if f'_{rest}"' not in sources] == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_is_exposed_under_its_full_name(family: Family) -> None:
    metrics = Metrics()
    made = getattr(metrics, family.kind)(family.name)
    if family.labels:
        made.labels(*family.labels)
    exposed = merged_exposition(metrics, [])
    assert f"# HELP {family.name} {family.help}\n".encode() in exposed
    assert f"# TYPE {family.name} {family.kind}\n".encode() in exposed
    assert getattr(metrics, family.kind)(family.name) is made


@pytest.mark.parametrize("kind", ["counter", "gauge", "histogram"])
def test_what_is_not_declared_cannot_be_counted(kind: str) -> None:
    with pytest.raises(KeyError):
        getattr(Metrics(), kind)("trapgate_listen_secrets_total")


def process(**listened: int) -> Metrics:
    metrics = Metrics()
    for listener, count in listened.items():
        metrics.counter(READ).labels(listener).inc(count)
    return metrics


def test_the_processes_are_added_up_sample_by_sample(tmp_path: Path) -> None:
    own, receive, ingest = process(a=1), process(a=10, b=5), process(b=100)
    own.gauge(BACKLOG).labels("raw", "store").set(3)
    receive.histogram(LATENCY).observe(0.02)
    ingest.histogram(LATENCY).observe(0.02)
    receive.publish(tmp_path / "receive.prom")
    ingest.publish(tmp_path / "ingest.prom")
    files = [tmp_path / "receive.prom", tmp_path / "ingest.prom", tmp_path / "gone.prom"]
    found = samples(merged_exposition(own, files))
    assert found[READ, (("listener", "a"),)] == 11
    assert found[READ, (("listener", "b"),)] == 105
    assert found[BACKLOG, (("reader", "store"), ("spool", "raw"))] == 3
    assert found[LATENCY + "_count", ()] == 2
    assert found[LATENCY + "_bucket", (("le", "0.01"),)] == 0
    assert found[LATENCY + "_bucket", (("le", "0.025"),)] == 2
    assert found[LATENCY + "_sum", ()] == pytest.approx(0.04)


def test_each_family_is_exposed_once_however_many_have_it(tmp_path: Path) -> None:
    process(a=1).publish(tmp_path / "receive.prom")
    exposed = merged_exposition(process(a=1), [tmp_path / "receive.prom"]).decode()
    assert exposed.count(f"# TYPE {READ} ") == 1


def test_label_values_of_any_kind_survive(tmp_path: Path) -> None:
    odd = 'a"b\\c\nd é {}'
    metrics = Metrics()
    metrics.counter(DROPPED).labels(odd, "spool-full").inc()
    metrics.publish(tmp_path / "receive.prom")
    found = samples(merged_exposition(Metrics(), [tmp_path / "receive.prom"]))
    assert found == {(DROPPED, (("listener", odd), ("reason", "spool-full"))): 1.0}


def test_adding_up_changes_nothing(tmp_path: Path) -> None:
    process(a=10).publish(tmp_path / "receive.prom")
    own = process(a=1)
    first = merged_exposition(own, [tmp_path / "receive.prom"])
    assert merged_exposition(own, [tmp_path / "receive.prom"]) == first


def test_publishing_is_skipped_when_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "receive.prom"
    metrics = process(a=1)
    metrics.publish(path)
    path.unlink()
    metrics.publish(path)
    assert not path.exists()
    metrics.counter(READ).labels("a").inc()
    metrics.publish(path)
    assert samples(shown(path)) == {(READ, (("listener", "a"),)): 2.0}


def test_a_file_that_is_damaged_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "receive.prom"
    process(a=1).publish(path)
    path.write_bytes(path.read_bytes().replace(b"1.0", b"7.0"))
    assert samples(merged_exposition(process(a=2), [path])) == {(READ, (("listener", "a"),)): 2.0}


def test_a_follower_counts_what_came_since() -> None:
    kept = [0]
    metrics = Metrics()
    counter = metrics.counter(READ).labels("a")
    follow = Follower(counter, lambda: kept[0])
    for number in (0, 3, 3, 10):
        kept[0] = number
        follow()
        assert samples(merged_exposition(metrics, []))[READ, (("listener", "a"),)] == number

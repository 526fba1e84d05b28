"""A template that fits no event, on the genuine server: it is waited for, and nothing is lost."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from store.elastic.stores import Bench
from store.events import event
from trapgate.model import Now
from trapgate.observe import sounding
from trapgate.pipeline.leg import Blocked
from trapgate.pipeline.sinks import CALM_NS, UNSTORABLE, StoreSink
from trapgate.store.quarantine import Quarantine

pytestmark = pytest.mark.real

CUSTOM = "/_component_template/trapgate-{ns}@custom"
EVENTS = [event(n) for n in range(1, 301)]

NO_PIPELINE = r"pipeline with id \[not-there-yet\] does not exist"


class Kept:
    """A sink before the store, and what it sets aside."""

    def __init__(self, store: Bench, folder: Path) -> None:
        self.store = store
        self.folder = folder
        quarantine = Quarantine(folder, store.metrics, lambda: Now(0, 0))
        self.moment = Now(0, 0)
        self.sink = StoreSink(
            store.store, "elasticsearch", quarantine, store.metrics, lambda: self.moment
        )

    def quarantined(self) -> list[int]:
        path = self.folder / "newest.jsonl"
        lines = path.read_text().splitlines() if path.exists() else ()
        return [json.loads(line)["event"]["position"]["sequence"] for line in lines]

    def lost(self) -> float:
        labels = {"reason": "unstorable"}
        name = "trapgate_ingest_failures_total"
        return self.store.metrics.registry.get_sample_value(name, labels) or 0


@pytest.fixture
def kept(store: Bench, tmp_path: Path) -> Iterator[Kept]:
    with capture_logs():
        yield Kept(store, tmp_path / "quarantine")


def mapped(kind: str, **more: object) -> Mapping[str, object]:
    return {"mappings": {"properties": {"message": {"type": kind, **more}}}}


@pytest.mark.parametrize(
    ("template", "reason", "quarantined"),
    [
        ({"settings": {"index.default_pipeline": "not-there-yet"}}, NO_PIPELINE, []),
        ({"settings": {"index.final_pipeline": "not-there-yet"}}, NO_PIPELINE, []),
        (mapped("long"), "even notes of them: document_parsing_exception", [1]),
        ({"mappings": {"dynamic": "strict"}}, "strict_dynamic_mapping_exception", [1]),
    ],
    ids=["default-pipeline", "final-pipeline", "another-type", "strict"],
)
def test_a_template_that_fits_no_event_is_waited_for(
    kept: Kept, template: Mapping[str, object], reason: str, quarantined: list[int]
) -> None:
    store = kept.store
    before = event(0)
    kept.sink([before])
    store.request("PUT", CUSTOM, {"template": template})
    store.request("POST", "/logs-snmp.trap-{ns}/_rollover")
    for _ in range(2):
        with pytest.raises(Blocked, match=reason):
            kept.sink(EVENTS)
    (alarm,) = sounding(store.metrics, ())
    assert alarm.name == "store.away"
    assert (kept.lost(), kept.quarantined()) == (0, quarantined)
    store.request("DELETE", CUSTOM)
    store.request("POST", "/logs-snmp.trap-{ns}/_rollover")
    kept.moment = Now(0, CALM_NS + 1)
    assert kept.sink(EVENTS).lost == ()
    assert list(store.all()) == [*EVENTS[::-1], before]
    assert sounding(store.metrics, ()) == []


def test_a_data_stream_that_fits_no_event_is_not_excused_by_the_other(kept: Kept) -> None:
    """One has rolled over since the template was changed."""
    store = kept.store
    lines = [event(n, kind="syslog.network") for n in range(501, 521)]
    kept.sink([event(400), event(401, kind="syslog.network")])
    store.request("PUT", CUSTOM, {"template": mapped("long")})
    store.request("POST", "/logs-snmp.trap-{ns}/_rollover")
    with pytest.raises(Blocked, match="document_parsing_exception"):
        kept.sink([*EVENTS, *lines])
    assert kept.lost() == 0


@pytest.mark.parametrize(
    ("template", "fields"),
    [
        (mapped("text", analyzer="keyword"), {}),
        (
            {
                "settings": {"index.mapping.field_name_length.limit": 60},
                "mappings": {"dynamic": True},
            },
            {"q" * 61: "x"},
        ),
        (
            {"settings": {"index.mapping.total_fields.limit": 200}, "mappings": {"dynamic": True}},
            {f"new{n}": "x" for n in range(300)},
        ),
    ],
    ids=["immense-term", "name-too-long", "too-many-fields"],
)
def test_one_document_that_does_not_fit_is_set_aside(
    kept: Kept, template: Mapping[str, object], fields: dict[str, Any]
) -> None:
    """Also if it is alone."""
    store = kept.store
    store.request("PUT", CUSTOM, {"template": template})
    odd = event(2, message="x" if fields else "x" * 40_000, fields=fields)
    for events in ([odd], [event(1), odd, event(3)]):
        assert kept.sink(events).lost == ()
    assert kept.quarantined() == [2]
    stored = {each.position.sequence: UNSTORABLE in each.problems for each in store.all()}
    assert stored == {1: False, 2: True, 3: False}

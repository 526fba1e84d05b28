"""Requests of events, and what the answers to them mean."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.events import event
from trapgate.normalize.stored import event_of
from trapgate.store.elastic.bulk import EVENTS_MAX, Line, answered, line_of, lines_of, requests
from trapgate.store.elastic.client import Unanswered

LINES = [line_of(event(n), "test") for n in range(1, 4)]


def test_a_line_is_an_action_and_a_document() -> None:
    action, document, end = line_of(event(1), "lab").data.split(b"\n")
    created = json.loads(action)
    assert created == {"create": {"_index": "logs-snmp.trap-lab", "_id": event(1).id}}
    assert end == b""
    stored = json.loads(document)
    assert event_of(stored) == event(1)
    assert "host.name=router-1" in stored["trapgate"]["pairs"]


def test_what_cannot_be_written_is_told_from_the_rest() -> None:
    lines, refused = lines_of([event(1), event(2, message="\ud800")], "lab")
    assert [line.event for line in lines] == [event(1)]
    assert [position.sequence for position, _ in refused] == [2]


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 100))
def test_requests_keep_the_order_and_the_bound(sizes: list[int], bytes_max: int) -> None:
    lines = [Line(event(1), b"x" * size) for size in sizes]
    parts = list(requests(lines, bytes_max))
    assert [line for part in parts for line in part] == lines
    for part in parts:
        assert part
        assert len(part) == 1 or sum(len(line.data) for line in part) <= bytes_max


def test_requests_have_so_many_events_at_most() -> None:
    lines = [Line(event(1), b"x")] * (2 * EVENTS_MAX + 1)
    assert [len(part) for part in requests(lines, 1 << 20)] == [EVENTS_MAX, EVENTS_MAX, 1]


def item(status: int, kind: str = "", reason: str = "why") -> dict[str, Any]:
    error = {"error": {"type": kind, "reason": reason}} if kind else {}
    return {"create": {"status": status, **error}}


def answer(*items: dict[str, Any]) -> dict[str, Any]:
    return {"errors": True, "items": list(items)}


def test_all_is_well() -> None:
    found = answered(LINES, {"errors": False, "items": [item(201)] * 3})
    assert (found.again, found.refused, found.there, found.trouble) == ([], [], set(), None)


def test_each_event_has_its_own_fate() -> None:
    found = answered(
        LINES,
        answer(
            item(409, "version_conflict_engine_exception"),
            item(400, "document_parsing_exception"),
            item(201),
        ),
    )
    assert found.there == {event(1).id}
    assert found.refused == [(event(2).position, "document_parsing_exception: why")]
    assert (found.again, found.trouble) == ([], None)


@pytest.mark.parametrize(
    ("status", "kind", "slug", "ambiguous", "brief"),
    [
        (429, "es_rejected_execution_exception", "busy", False, True),
        (503, "unavailable_shards_exception", "server", True, True),
        (500, "null_pointer_exception", "server", True, True),
        # of the cluster, not of the document: nothing may be set aside for these
        (400, "validation_exception", "refused", False, False),
        (403, "cluster_block_exception", "refused", False, False),
        (404, "index_not_found_exception", "refused", False, False),
    ],
)
def test_what_is_not_the_documents_fault_is_written_again(
    status: int, kind: str, slug: str, ambiguous: bool, brief: bool
) -> None:
    found = answered(LINES, answer(item(201), item(status, kind), item(status, kind, "later")))
    assert found.again == LINES[1:]
    assert found.refused == []
    trouble = found.trouble
    assert trouble is not None
    assert (trouble.kind, trouble.ambiguous, trouble.brief) == (slug, ambiguous, brief)
    assert "why" in trouble.reason


NO_PIPELINE = "pipeline with id [not-there-yet] does not exist"
UNFIT = "illegal_argument_exception"


@pytest.mark.parametrize(
    "reason",
    [
        'Document contains at least one immense term in field="message" (whose UTF8 encoding is',
        "Limit of nested fields [50] has been exceeded",
        "Limit of total fields [1000] has been exceeded while adding new fields [14]",
        "Field name [q\nq] is longer than the limit of [60] characters",
    ],
)
def test_what_fits_nowhere_is_the_documents_fault_by_the_servers_words(reason: str) -> None:
    found = answered(LINES[:1], answer(item(400, UNFIT, reason)))
    assert found.refused == [(event(1).position, f"{UNFIT}: {reason}")]
    assert found.trouble is None


def test_what_fits_nowhere_is_the_clusters_fault_if_it_takes_no_other() -> None:
    found = answered(LINES, answer(*[item(400, UNFIT, NO_PIPELINE)] * 3))
    assert (found.again, found.refused) == (LINES, [])
    assert found.trouble is not None
    assert (found.trouble.kind, found.trouble.brief) == ("refused", False)
    assert NO_PIPELINE in found.trouble.reason


@pytest.mark.parametrize("status", [201, 409])
def test_a_pipeline_that_fails_at_one_document_does_not_hold_up_the_rest(status: int) -> None:
    """Where the same data stream takes others it is the document's fault, whatever the words."""
    fails = item(400, UNFIT, "field [a] not present as part of path [a.b]")
    found = answered(LINES, answer(item(status), fails, item(status)))
    assert [position for position, _ in found.refused] == [event(2).position]
    assert (found.again, found.trouble) == ([], None)


def test_what_another_data_stream_takes_says_nothing_of_this_one() -> None:
    lines = [line_of(event(1, kind="syslog.network"), "test"), *LINES[1:]]
    found = answered(lines, answer(item(201), *[item(400, UNFIT, NO_PIPELINE)] * 2))
    assert (found.again, found.refused) == (LINES[1:], [])


@pytest.mark.parametrize("wrong", [{}, {"errors": False, "items": []}])
def test_an_answer_about_something_else_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unanswered, match="0 events of 3"):
        answered(LINES, wrong)

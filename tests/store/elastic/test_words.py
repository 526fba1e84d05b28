"""The cause of a failure is told, of bodies as 8.19.0 has answered."""

import pytest

from trapgate.store.elastic.words import (
    CAUSES_MAX,
    WORDS_CHARS_MAX,
    words_of,
    words_of_error,
    words_of_shards,
)

BACKING = ".ds-logs-syslog.network-default-2026.11.21-000002"

RED = (
    f"no copy of shard 0 of {BACKING} is available (the index is red; "
    "GET /_cluster/allocation/explain says why)"
)


def rejected(reason: str, phase: str, *shards: str) -> dict[str, object]:
    """A search that wants all shards or no answer, and is not begun."""
    missing = (
        f"Search rejected due to missing shards [{', '.join(shards)}]. Consider using "
        "`allow_partial_search_results` setting to bypass this error."
    )
    outermost = {"type": "search_phase_execution_exception", "reason": reason, "phase": phase}
    return {
        "error": {
            "root_cause": [],
            **outermost,
            "grouped": True,
            "failed_shards": [],
            "caused_by": {**outermost, "reason": missing, "grouped": True, "failed_shards": []},
        },
        "status": 503,
    }


ALL_FAILED = {
    "error": {
        "root_cause": [{"type": "no_shard_available_action_exception", "reason": None}],
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "phase": "query",
        "grouped": True,
        "failed_shards": [
            {
                "shard": 0,
                "index": BACKING,
                "node": None,
                "reason": {"type": "no_shard_available_action_exception", "reason": None},
            }
        ],
    },
    "status": 503,
}

NO_SUCH = {
    "type": "index_not_found_exception",
    "reason": "no such index [missing]",
    "resource.type": "index_or_alias",
    "resource.id": "missing",
    "index": "missing",
}

CLOSED = {"type": "index_closed_exception", "reason": "closed", "index": "green"}

UNKNOWN_QUERY = {
    "type": "parsing_exception",
    "reason": "unknown query [nope]",
    "line": 1,
    "col": 18,
}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (rejected("", "query", f"[{BACKING}][0]"), RED),
        (rejected("start", "can_match", f"[{BACKING}][0]"), RED),
        (
            rejected("start", "can_match", "[red][0]", "[red][1]", "[rot][0]"),
            "no copy of shard 0 of red and of 2 more is available (the index is red; "
            "GET /_cluster/allocation/explain says why)",
        ),
        (ALL_FAILED, RED),
        ({"error": {"root_cause": [NO_SUCH], **NO_SUCH}, "status": 404}, None),
        (
            {"error": {"root_cause": [CLOSED], **CLOSED}, "status": 400},
            "index_closed_exception: closed [green]",
        ),
        (
            {
                "error": {
                    "root_cause": [UNKNOWN_QUERY],
                    **UNKNOWN_QUERY,
                    "caused_by": {
                        "type": "named_object_not_found_exception",
                        "reason": "[1:18] unknown field [nope]",
                    },
                },
                "status": 400,
            },
            "parsing_exception: unknown query [nope]",
        ),
    ],
    ids=["query", "can-match", "several", "all-failed", "missing", "closed", "query-refused"],
)
def test_the_cause_is_told(answer: object, words: str | None) -> None:
    assert words_of(answer) == (words or "index_not_found_exception: no such index [missing]")


def test_a_cause_further_down_is_found() -> None:
    error: dict[str, object] = {"type": "last", "reason": "what it is"}
    for number in range(CAUSES_MAX - 1):
        error = {"type": f"outer-{number}", "reason": None, "caused_by": error}
    assert words_of({"error": {"root_cause": [], **error}}) == "last: what it is"
    said = {"type": "t", "reason": "r", "caused_by": {"type": "deeper", "reason": None}}
    assert words_of({"error": said}) == "t: r"
    loop: dict[str, object] = {"type": "loop", "reason": ""}
    loop["caused_by"] = loop
    assert words_of({"error": loop}) == "loop"


@pytest.mark.parametrize(
    "answer",
    [None, "<html>", {}, {"error": None}, [], {"error": {}}, {"error": {"root_cause": "?"}}],
)
def test_any_shape_is_taken(answer: object) -> None:
    assert words_of(answer) in ("", "None")


@pytest.mark.parametrize("part", ["root_cause", "failed_shards", "caused_by"])
@pytest.mark.parametrize("found", [None, "x", 1, [1], [None], [[]], [{}], {}, [{"reason": "x"}]])
def test_any_shape_within(part: str, found: object) -> None:
    assert words_of({"error": {"type": "t", "reason": "r", part: found}})


def test_a_page_is_not_repeated_whole() -> None:
    assert words_of({"error": "x" * 10_000}) == "x" * WORDS_CHARS_MAX


def test_an_event_is_not_repeated_with_the_reason_for_which_it_is_not_written() -> None:
    reason = (
        f"[{BACKING}][0] primary shard is not active Timeout: [2s], request: [BulkShardRequest "
        f"[[{BACKING}][0]] containing [index {{[logs-syslog.network-default][zD], "
        'source[{"message":"community s3cret"}]}]]'
    )
    assert words_of_error({"type": "unavailable_shards_exception", "reason": reason}) == RED
    assert (
        words_of_error({"type": "another", "reason": "late, request: [s3cret]"}) == "another: late"
    )


def test_shards_that_did_not_answer_are_named() -> None:
    missing = {"type": "no_shard_available_action_exception", "reason": None}
    failures = [{"shard": 0, "index": BACKING, "node": None, "reason": missing}]
    assert words_of_shards(failures) == RED
    broken = {"type": "corrupt", "reason": "", "caused_by": {"type": "io", "reason": "checksum"}}
    assert words_of_shards([{"shard": 1, "index": "x", "reason": broken}]) == "io: checksum"
    assert words_of_shards(None) == words_of_shards([{}]) == ""

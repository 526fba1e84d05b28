"""Events into `_bulk` requests, and what became of each.

In: events. Out: NDJSON bytes, at most so many in one request; from the answer the events that are
refused for good, and whether others have to be written again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from trapgate.model import Event, Position
from trapgate.normalize.stored import stored_document
from trapgate.query.indexed import indexed
from trapgate.store.elastic.client import JSON, Cluster, Unanswered
from trapgate.store.elastic.template import data_stream
from trapgate.store.elastic.words import words_of_error

EVENTS_MAX = 2_000
"""In one request, however small they are: the server works on a request as a whole."""

ACTIVE_SHARD_WAIT = "2s"
"""How long the server waits for a shard that is not there, before it says so."""

FILTER = "errors,items.create.status,items.create.error.type,items.create.error.reason"
"""All that is read of an answer: of an event that is written its status alone."""

FAULTY_DOCUMENT = frozenset(
    {
        "document_parsing_exception",
        "mapper_parsing_exception",
        "strict_dynamic_mapping_exception",
    }
)
"""Errors of status 400 that are about one document. Others are not (no room for another shard, for
one), and to set events aside for them would lose events that can be stored later. With a template
that fits no event they are given to all: `pipeline.sinks` sees that by the notes."""

UNFIT = "illegal_argument_exception"
"""An error of status 400 for what does not fit anywhere: in a document, or in the cluster, where an
index names an ingest pipeline that is not there. It is taken for the document's in `UNFIT_WORDS`,
or where the same answer says that the data stream takes others (a pipeline that fails at one)."""

UNFIT_WORDS = re.compile(
    r"immense term in field|^Limit of .+ has been exceeded|^Field name .+ is longer than the limit",
    re.DOTALL,
)
"""As 8.19 says it of a document: the limits of Lucene for a term, and of an index for its mappings.
Most such faults are a `document_parsing_exception`; these are found when the document is parsed."""

_encode = msgspec.json.Encoder().encode


class Line(msgspec.Struct, frozen=True, gc=False):
    """One event with its part of a request."""

    event: Event
    data: bytes


class Target(msgspec.Struct, frozen=True, rename={"index": "_index", "id": "_id"}):
    """Where a document goes, in the words of `_bulk`."""

    index: str
    id: str


class Create(msgspec.Struct, frozen=True):
    """The action before a document."""

    create: Target


Verdict = Literal["written", "there", "again", "refused"]
"""What became of an event; `there` is: it had been written before."""


def line_of(event: Event, namespace: str) -> Line:
    """The event's action and document. Raises `ValueError` (`UnicodeEncodeError` among it) and
    `OverflowError` for what JSON cannot say."""
    stored: dict[str, Any] = stored_document(event)
    stored["trapgate"].update(indexed(event))
    action = Create(Target(data_stream(event.kind, namespace), event.id))
    return Line(event, b"%b\n%b\n" % (_encode(action), _encode(stored)))


def lines_of(
    events: Sequence[Event], namespace: str
) -> tuple[list[Line], list[tuple[Position, str]]]:
    """The lines of all events that can be written, and of the others why not."""
    lines, refused = [], []
    for event in events:
        try:
            lines.append(line_of(event, namespace))
        except (ValueError, OverflowError) as error:
            refused.append((event.position, str(error)))
    return lines, refused


def requests(lines: Sequence[Line], bytes_max: int) -> Iterator[Sequence[Line]]:
    """The lines in order, as many in each request as fit; one that is too large is alone."""
    first = size = 0
    for number, line in enumerate(lines):
        if number > first and (size + len(line.data) > bytes_max or number - first >= EVENTS_MAX):
            yield lines[first:number]
            first, size = number, 0
        size += len(line.data)
    if first < len(lines):
        yield lines[first:]


class Answered(msgspec.Struct):
    """What became of the lines of one request. `trouble` says why some have to go `again`."""

    again: list[Line] = []
    refused: list[tuple[Position, str]] = []
    there: set[str] = set()
    trouble: Unanswered | None = None


def send(cluster: Cluster, lines: Sequence[Line]) -> Answered:
    """Write the lines of one request. Raises `Unanswered`, `Refused`."""
    params = {"filter_path": FILTER, "timeout": ACTIVE_SHARD_WAIT, "require_data_stream": "true"}
    answer = cluster.ask("POST", "/_bulk", b"".join(line.data for line in lines), params)
    return answered(lines, answer)


def answered(lines: Sequence[Line], answer: JSON) -> Answered:
    """Read the answer to these lines. Raises `Unanswered` for one that is not about them."""
    items = answer.get("items", ())
    if len(items) != len(lines):
        reason = f"an answer about {len(items)} events of {len(lines)}"
        raise Unanswered("answer", reason, ambiguous=True, brief=False)
    found = Answered()
    if not answer.get("errors"):
        return found
    pairs = [(line, item["create"]) for line, item in zip(lines, items, strict=True)]
    working = {line.event.kind for line, created in pairs if _is_in(created["status"])}
    for line, created in pairs:
        status, error = created["status"], created.get("error") or {}
        verdict = _verdict(status, error, takes_others=line.event.kind in working)
        if verdict == "there":
            found.there.add(line.event.id)
        elif verdict == "refused":
            found.refused.append((line.event.position, words_of_error(error)))
        elif verdict == "again":
            found.again.append(line)
            found.trouble = found.trouble or _trouble(status, words_of_error(error))
    return found


def _is_in(status: int) -> bool:
    """Whether the data stream has the document now."""
    return status < 300 or status == 409


def _verdict(status: int, error: Mapping[str, Any], *, takes_others: bool) -> Verdict:
    if _is_in(status):
        return "there" if status == 409 else "written"
    return "refused" if status == 400 and _is_faulty(error, takes_others) else "again"


def _is_faulty(error: Mapping[str, Any], takes_others: bool) -> bool:
    """Whether it is the document that is wrong, and not the cluster."""
    if error.get("type") == UNFIT:
        return takes_others or UNFIT_WORDS.search(error.get("reason") or "") is not None
    return error.get("type") in FAULTY_DOCUMENT


def _trouble(status: int, reason: str) -> Unanswered:
    if status == 429:
        return Unanswered("busy", f"too busy: {reason}", ambiguous=False, brief=True)
    if status >= 500:
        return Unanswered("server", f"{status}: {reason}", ambiguous=True, brief=True)
    return Unanswered("refused", f"{status}: {reason}", ambiguous=False, brief=False)

"""What the servers say of a failure, in the words that help whom it wakes.

The outermost words of an answer often say nothing ("all shards failed", "start", ""): the reason is
in `root_cause`, in `failed_shards`, or further down a chain of `caused_by`, depending on the phase
in which a request failed. Shapes as 8.19 and 9.2 answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

CAUSES_MAX = 8
"""How far a chain of causes is followed: real ones have three links."""

WORDS_CHARS_MAX = 500
"""Of words in an unknown shape: it may be a proxy's page."""

_NO_SHARD = "no_shard_available_action_exception"
_UNAVAILABLE = "unavailable_shards_exception"

_SHARD = re.compile(r"\[([^\[\]]+)\]\[(\d+)\]")
_MISSING = re.compile(r"missing shards \[(.*?\])\]")
_REQUEST = re.compile(r",? request: \[.*", re.DOTALL)

Error = Mapping[object, object]
"""A failure as the servers describe it: `type`, `reason`, and more."""

_Shard = tuple[str, str]


def words_of(answer: object) -> str:
    """Why a request failed, of an answer in any shape; "" if it does not say."""
    error = answer.get("error") if isinstance(answer, Mapping) else None
    if not isinstance(error, Mapping):
        return str(error or "")[:WORDS_CHARS_MAX]
    root = next(_errors(error.get("root_cause")), None)
    if root is not None and root.get("reason") and root.get("type") != _UNAVAILABLE:
        return _with_index(root)
    missing = tuple(_missing_shards(error))
    if missing:
        return _not_available(missing)
    return _with_index(_deepest(error))


def words_of_error(error: Error) -> str:
    """What is said of one document or one shard: the type and the reason, without the document,
    which some reasons repeat."""
    kind, reason = error.get("type"), str(error.get("reason") or "")
    shard = _SHARD.match(reason) if kind == _UNAVAILABLE else None
    if shard is not None:
        return _not_available([(shard[1], shard[2])])
    return f"{kind}: {_REQUEST.sub('', reason)}" if reason else str(kind)


def words_of_shards(failures: object) -> str:
    """Why a part of the shards did not answer, by what an answer says of them; "" if it does not
    say."""
    missing = tuple(_without_a_shard(failures))
    if missing:
        return _not_available(missing)
    for failure in _errors(failures):
        reason = failure.get("reason")
        if isinstance(reason, Mapping):
            return words_of_error(_deepest(reason))
    return ""


def _with_index(error: Error) -> str:
    words, index = words_of_error(error), error.get("index")
    return words if not index or str(index) in words else f"{words} [{index}]"


def _deepest(error: Error) -> Error:
    """The last of its causes that has a reason; itself if none has."""
    found = error
    for _ in range(CAUSES_MAX):
        cause = error.get("caused_by")
        if not isinstance(cause, Mapping):
            break
        error = cause
        found = error if error.get("reason") else found
    return found


def _missing_shards(error: Error) -> Iterator[_Shard]:
    """The shards without which a search was not begun, or that nobody has."""
    yield from _without_a_shard(error.get("failed_shards"))
    said = _MISSING.search(str(_deepest(error).get("reason") or ""))
    if said is not None:
        yield from _SHARD.findall(said[1])


def _without_a_shard(failures: object) -> Iterator[_Shard]:
    for failure in _errors(failures):
        reason = failure.get("reason")
        if isinstance(reason, Mapping) and reason.get("type") == _NO_SHARD:
            yield str(failure.get("index")), str(failure.get("shard"))


def _not_available(shards: Sequence[_Shard]) -> str:
    (index, number), more = shards[0], len(set(shards)) - 1
    others = f" and of {more} more" if more else ""
    return (
        f"no copy of shard {number} of {index}{others} is available (the index is red; "
        "GET /_cluster/allocation/explain says why)"
    )


def _errors(found: object) -> Iterator[Error]:
    """The objects in a list, of whatever is there."""
    if isinstance(found, Sequence) and not isinstance(found, str):
        yield from (each for each in found if isinstance(each, Mapping))

"""Which rules an event meets: stateless, on the ingest path, asked for every event.

Almost all events meet no rule, so the rules are filed under what they demand: values of
`event.code`, or fields of which the event must have one (`interface.state`). An event is shown to
the rules of its code, to those of its fields and to those that demand nothing; and to a rule's
`match` or `clear` only if it is of a code that this one may have, or has such a field.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from trapgate.model import By, Event, Match, Rule
from trapgate.model.query import Query
from trapgate.query import Demand, Predicate, demand, given_code, predicate, read_text

KEY_CHARS_MAX = 512
"""A key value is cut here: it becomes a label, and an honest one (a name, an address) is shorter;
RFC 1035 names have 253 characters, an ifAlias 64."""

CAPTURED_CHARS_MAX = 4_096
"""A captured field is cut here: no rendered text is longer."""

TextReader = Callable[[Event], str]


class _Candidate(msgspec.Struct, frozen=True):
    """A rule, compiled; `order` is its place among the rules. A side is `None` where it is not to
    be asked: the rule has none, or it demands codes that the event does not have."""

    order: int
    rule: str
    raises: Predicate | None
    clears: Predicate | None
    key: tuple[TextReader, ...]
    captures: tuple[tuple[str, TextReader], ...]


class Matcher:
    """The compiled rules. Immutable: a reload makes another."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        anywhere: list[_Candidate] = []
        by_code: defaultdict[str, list[_Candidate]] = defaultdict(list)
        by_field: defaultdict[str, list[_Candidate]] = defaultdict(list)
        for order, rule in enumerate(rules):
            candidate = _compiled(order, rule)
            match, clear = demand(rule.match), _clear_demand(rule)
            if match is None or clear is None:
                anywhere.append(candidate)
                continue
            for field in match.fields | clear.fields:
                by_field[field].append(candidate)
            for code in match.codes | clear.codes:
                sides = (
                    rule.match if code in match.codes else None,
                    rule.clear if code in clear.codes else None,
                )
                by_code[code].append(_for_code(candidate, code, *sides))
        self._anywhere = tuple(anywhere)
        self._by_field = dict(by_field)
        self._fields = frozenset(by_field)
        self._by_code = {
            code: tuple(sorted((*found, *anywhere), key=lambda candidate: candidate.order))
            for code, found in by_code.items()
        }

    def matches(self, event: Event) -> tuple[Match, ...]:
        """The rules that this event raises or clears, in the order of the rules; each at most
        once. An event that meets both sides of a rule clears: a rule whose `match` is the broader
        query (any report on a link) need not repeat its `clear` with `not`."""
        candidates = self._by_code.get(event.code, self._anywhere)
        if not self._fields.isdisjoint(event.fields):
            candidates = self._with_fields(event, candidates)
        if not candidates:
            return ()
        found = []
        for candidate in candidates:
            if candidate.clears is not None and candidate.clears(event):
                found.append(_match(candidate, event, "clear"))
            elif candidate.raises is not None and candidate.raises(event):
                found.append(_match(candidate, event, "raise"))
        return tuple(found)

    def _with_fields(
        self, event: Event, candidates: tuple[_Candidate, ...]
    ) -> tuple[_Candidate, ...]:
        """The candidates with the rules of the event's fields among them, whole: what a code alone
        rules out a field may allow."""
        chosen = {candidate.order: candidate for candidate in candidates}
        for field, rules in self._by_field.items():
            if field in event.fields:
                chosen.update((candidate.order, candidate) for candidate in rules)
        return tuple(chosen[order] for order in sorted(chosen))


def _clear_demand(rule: Rule) -> Demand | None:
    """What an event must have to meet the clear; `None`: any may."""
    return demand(rule.clear) if rule.clear is not None else Demand()


def _for_code(
    candidate: _Candidate, code: str, match: Query | None, clear: Query | None
) -> _Candidate:
    """The candidate as events of one code are to ask it, by the sides that they may meet."""
    return msgspec.structs.replace(
        candidate,
        raises=None if match is None else predicate(given_code(match, code)),
        clears=None if clear is None else predicate(given_code(clear, code)),
    )


def _compiled(order: int, rule: Rule) -> _Candidate:
    return _Candidate(
        order=order,
        rule=rule.uid,
        raises=predicate(rule.match),
        clears=predicate(rule.clear) if rule.clear is not None else None,
        key=tuple(_first_present(part) for part in rule.by),
        captures=tuple((field, read_text(field)) for field in rule.captures),
    )


def _first_present(part: By) -> TextReader:
    """The text of the first field that the event has, "" if it has none."""
    if len(part.fields) == 1:
        return read_text(part.fields[0])
    readers = tuple(read_text(field) for field in part.fields)

    def read(event: Event) -> str:
        for reader in readers:
            text = reader(event)
            if text:
                return text
        return ""

    return read


def _match(candidate: _Candidate, event: Event, verb: Literal["raise", "clear"]) -> Match:
    captured = {}
    if verb == "raise":  # a clear renders nothing
        for field, read in candidate.captures:
            text = read(event)
            if text:
                captured[field] = text[:CAPTURED_CHARS_MAX]
    return Match(
        rule=candidate.rule,
        key=tuple([read(event)[:KEY_CHARS_MAX] for read in candidate.key]),
        verb=verb,
        event_id=event.id,
        timestamp=event.timestamp,
        received_at=event.received_at,
        clock=event.clock,
        captured=captured,
    )

"""`trapgate replay`: stored or exported events against rules, without telling anybody."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from trapgate.app.chronicle import oldest_first
from trapgate.app.problems import report
from trapgate.app.rehearsal import Episode, Rehearsal, TooManyEpisodes
from trapgate.cli.check import reported_configuration
from trapgate.cli.events.asked import Asked, Refused, counted, ending, whole
from trapgate.cli.events.lines import UnreadableLine, events_of, opened_lines
from trapgate.cli.instants import shown_instant
from trapgate.cli.progress import stderr_is_a_terminal, through
from trapgate.cli.table import Cell, Screen, Table
from trapgate.model import (
    BUCKET_S,
    NS_PER_S,
    RULE_LABEL,
    Decision,
    Event,
    Rule,
    labels_text,
    rfc3339,
)
from trapgate.query import predicate
from trapgate.rules import build_rules

LATE_NS = 2 * BUCKET_S * NS_PER_S
"""By how much an event of a file may be older than one before it: files of earlier versions are in
order by windows of 10 seconds, and within these by stream."""

Output = Literal["table", "each", "json", "jsonl"]


class Replayed(msgspec.Struct, frozen=True):
    """Which events: of a `file`, or of the store as `asked` says. Of a file all are taken where
    `since` and `until` were not given."""

    asked: Asked
    file: str | None = None
    since: str | None = None
    until: str | None = None


def replay(replayed: Replayed, rules: Sequence[str], output: Output) -> int:
    """Print what the rules make of the events; 1 if none of them met a rule, 3 if the
    store is damaged there. `rules` are files
    that are used instead of the configured ones. Raises `Refused`, `NotAnswered`."""
    rehearsal = Rehearsal(_rules(rules, replayed.asked.config))
    zone = replayed.asked.zone
    lines = _Lines(rehearsal, output, zone)
    try:
        with replayed_events(replayed) as taken:
            for event in taken.events:
                for decision in rehearsal.take(event):
                    lines.decided(event, decision)
            complete = taken.whole()
    except TooManyEpisodes:
        raise Refused("more alerts than are counted: narrow the time or the query", 1) from None
    lines.end()
    print(_summary(rehearsal), file=sys.stderr)
    return ending(rehearsal.met, complete=complete)


class Taken(msgspec.Struct, frozen=True):
    """Events in their order. `whole` says, when they are taken, whether none is known to be
    missing, else why on standard error."""

    events: Iterator[Event]
    whole: Callable[[], bool] = lambda: True


@contextmanager
def replayed_events(replayed: Replayed) -> Iterator[Taken]:
    """The events; a bar shows how far the store has been read. Raises `Refused`."""
    if replayed.file is not None:
        with ExitStack() as opened:
            try:
                file = opened.enter_context(opened_lines(replayed.file))
            except OSError as error:
                raise Refused(f"{replayed.file}: {error.strerror}") from error
            try:
                yield Taken(_chosen(_in_order(events_of(file), replayed.file), replayed))
            except UnreadableLine as error:
                raise Refused(f"{replayed.file}: {error}", 1) from None
        return
    asked = msgspec.structs.replace(
        replayed.asked, since=replayed.since or "1d", until=replayed.until or "now"
    )
    query, span = asked.parsed(), asked.span()
    with (
        asked.opened() as source,
        through("replaying", visible=stderr_is_a_terminal()) as told,
    ):
        newest_first = partial(source.newest_first, query)

        def reached(at_ns: int) -> None:
            told((at_ns - span.start) / (span.end - span.start), "")

        yield Taken(oldest_first(newest_first, span, reached), lambda: whole(source, span))


def _chosen(events: Iterator[Event], replayed: Replayed) -> Iterator[Event]:
    """The events of a file that meet the query and were received in the time, if one is given."""
    meets = predicate(replayed.asked.parsed())
    span = None
    if replayed.since is not None or replayed.until is not None:
        since, until = replayed.since or "1970-01-01", replayed.until or "now"
        span = msgspec.structs.replace(replayed.asked, since=since, until=until).span()
    for event in events:
        if (span is None or span.start <= event.received_at < span.end) and meets(event):
            yield event


def _in_order(events: Iterator[Event], file: str) -> Iterator[Event]:
    """The events, as long as they are in their order. Raises `Refused`: a clear before its raise
    would clear nothing."""
    newest = 0
    last: dict[str, Event] = {}
    for number, event in enumerate(events, start=1):
        before = last.get(event.position.stream, event)
        turned = event.position < before.position and event.received_at < before.received_at
        if turned or event.received_at < newest - LATE_NS:
            at = rfc3339(event.received_at, digits=0)
            hint = "replay needs the oldest first, as `trapgate events export` writes them"
            raise Refused(f"{file}: event {number} ({at}) is older than those before it; {hint}", 1)
        newest = max(newest, event.received_at)
        last[event.position.stream] = event
        yield event


def _rules(files: Sequence[str], config: Path | None) -> tuple[Rule, ...]:
    """The rules of these files, or the configured ones if there are none. Raises `Refused`."""
    if not files:
        configuration = reported_configuration(config, warnings=False)
        if configuration is None:
            raise Refused("the configuration cannot be used", os.EX_CONFIG)
        return configuration.rules
    texts = {name: _text(name) for name in files}
    rules, problems = build_rules(texts)
    if problems:
        print(report(problems, texts), file=sys.stderr)
    if any(problem.severity == "error" for problem in problems):
        raise Refused("these rules cannot be used", os.EX_CONFIG)
    return rules


def _text(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except OSError as error:
        raise Refused(f"--rules {name}: {error.strerror}") from error
    except ValueError as error:
        raise Refused(f"--rules {name}: it is no text in UTF-8") from error


def _summary(rehearsal: Rehearsal) -> str:
    fires = sum(episode.ends_at is None for episode in rehearsal.episodes())
    decided = ", ".join(f"{count:,} {verdict}" for verdict, count in rehearsal.verdicts.items())
    text = f"{counted(rehearsal.events, 'event')}, {rehearsal.met:,} met a rule"
    if decided:
        still = "1 alert fires" if fires == 1 else f"{fires:,} alerts fire"
        text += f": {decided}; {still} at the end. Nobody was told"
    if rehearsal.template_failures:
        text += f"; {counted(rehearsal.template_failures, 'text')} could not be rendered"
    return text


class _Lines:
    """Standard output: what was decided as it is decided, or the alerts at the end."""

    def __init__(self, rehearsal: Rehearsal, output: Output, zone: tzinfo | None) -> None:
        self._rehearsal = rehearsal
        self._output = output
        self._zone = zone
        headings = ("RECEIVED", "DECIDED", "RULE", "DEVICE", "MESSAGE")
        if output == "table":
            headings = ("ALERT", "FROM", "TO", "EVENTS", "LABELS")
        self._table = Table(headings, Screen.of_output())

    def decided(self, event: Event, decision: Decision) -> None:
        """One more decision about an event."""
        rule = self._rehearsal.rules[decision.refs["rule"]]
        if self._output == "jsonl":
            print(msgspec.json.encode(_decided(event, decision, rule)).decode())
        elif self._output == "each":
            at = shown_instant(event.received_at, self._zone)
            texts = (at, decision.verdict, rule.alert, event.device, event.message)
            for line in self._table.batch([[Cell(text) for text in texts]]):
                print(line)

    def end(self) -> None:
        """The alerts, now that all are known."""
        episodes = self._rehearsal.episodes()
        if self._output == "table":
            for line in self._table.lines(map(self._row, episodes)):
                print(line)
        elif self._output == "json":
            answer = {
                "events": self._rehearsal.events,
                "met": self._rehearsal.met,
                "decisions": self._rehearsal.verdicts,
                "alerts": [self._alert(episode) for episode in episodes],
            }
            print(msgspec.json.encode(answer).decode())

    def _row(self, episode: Episode) -> list[Cell]:
        fires = episode.ends_at is None
        end = "fires" if episode.ends_at is None else shown_instant(episode.ends_at, self._zone)
        labels = {name: text for name, text in episode.labels.items() if name != RULE_LABEL}
        return [
            Cell(episode.labels[RULE_LABEL]),
            Cell(shown_instant(episode.starts_at, self._zone)),
            Cell(end, "red" if fires else ""),
            Cell(str(episode.count)),
            Cell(labels_text(labels)[1:-1] or "-"),
        ]

    def _alert(self, episode: Episode) -> Mapping[str, object]:
        """An alert in the words of Alertmanager's API, and the events behind it."""
        ends = {} if episode.ends_at is None else {"endsAt": rfc3339(episode.ends_at)}
        return {
            "labels": episode.labels,
            "annotations": episode.annotations,
            "startsAt": rfc3339(episode.starts_at),
            **ends,
            "fingerprint": episode.fingerprint,
            "group": self._rehearsal.rules[episode.rule].group,
            "count": episode.count,
            "eventIds": episode.event_ids,
        }


def _decided(event: Event, decision: Decision, rule: Rule) -> Mapping[str, object]:
    return {
        "received": rfc3339(event.received_at),
        "event": event.id,
        "device": event.device,
        "message": event.message,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "rule": rule.alert,
        "group": rule.group,
        "fingerprint": decision.refs.get("alert", ""),
    }

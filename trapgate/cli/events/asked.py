"""What the commands about events have in common: where events come from, which and of when."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, tzinfo
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from trapgate.app.clock import now
from trapgate.app.files import read_settings
from trapgate.app.problems import report
from trapgate.app.records import NoEvents, NotAnswered, Span, StoredEvents, stored_events
from trapgate.cli.check import reported_configuration
from trapgate.cli.instants import read_instant, shown_instant
from trapgate.mib.visible import visible
from trapgate.model.query import Everything, Query
from trapgate.observe import configure_logs
from trapgate.query import QueryError, parse_query

if TYPE_CHECKING:
    from trapgate.cli.events.remote import RemoteEvents

EX_NOT_FOUND = 1
"""Nothing meets the query: as grep has it."""

EX_USAGE = 2
EX_INCOMPLETE = 3
"""There is an answer, and it is known that something is missing in it."""

EX_NOT_ANSWERED = 4
"""The store cannot be read, or nobody answers at the URL."""

Source: TypeAlias = "StoredEvents | RemoteEvents"
"""Where events are."""


class Refused(Exception):
    """What ends a command: a text for standard error, and the exit code."""

    def __init__(self, text: str, code: int = EX_USAGE) -> None:
        super().__init__(text)
        self.code = code


class Asked(msgspec.Struct, frozen=True):
    """The options that say which events: `query` is KQL ("" for all), times are as a user writes
    them (`instants`), `url` that of a running trapgate, `None` for the configured store. `utc`
    says how times without a zone are meant, and how they are shown."""

    query: str = ""
    since: str = "1d"
    until: str = "now"
    url: str | None = None
    config: Path | None = None
    utc: bool = False

    @property
    def zone(self) -> tzinfo | None:
        """The zone of times; `None` is the machine's."""
        return UTC if self.utc else None

    def parsed(self) -> Query:
        """The query. Raises `Refused` with the place where it is wrong."""
        return parsed(self.query)

    def span(self) -> Span:
        """The time that is asked for. Raises `Refused`."""
        wall_ns = now().wall_ns
        start = self._instant("--since", self.since, wall_ns)
        # "until now" has what was received this very moment in it
        end = self._instant("--until", self.until, wall_ns, start) + (self.until == "now")
        if start >= end:
            from_, to = (shown_instant(at, self.zone) for at in (start, end))
            raise Refused(
                f"--since {self.since} ({from_}) is not before --until {self.until} ({to})"
            )
        return Span(start, end)

    @contextmanager
    def opened(self) -> Iterator[Source]:
        """Where the events are. Raises `Refused`, `NotAnswered`."""
        # what a store logs of files that it cannot read, is said of the answers: see `whole`
        configure_logs("events", "critical")
        if self.url is not None:
            # Late: httpx takes longer to load than most searches to run.
            from trapgate.cli.events.remote import RemoteEvents

            try:
                remote = RemoteEvents(self.url)
            except ValueError as error:
                raise Refused(f"--url: {error}") from None
            with closing(remote):
                yield remote
            return
        settings, folder, problems = read_settings(self.config)
        errors = [problem for problem in problems if problem.severity == "error"]
        if settings is None or errors:
            raise Refused(report(errors, {}), os.EX_CONFIG)
        store = settings.store
        if store.remote:  # its secrets are in other files
            configuration = reported_configuration(self.config, warnings=False)
            if configuration is None:
                raise Refused("the configuration cannot be used", os.EX_CONFIG)
            store = configuration.settings.store
        with stored_events(store, (folder / settings.data).absolute()) as source:
            yield source

    def _instant(self, option: str, text: str, wall_ns: int, after_ns: int | None = None) -> int:
        try:
            return read_instant(text, wall_ns, self.zone, after_ns)
        except ValueError as error:
            raise Refused(f"{option}: {error}") from None


def parsed(text: str) -> Query:
    """The tree of a query, of any that is blank the one of all events. Raises `Refused`."""
    try:
        return parse_query(text) if text.strip() else Everything()
    except QueryError as error:
        lines = [f"{error.summary}:", *pointed(text, error.offset)]
        raise Refused("\n".join([*lines, *filter(None, [f"    {error.help}"])]).rstrip()) from None


def pointed(text: str, offset: int) -> list[str]:
    """The line of the text that a character is on, and a caret under it."""
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:].partition("\n")[0]
    return [f"    {visible(line)}", "    " + " " * len(visible(line[: offset - start])) + "^"]


def whole(source: Source, span: Span) -> bool:
    """Whether nothing is known to be missing in the answers; else it is said on standard error.
    Raises `NotAnswered`."""
    damaged = source.damaged(span)
    for name in damaged:
        print(
            f"incomplete: {name} is damaged or set aside: events of it may be missing",
            file=sys.stderr,
        )
    return not damaged


def ending(found: int, *, complete: bool) -> int:
    """The exit code of so many events."""
    if not complete:
        return EX_INCOMPLETE
    return 0 if found else EX_NOT_FOUND


def counted(count: int, noun: str) -> str:
    """`1 event`, `2,000 events`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def answered(command: Callable[[], int]) -> int:
    """Run a command; what ends it early is said on standard error. What the terminal has no
    characters for is written as an escape."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return command()
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.code
    except NoEvents as error:
        print(error, file=sys.stderr)
        return EX_NOT_ANSWERED
    except NotAnswered as error:
        print(f"no answer: {error}", file=sys.stderr)
        return EX_NOT_ANSWERED

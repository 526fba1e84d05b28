"""The commands of `trapgate events` and their options; what they do is imported when it is used."""

import shlex
from pathlib import Path
from typing import Literal, cast

import click

from trapgate.cli.options import CONFIG, Command, with_options

LIMIT_MAX = 1_000_000
"""Events of `--limit`; more is `--all`."""


def _one_query(_: click.Context, __: click.Parameter, words: tuple[str, ...]) -> str:
    """The query; of several words a shell has made several arguments."""
    if len(words) > 1:
        meant = shlex.quote(" ".join(words))
        raise click.UsageError(f"put the whole query in quotes: {meant}")
    return "".join(words)


QUERY = click.argument("query", nargs=-1, metavar="[QUERY]", callback=_one_query)

URL = click.option(
    "--url",
    envvar="TRAPGATE_URL",
    metavar="URL",
    help="Ask the trapgate that runs there, as http://127.0.0.1:9093 (or TRAPGATE_URL). Without: "
    "read the store of the configuration, whether trapgate runs or not.",
)
UTC = click.option("--utc", is_flag=True, help="Times in UTC, not in this machine's zone.")
SINCE = click.option(
    "--since",
    default="1d",
    show_default=True,
    metavar="TIME",
    help="Received from then on: 1h30m (ago), 17:00 (the last), 2026-11-21, 2026-11-21T10:00:00, "
    "or RFC 3339.",
)
UNTIL = click.option(
    "--until", default="now", show_default=True, metavar="TIME", help="Received before that."
)
FIELDS = click.option(
    "--fields", default="", metavar="FIELD,FIELD", help="Show these fields instead."
)


def where(command: Command) -> Command:
    """The options that say where events are."""
    return with_options(command, [URL, CONFIG])


def when(command: Command) -> Command:
    """The options that say of when."""
    return with_options(command, [SINCE, UNTIL, UTC])


@click.group()
def events() -> None:
    """Search, follow, show and export the events that are stored.

    A QUERY is as in rules, all events without one: host.name:core-1 and event.severity <= 3.
    """


@events.command("search")
@QUERY
@when
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, LIMIT_MAX),
    help="How many at most.  [default: 100; all groups with --by]",
)
@click.option("--all", "everything", is_flag=True, help="However many there are.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "json", "jsonl"]),
    default="table",
    show_default=True,
    help="A table cut to the terminal, one with more columns and nothing cut, a JSON array, or one "
    "JSON document a line.",
)
@FIELDS
@click.option(
    "--by", metavar="FIELD,FIELD", help="Count the events by these fields instead of showing them."
)
@where
def search(
    query: str,
    since: str,
    until: str,
    utc: bool,
    limit: int | None,
    everything: bool,
    output: str,
    fields: str,
    by: str | None,
    url: str | None,
    config: Path | None,
) -> None:
    """Show the events that meet QUERY, newest first.

    Exit code 0 if there are any, 1 if there are none, 3 if a file of the store is damaged, so that
    some may be missing, 4 if the store or the URL does not answer.
    """
    from trapgate.cli.events.asked import Asked, answered
    from trapgate.cli.events.rows import Output
    from trapgate.cli.events.search import LIMIT_DEFAULT, Shown
    from trapgate.cli.events.search import search as run

    if everything and limit is not None:
        raise click.UsageError("--all and --limit exclude each other")
    if by is not None and fields:
        raise click.UsageError("--by and --fields exclude each other")
    if limit is None and not everything and by is None:
        limit = LIMIT_DEFAULT
    asked = Asked(query, since, until, url, config, utc)
    shown = Shown(cast(Output, output), limit, fields, by)
    raise SystemExit(answered(lambda: run(asked, shown)))


@events.command("tail")
@QUERY
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0, 10_000),
    default=10,
    show_default=True,
    help="How many of those that are there, of the last day, to begin with.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "jsonl"]),
    default="table",
    show_default=True,
    help="As in search.",
)
@FIELDS
@UTC
@where
def tail(
    query: str,
    lines: int,
    output: str,
    fields: str,
    utc: bool,
    url: str | None,
    config: Path | None,
) -> None:
    """Show the newest events that meet QUERY, oldest first, and those that come until Ctrl-C."""
    from trapgate.cli.events.asked import Asked, answered
    from trapgate.cli.events.rows import Output
    from trapgate.cli.events.tail import tail as run

    asked = Asked(query, url=url, config=config, utc=utc)
    raise SystemExit(answered(lambda: run(asked, lines, cast(Output, output), fields)))


@events.command("show")
@click.argument("event_id", metavar="ID")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text to read, or the document.",
)
@UTC
@where
def show(
    event_id: str,
    output: Literal["text", "json"],
    utc: bool,
    url: str | None,
    config: Path | None,
) -> None:
    """Show everything about the event ID; the beginning of an id, 8 digits or more, will do.

    Exit code 1 if there is no such event, or if several ids begin like this, 3 if a file of the
    store is damaged, so that it may be in there.
    """
    from trapgate.cli.events.asked import Asked, answered
    from trapgate.cli.events.show import show as run

    asked = Asked(url=url, config=config, utc=utc)
    raise SystemExit(answered(lambda: run(asked, event_id, as_json=output == "json")))


@events.command("export")
@QUERY
@when
@click.option(
    "-o",
    "--output",
    "target",
    default="-",
    metavar="FILE",
    help="Where to write; compressed if the name ends in .gz. - is standard output.",
)
@where
def export(
    query: str,
    since: str,
    until: str,
    utc: bool,
    target: str,
    url: str | None,
    config: Path | None,
) -> None:
    """Write the events that meet QUERY as JSON lines, oldest first, for `trapgate replay`, say.

    FILE is there when it is complete, or not at all; one that was there is replaced then, and keeps
    its owner and mode. Devices and FIFOs are written to.

    Exit code 1 if there are none (FILE is there, without any), 3 if a file of the store is damaged,
    so that some may be missing, 74 if FILE cannot be written.
    """
    from trapgate.cli.events.asked import Asked, answered
    from trapgate.cli.events.export import export as run

    asked = Asked(query, since, until, url, config, utc)
    raise SystemExit(answered(lambda: run(asked, target)))

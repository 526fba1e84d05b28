"""The command `trapgate replay` and its options; what it does is imported when it is used."""

from pathlib import Path
from typing import cast

import click

from trapgate.cli.events.commands import UTC, where
from trapgate.cli.options import RATE_MAX


@click.command("replay")
@click.argument("file", required=False)
@click.option("--query", default="", metavar="QUERY", help="Only events that meet it.")
@click.option(
    "--since",
    metavar="TIME",
    help="Only those received from then on, as in events search.  [default: 1d; all of a FILE]",
)
@click.option("--until", metavar="TIME", help="Only those received before that.  [default: now]")
@UTC
@click.option(
    "--rules",
    multiple=True,
    metavar="FILE",
    help="Use this rule file instead of the configured ones; may be given more than once.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "each", "json", "jsonl"]),
    default="table",
    show_default=True,
    help="The alerts as a table, what was decided about each event, the alerts as JSON, or what "
    "was decided as JSON lines.",
)
@click.option(
    "--send",
    "target",
    metavar="HOST:PORT",
    help="Do not ask the rules: send the datagrams there again, over UDP.",
)
@click.option(
    "--community",
    metavar="TEXT",
    help="With --send: the community of SNMPv1 and SNMPv2c, which is not stored.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, RATE_MAX, min_open=True),
    default=100.0,
    show_default=True,
    help="With --send: how many a second at most.",
)
@where
def replay(
    file: str | None,
    query: str,
    since: str | None,
    until: str | None,
    utc: bool,
    rules: tuple[str, ...],
    output: str,
    target: str | None,
    community: str | None,
    rate: float,
    url: str | None,
    config: Path | None,
) -> None:
    """Show what the rules make of events that were received, without telling anybody.

    The events are those of the store, or of FILE as `trapgate events export` writes it (- is
    standard input). The rules see them in their order and on their clock, and know nothing from
    before the first one. Exit code 1 if no event meets a rule, or with --send if nothing was sent;
    3 if only a part was sent, or a file of the store is damaged.
    """
    from trapgate.cli.events.asked import Asked, answered
    from trapgate.cli.replay import Output, Replayed
    from trapgate.cli.replay import replay as run

    replayed = Replayed(Asked(query, url=url, config=config, utc=utc), file, since, until)
    if target is None:
        if community is not None:
            raise click.UsageError("--community is for --send")
        raise SystemExit(answered(lambda: run(replayed, rules, cast(Output, output))))
    if rules:
        raise click.UsageError("--rules and --send exclude each other")
    from trapgate.cli.resend import resend

    raise SystemExit(answered(lambda: resend(replayed, target, community, rate)))

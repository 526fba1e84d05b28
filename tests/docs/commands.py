"""docs/cli.md, written from what the commands say of themselves with `--help`."""

from collections.abc import Iterator

import click

from trapgate.cli.main import cli

WIDTH = 100

INTRODUCTION = """\
# Command line

<!-- Written by `make docs` from the commands' own help. -->

Data goes to standard output, talk to standard error. Exit codes: 0 done, 1 problems found or not
delivered, nothing found (as grep), 2 wrong usage, 4 the store or the server does not answer, 78 the
configuration cannot be used.
"""


def commands_page() -> str:
    """The whole page: each command that does something."""
    parts = [f"## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(cli, "trapgate", None)]
    return "\n".join([INTRODUCTION, *parts])


def _helps(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command,
        info_name=name.rpartition(" ")[2],
        parent=parent,
        terminal_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _helps(found, f"{name} {inner}", context)

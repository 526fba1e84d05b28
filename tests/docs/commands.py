"""docs/cli.md, written from what the commands say of themselves with `--help`."""

from collections.abc import Iterator

import click

from trapgate.cli.commands import cli

WIDTH = 100

INTRODUCTION = """\
# Command line

<!-- Written by `make docs` from the commands' own help. -->

Data goes to standard output, talk to standard error.

| exit code | |
|---|---|
| 0 | done, something was found |
| 1 | nothing was found (as grep), problems were, or something could not be delivered |
| 2 | the command, an option or a query is wrong |
| 3 | there is an answer, but it is known to be incomplete; standard error says what is missing |
| 4 | the store or the server does not answer |
| 74 | the output cannot be written: a full disk, say; standard error says why |
| 78 | the configuration cannot be used |
| 130 | ended by Ctrl-C, but for `events tail` and `run`, which are meant to be: 0 |
| 141 | who reads the output has closed it (`... \\| head -1`), as of other tools |
| 128 + N | ended by the signal N: SIGTERM is 143 |
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

"""The command line as a user calls it, in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click.testing
import pytest
import structlog

from trapgate.cli.commands import cli

Trapgate = Callable[..., click.testing.Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, an empty one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def trapgate(folder: Path) -> Iterator[Trapgate]:
    """Runs a command in that folder: `trapgate("decode", "trap", "30")`."""
    runner = click.testing.CliRunner()

    def run(*arguments: str, stdin: bytes | None = None) -> click.testing.Result:
        result = runner.invoke(cli, arguments, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    yield run
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()

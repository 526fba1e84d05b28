"""What the README and the pages show works as shown."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from trapgate.cli.commands import cli
from trapgate.rules import build_rules

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == language]


RULES = [
    pytest.param(text, id=f"{page.name}-{number}")
    for page in PAGES
    for number, text in enumerate(blocks(page, "yaml"))
    if text.startswith("groups:")
]


@pytest.mark.parametrize("text", RULES)
def test_a_rule_that_is_shown_has_no_problems(text: str) -> None:
    rules, problems = build_rules({"shown": text})
    assert rules
    assert problems == ()


def test_rules_are_shown() -> None:
    assert len(RULES) >= 2


def test_the_readmes_line_and_bytes_decode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (shown,) = [block for block in blocks(ROOT / "README.md", "console") if "decode trap" in block]
    commands = re.split(
        r"^\$ ", shown.replace("\\\n", " ").replace("|\n", "| "), flags=re.MULTILINE
    )
    line, trap = (shlex.split(command) for command in commands if command.strip())
    assert line[:1] == ["echo"]
    said = CliRunner().invoke(cli, ["decode", "syslog", "-"], input=line[1])
    assert (said.exit_code, '"code":"UPDOWN"' in said.stdout) == (0, True)
    decoded = CliRunner().invoke(cli, trap[1:])
    assert (decoded.exit_code, '"code":"IF-MIB::linkDown"' in decoded.stdout) == (0, True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), target

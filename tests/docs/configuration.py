"""docs/configuration.md, written from the schemas of the three files."""

import re
from collections.abc import Iterator, Mapping

from docs.sections import VALUES, default_of, sections, setting_texts, type_in_words
from trapgate.app.settings import AlertmanagerSettings, Settings
from trapgate.config import Section
from trapgate.config.section import field_types
from trapgate.rules import RuleFile

FILES: Mapping[str, tuple[type[Section], str]] = {
    "trapgate.yml": (
        Settings,
        "Looked for in the current folder, then as `/etc/trapgate/trapgate.yml`; `--config` names "
        "another. `trapgate init` writes one with all defaults. Relative paths start at the "
        "folder of the file.",
    ),
    "alertmanager.yml": (
        AlertmanagerSettings,
        "Alertmanager's own format, named by `alerting.config` of `trapgate.yml`. What "
        "Alertmanager knows and trapgate does not build yet is refused by name.",
    ),
    "Rule files": (
        RuleFile,
        "The files of `rules.files` of `trapgate.yml`, and those that come with trapgate.",
    ),
}

INTRODUCTION = """\
# Configuration

<!-- Written by `make docs` from the settings' classes. Change the docstrings there. -->

Every key of every file. `trapgate check` reads the files as `trapgate run` does and says all that
is wrong with them, with file, line and column. A key that is not listed here is an error. A changed
file is taken over by `POST /-/reload` or SIGHUP, all of it or nothing; `data`, `spool`,
`store`, `web` and `observe` need a restart.
"""


def configuration_page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _values()]
    for title, (kind, introduction) in FILES.items():
        named = list(sections(kind))
        anchors = {inner: anchor(path or title) for path, inner in named}
        parts.append(f"## {title}\n\n{introduction}\n")
        for path, inner in named:
            heading = f"### {path}\n\n{_first_paragraph(inner)}\n\n" if path else ""
            parts.append(heading + _table(inner, anchors) + _later(inner))
    return "\n".join(parts)


def anchor(heading: str) -> str:
    """The name that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _values() -> str:
    written = dict(VALUES.values())
    lines = [f"- *{name}*: {text}" for name, text in written.items()]
    return "## How values are written\n\n" + "\n".join(lines) + "\n"


def _first_paragraph(kind: type[Section]) -> str:
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split())


def _table(kind: type[Section], anchors: Mapping[type[Section], str]) -> str:
    texts = setting_texts(kind)
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, (attribute, hint) in field_types(kind).items():
        cells = (
            f"`{key}`",
            type_in_words(hint, anchors),
            default_of(kind, attribute),
            texts[attribute],
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _later(kind: type[Section]) -> str:
    by_reason: dict[str, list[str]] = {}
    for key, reason in kind.later.items():
        by_reason.setdefault(reason, []).append(f"`{key}`")
    if not by_reason:
        return ""
    return "\nNot supported yet:\n\n" + "".join(_later_lines(by_reason))


def _later_lines(by_reason: Mapping[str, list[str]]) -> Iterator[str]:
    for reason, keys in by_reason.items():
        yield f"- {', '.join(keys)}: {reason}\n"

"""Files → the module texts in them.

In: folders and files. Out: one `ModuleText` a module, wherever it stands: a file need not be named
after its module, and may hold several.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from trapgate.model import Problem, Span

FILE_BYTES_MAX = 8 << 20
"""Larger files are no MIBs: the largest known (APC's PowerNet) has 3 MB."""

FILES_MAX = 20_000
"""Files of one folder that are looked at: all of Cisco's MIBs are some 2,000; a folder with more
is somebody's home."""

_HIDDEN = "."

_FACTS = ".json"
"""Files of facts, which are not texts: a checkout of trapgate has a folder `mibs` of them."""

_NOT_CODE = re.compile(r'"[^"]*"|--[^\n]*')
"""Strings and comments. A comment ends with its line: ASN.1's `-- ... --` within a line occurs in
MIBs as a line of dashes only."""

_HEADER = re.compile(
    r"^[ \t]*([A-Za-z][\w-]*)\s*(?:\{[^{}]*\}\s*)?DEFINITIONS\s*(?:[A-Z]+\s+TAGS\s*)?::=\s*BEGIN",
    re.MULTILINE,
)
"""The module's OID in braces ends at the next brace of any kind: no part of a text is looked at
for two headers, however many braces stay open."""

_IMPORTS = re.compile(r"\bIMPORTS\b")
_FROM = re.compile(r"\bFROM\s+([A-Za-z][\w-]*)")


MODULES_MAX = 1_000
"""Modules of one file that are read: collections in one file have some dozens, and each module
costs the compiler a pass over the lines before it."""


class ModuleText(msgspec.Struct, frozen=True):
    """One module: its text from the header on, which stands at `line` (from 1) of `file`, the
    modules that it imports from, and the hash of its text."""

    module: str
    file: str
    line: int
    text: str
    imports: tuple[str, ...]
    digest: str


def find_texts(
    paths: Sequence[Path], *, largest: int = FILE_BYTES_MAX
) -> tuple[list[ModuleText], list[Problem]]:
    """The modules in files and folders (with all folders in them), in order of their paths.

    Hidden files, and links that lead out of their folder, are not read. A file that cannot be
    read, is no text, has no module in it, more than `MODULES_MAX`, or more than `largest` bytes, is
    a warning. Never raises.
    """
    texts: list[ModuleText] = []
    problems: list[Problem] = []
    for path in paths:
        for file in _files(path, problems):
            text = _read(file, largest, problems)
            if text is None:
                continue
            found = split(text, str(file))
            if not found:
                problems.append(_warning(file, "there is no MIB module in it"))
            elif len(found) > MODULES_MAX:
                summary = f"only its first {MODULES_MAX:,} modules are read"
                problems.append(_warning(file, summary, "divide it"))
                del found[MODULES_MAX:]
            texts += found
    return texts, problems


def split(text: str, file: str) -> list[ModuleText]:
    """The modules of one text; none if there is no `... DEFINITIONS ::= BEGIN` in it. What it costs
    grows with the length of the text and no faster, whatever is in it."""
    code = _NOT_CODE.sub(_blank, text)
    starts = [(found.start(1), found[1]) for found in _HEADER.finditer(code)]
    ends = [*[start for start, _ in starts], len(text)][1:]
    modules = []
    line, counted = 1, 0
    for (start, name), end in zip(starts, ends, strict=True):
        line, counted = line + text.count("\n", counted, start), start
        own = text[start:end]
        modules.append(
            ModuleText(
                module=name,
                file=file,
                line=line,
                text=own,
                imports=_imports(code, start, end),
                digest=hashlib.blake2b(own.encode(), digest_size=16).hexdigest(),
            )
        )
    return modules


def _imports(code: str, start: int, end: int) -> tuple[str, ...]:
    """The modules that the first IMPORTS of this part names, each once; none if it does not end."""
    begins = _IMPORTS.search(code, start, end)
    semicolon = code.find(";", begins.end(), end) if begins else -1
    if begins is None or semicolon < 0:
        return ()
    return tuple(dict.fromkeys(_FROM.findall(code, begins.end(), semicolon)))


def _blank(found: re.Match[str]) -> str:
    """As long as what it replaces, with its line ends, so that places stay what they are."""
    return "\n".join(" " * len(line) for line in found[0].split("\n"))


def _files(path: Path, problems: list[Problem]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    inside = path.resolve()
    count = 0
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(_HIDDEN))
        for name in sorted(names):
            file = Path(folder, name)
            if name.startswith(_HIDDEN) or name.endswith(_FACTS):
                continue
            count += 1
            if count > FILES_MAX:
                problems.append(_warning(path, f"only its first {FILES_MAX} files are read"))
                return
            if file.is_symlink() and not file.resolve().is_relative_to(inside):
                problems.append(_warning(file, "it is a link that leads out of the folder"))
                continue
            yield file


def _read(file: Path, largest: int, problems: list[Problem]) -> str | None:
    """A file's text; `None`, with a problem, if it is none."""
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            problems.append(_warning(file, "it is not a file"))
            return None
        if found.st_size > largest:
            size = f"{found.st_size:,} bytes"
            problems.append(_warning(file, f"it has {size}, which no MIB has", "move it away"))
            return None
        data = file.read_bytes()
    except OSError as error:
        problems.append(_warning(file, f"it cannot be read: {error.strerror}"))
        return None
    if b"\0" in data:
        problems.append(_warning(file, "it is not a text", "unpack it if it is an archive"))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # names of authors, in MIBs of the nineties
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _warning(file: Path, summary: str, help: str = "") -> Problem:
    return Problem("mib-file", "warning", summary, Span(str(file)), help)

"""A user's own MIBs: folders → compiled modules, kept in the data folder → the index.

The bundle names files of the cache, which are named by the hash of all that they are made from: a
reload does not copy them, and the processes read what was accepted.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from trapgate.compile import (
    Cache,
    Compiled,
    Compiler,
    MibSettings,
    ModuleText,
    Outcome,
    Progress,
    find_texts,
)
from trapgate.mib import MibIndex
from trapgate.mib.facts import Module, read_module
from trapgate.model import Problem, Span

CACHE = "mibs"
"""The cache's folder in the data folder."""

PROBLEMS_SHOWN_MAX = 20
"""What is said of MIBs at start; `trapgate mib lint` says all. A vendor's archive of a thousand
files may have a hundred bad ones, which would hide what is wrong with the configuration."""

COMPILE_S_MAX = 120.0
"""How long a start or a reload compiles new modules: a thousand of them take about a minute. Others
are left for the next time."""

Keep = Literal["always", "if-ours"]
"""Whether new modules go into the cache: `always` for the service itself; a command on the side
only writes where there is a cache of its own user, so that the service can always read it."""


class VendorMibs(msgspec.Struct, frozen=True):
    """`texts` are the modules that trapgate comes with, and those compiled ones that could not be
    kept; `files` are those in the cache, in order of their modules' names: also what failed, which
    stays there, and is not compiled again at each start."""

    texts: Mapping[str, str]
    files: tuple[str, ...]
    problems: tuple[Problem, ...]


class OwnMibs(msgspec.Struct, frozen=True):
    """Everything that is in a user's folders. `standard` are texts that are not needed, `repeated`
    those of modules that another file has already."""

    compiled: tuple[Compiled, ...]
    standard: tuple[ModuleText, ...]
    repeated: tuple[ModuleText, ...]
    problems: tuple[Problem, ...]


def standard_modules(texts: Mapping[str, str]) -> dict[str, Module]:
    """The modules that trapgate comes with, by name; `texts` are files of facts."""
    read = [read_module(text, file) for file, text in texts.items()]
    return {module.module: module for module in read if isinstance(module, Module)}


def mib_folders(settings: MibSettings, folder: Path) -> tuple[list[Path], list[Problem]]:
    """The configured folders; one that is not there is a warning, but for the default."""
    folders: list[Path] = []
    problems: list[Problem] = []
    for name in settings.folders:
        path = folder / name
        if path.is_dir():
            folders.append(path)
        elif name not in MibSettings().folders:
            summary = f"there is no folder {path}"
            span = settings.where.key("folders")
            problems.append(Problem("mib-folder", "warning", summary, span, "correct the path"))
    return folders, problems


def compile_mibs(
    paths: Sequence[Path],
    standard: Mapping[str, Module],
    cache: Cache | None,
    progress: Progress | None = None,
    within_s: float | None = None,
) -> OwnMibs:
    """Compile all modules in files and folders, in a child process if there is a deadline
    (`Compiler.compile`). Never raises, whatever they hold."""
    texts, problems = find_texts(paths)
    compiler = Compiler(standard, cache)
    compiled = compiler.compile(texts, progress or (lambda *_: None), within_s)
    used = {id(module.text) for module in compiled}
    others = [text for text in texts if id(text) not in used]
    return OwnMibs(
        compiled=tuple(compiled),
        standard=tuple(text for text in others if compiler.is_standard(text.module)),
        repeated=tuple(text for text in others if not compiler.is_standard(text.module)),
        problems=tuple(problems),
    )


def vendor_mibs(
    settings: MibSettings,
    folder: Path,
    data: Path,
    bundled: Mapping[str, str],
    keep: Keep,
    progress: Progress | None = None,
) -> VendorMibs:
    """The MIBs of a configuration: those that trapgate comes with, `bundled` as files of facts, and
    the user's. Nothing that is wrong with them is more than a warning. What is new is compiled in a
    child process, for at most `COMPILE_S_MAX`."""
    folders, problems = mib_folders(settings, folder)
    if not folders:
        return VendorMibs(bundled, (), tuple(problems))
    cache = mib_cache(data, keep)
    own = compile_mibs(folders, standard_modules(bundled), cache, progress, COMPILE_S_MAX)
    texts, files = dict(bundled), []
    for module in own.compiled:
        problems += [f.problem(module.text.file) for f in module.outcome.findings]
        name, facts = f"{module.text.module}.json", module.outcome.facts
        path = cache.path(module.key)
        kept = path.is_file()
        if kept:
            files.append(str(path.absolute()))
        if facts is not None:
            texts.pop(name, None)  # the partial one that trapgate comes with
            if not kept:
                texts[name] = msgspec.json.encode(facts).decode()
    return VendorMibs(texts, tuple(files), _few(problems))


def mib_cache(data: Path, keep: Keep) -> Cache:
    """The cache in a data folder, to be written to or not."""
    folder = data / CACHE
    ours = folder.is_dir() and folder.stat().st_uid == os.geteuid()
    return Cache(folder, writable=keep == "always" or ours)


def forget_unused_mibs(data: Path, files: Sequence[str]) -> int:
    """Delete from the cache what is not among these files, those of the configuration in use;
    returns how many. For the one who holds the data folder."""
    return Cache(data / CACHE, writable=True).forget_others({Path(file).stem for file in files})


def load_index(texts: Mapping[str, str], files: Sequence[str]) -> MibIndex:
    """The index of files of facts and of files of the cache, in this order: of two modules that
    claim an OID or a name the first has it. What cannot be read is in its `problems`."""
    modules: list[Module] = []
    problems: list[Problem] = []
    for name, text in texts.items():
        read = read_module(text, name)
        if isinstance(read, Module):
            modules.append(read)
        else:
            problems.append(read)
    for file in files:
        try:
            facts = msgspec.json.decode(Path(file).read_bytes(), type=Outcome).facts
        except (OSError, ValueError) as error:
            summary = f"a compiled MIB cannot be read: {error}"
            hint = "reload: it is compiled again"
            problems.append(Problem("mib", "warning", summary, Span(file), hint))
            continue
        if facts is not None:
            modules.append(facts)
    return MibIndex(modules, problems)


def _few(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    if len(problems) <= PROBLEMS_SHOWN_MAX:
        return tuple(problems)
    more = len(problems) - PROBLEMS_SHOWN_MAX
    summary = f"there are {more} more problems in MIB files"
    hint = "see all with trapgate mib lint"
    return (*problems[:PROBLEMS_SHOWN_MAX], Problem("mib", "warning", summary, None, hint))

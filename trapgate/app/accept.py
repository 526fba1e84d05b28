"""Reading a configuration for use: at start, and again while trapgate runs."""

from pathlib import Path

from trapgate.app.build import Configuration, build
from trapgate.app.files import Bundle, bundled_mibs, read_bundle
from trapgate.app.mibs import Keep, load_index
from trapgate.app.restart import restart_needed
from trapgate.compile import Progress
from trapgate.mib import MibIndex
from trapgate.model import Problem


def read_configuration(
    path: Path | None, *, keep: Keep = "if-ours", progress: Progress | None = None
) -> tuple[Bundle | None, Configuration | None, list[Problem]]:
    """Read and compose what is at `path` (`read_bundle` says where else, and what `keep` and
    `progress` are). Warnings come with the configuration, errors instead of it; the bundle is there
    if the files could be read."""
    bundle, problems = read_bundle(path, keep=keep, progress=progress)
    if bundle is None:
        return None, None, problems
    configuration, found = build(bundle)
    return bundle, configuration, [*problems, *found]


def mib_index(path: Path | None) -> MibIndex:
    """The names that a configuration knows, the user's own MIBs among them, whatever else is wrong
    with it; if it cannot be read, those that trapgate comes with. For commands that need no more.
    """
    bundle, _ = read_bundle(path)
    if bundle is None:
        return load_index(bundled_mibs(), ())
    return load_index(bundle.mibs, bundle.vendor_mibs)


def read_again(
    path: str | None, current: Configuration, progress: Progress | None = None
) -> tuple[Configuration | None, list[Problem]]:
    """What a reload may take over, with the warnings about it; or `None` and all errors that speak
    against it. `progress` is called while MIBs are compiled (`Compiler.compile`)."""
    _, configuration, problems = read_configuration(
        Path(path) if path else None, keep="always", progress=progress
    )
    if configuration is not None:
        problems = [*problems, *restart_needed(current, configuration)]
    errors = [problem for problem in problems if problem.severity == "error"]
    return (None, errors) if errors else (configuration, problems)

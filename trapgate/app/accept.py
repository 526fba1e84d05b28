"""Reading a configuration for use: at start, and again while trapgate runs."""

from pathlib import Path

from trapgate.app.build import Configuration, build, restart_needed
from trapgate.app.files import Bundle, read_bundle
from trapgate.model import Problem


def read_configuration(
    path: Path | None,
) -> tuple[Bundle | None, Configuration | None, list[Problem]]:
    """Read and compose what is at `path` (`read_bundle` says where else). Warnings come with the
    configuration, errors instead of it; the bundle is there if the files could be read."""
    bundle, problems = read_bundle(path)
    if bundle is None:
        return None, None, problems
    configuration, found = build(bundle)
    return bundle, configuration, [*problems, *found]


def read_again(
    path: str | None, current: Configuration
) -> tuple[Configuration | None, list[Problem]]:
    """What a reload may take over, or all that speaks against it."""
    _, configuration, problems = read_configuration(Path(path) if path else None)
    if configuration is not None:
        problems = restart_needed(current, configuration)
    errors = [problem for problem in problems if problem.severity == "error"]
    return (None if errors else configuration), errors

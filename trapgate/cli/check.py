"""`trapgate check`."""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from trapgate.app.accept import read_configuration
from trapgate.app.build import Configuration
from trapgate.app.files import Bundle
from trapgate.app.mibs import Keep
from trapgate.app.problems import report
from trapgate.app.supervisor import EX_CONFIG
from trapgate.cli.progress import compiling
from trapgate.model import Problem


def check_files(config: Path | None) -> int:
    """Say what is wrong; 0 if nothing is that keeps trapgate from running, else 78."""
    configuration = reported_configuration(config)
    if configuration is None:
        return EX_CONFIG
    files = [configuration.bundle.main[0], configuration.bundle.alertmanager[0]]
    print(f"{', '.join(files)}: valid; {len(configuration.rules)} rules")
    return 0


def reported_configuration(
    config: Path | None, *, warnings: bool = True, keep: Keep = "if-ours"
) -> Configuration | None:
    """The configuration, if it can be used. What is wrong with it goes to standard error; without
    `warnings` only what keeps it from being used."""
    with compiling() as progress:
        bundle, configuration, problems = read_configuration(config, keep=keep, progress=progress)
    if problems and (warnings or configuration is None):
        print(report(problems, _texts_of(bundle, problems)), file=sys.stderr)
    return configuration


def _texts_of(bundle: Bundle | None, problems: Iterable[Problem]) -> Mapping[str, str]:
    """The texts that problems point into: the bundle's, or the files if there is none."""
    if bundle is None:
        files = {problem.span.file for problem in problems if problem.span}
        paths = {name: Path(name) for name in files if os.access(name, os.R_OK)}
        return {
            name: path.read_text("utf-8", "replace")
            for name, path in paths.items()
            if path.is_file()
        }
    return {
        bundle.main[0]: bundle.main[1],
        bundle.alertmanager[0]: bundle.alertmanager[1],
        **bundle.rules,
    }

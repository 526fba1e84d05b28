from pathlib import Path

import pytest

from trapgate.mib.facts import Module, read_module

MIBS = Path(__file__).parents[2] / "mibs"


@pytest.fixture(scope="session")
def standard() -> dict[str, Module]:
    """The modules that trapgate comes with."""
    read = [read_module(path.read_text(), path.name) for path in sorted(MIBS.glob("*.json"))]
    return {module.module: module for module in read if isinstance(module, Module)}

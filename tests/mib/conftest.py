from pathlib import Path

import pytest

from trapgate.mib import MibIndex

MIBS = Path(__file__).parents[2] / "mibs"


@pytest.fixture(scope="session")
def bundled() -> MibIndex:
    """The index of the files that trapgate comes with."""
    return MibIndex.load({path.name: path.read_text() for path in sorted(MIBS.glob("*.json"))})

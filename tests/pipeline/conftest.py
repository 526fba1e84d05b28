"""What every test of this room has behind it."""

from collections.abc import Iterator

import pytest

from pipeline.wires import close_all


@pytest.fixture(autouse=True)
def _closed_wires() -> Iterator[None]:
    yield
    close_all()

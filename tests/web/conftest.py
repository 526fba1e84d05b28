"""A gateway for each test."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from web.gateway import Gateway


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with closing(Gateway(tmp_path)) as opened:
        yield opened

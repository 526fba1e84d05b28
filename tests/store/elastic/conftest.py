"""A store of the test's own on the shared server."""

from collections.abc import Iterator

import pytest

from store.elastic.stores import Bench, bench


@pytest.fixture
def store(elasticsearch_url: str, namespace: str) -> Iterator[Bench]:
    with bench(elasticsearch_url, namespace) as found:
        yield found

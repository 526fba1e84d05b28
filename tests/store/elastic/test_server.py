"""The fixture itself: a genuine server answers, and one of a test's own comes back after a stop."""

import httpx
import pytest

from elastic import Elasticsearch

pytestmark = pytest.mark.real


def test_the_shared_server_answers(elasticsearch_url: str) -> None:
    health = httpx.get(f"{elasticsearch_url}/_cluster/health").json()
    assert health["status"] in ("green", "yellow")


def test_a_server_of_ones_own_comes_back(own_elasticsearch: Elasticsearch) -> None:
    own_elasticsearch.request("PUT", "/things/_doc/1?refresh=true", {"a": 1})
    own_elasticsearch.stop()
    own_elasticsearch.start()
    assert own_elasticsearch.request("GET", "/things/_doc/1").json()["_source"] == {"a": 1}

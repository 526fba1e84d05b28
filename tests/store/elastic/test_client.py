"""Which errors of the client mean what."""

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, ConnectionTimeout, SSLError, UnsupportedProductError
from elasticsearch import ConnectionError as NoConnection

from trapgate.store import StoreUnavailable
from trapgate.store.elastic.client import Cluster, Refused, Unanswered, failure_of, tries
from trapgate.store.elastic.settings import ElasticsearchSettings

NODE = NodeConfig("http", "127.0.0.1", 9200)


def api_error(
    status: int, body: object = None, kind: type[ApiError] = ApiError, *, genuine: bool = True
) -> ApiError:
    headers = HttpHeaders({"X-Elastic-Product": "Elasticsearch"} if genuine else {})
    meta = ApiResponseMeta(status, "1.1", headers, 0.1, NODE)
    return kind("message", meta, body)


@pytest.mark.parametrize(
    ("error", "kind", "ambiguous", "brief"),
    [
        (api_error(429), "busy", False, True),
        (api_error(500), "server", True, True),
        (api_error(503), "server", True, True),
        (api_error(302), "server", True, True),
        (api_error(401), "denied", False, False),
        (api_error(403), "denied", False, False),
        (api_error(200, kind=UnsupportedProductError), "not-elasticsearch", False, False),
        (ConnectionTimeout("slow"), "timeout", True, False),
        (SSLError("certificate verify failed"), "tls", False, False),
        (NoConnection("refused"), "connection", True, True),
    ],
)
def test_what_is_to_be_asked_again(
    error: ApiError, kind: str, ambiguous: bool, brief: bool
) -> None:
    found = failure_of(error)
    assert isinstance(found, Unanswered)
    assert (found.kind, found.ambiguous, found.brief) == (kind, ambiguous, brief)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": {"type": "t", "reason": "r"}}, "t: r"),
        ({"error": "text"}, "text"),
        ("<html>", "message"),
        (None, "message"),
    ],
)
def test_what_is_not_acceptable(body: object, reason: str) -> None:
    found = failure_of(api_error(400, body))
    assert isinstance(found, Refused)
    assert (found.status, found.reason) == (400, reason)


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_what_is_not_elasticsearch_is_called_so(status: int) -> None:
    found = failure_of(api_error(status, "<html>", genuine=False))
    assert isinstance(found, Unanswered)
    assert found.kind == "not-elasticsearch"
    assert found.reason == (
        f"what answers at http://127.0.0.1:9200 is not Elasticsearch: it says {status}"
    )


@pytest.mark.parametrize(("status", "kind"), [(401, "denied"), (429, "busy"), (502, "server")])
def test_a_proxy_may_refuse_in_the_servers_place(status: int, kind: str) -> None:
    found = failure_of(api_error(status, "<html>", genuine=False))
    assert isinstance(found, Unanswered)
    assert found.kind == kind


def test_the_source_of_openssl_is_not_quoted() -> None:
    found = failure_of(SSLError("https://a: [SSL: WRONG_VERSION_NUMBER] wrong version (_ssl.c:9)"))
    assert str(found) == (
        "TLS: https://a: [SSL: WRONG_VERSION_NUMBER] wrong version; if the server has no TLS, "
        "write http:// in urls"
    )


def test_brief_troubles_are_tried_three_times_with_growing_waits() -> None:
    waits: list[float] = []
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise Unanswered("busy", "busy", ambiguous=False, brief=True)

    with pytest.raises(StoreUnavailable, match="busy"):
        tries(waits.append)(fails)
    assert len(calls) == 3
    assert len(waits) == 2
    assert 0.2 <= waits[0] <= 0.4
    assert 0.4 <= waits[1] <= 0.6


def test_other_troubles_are_not_tried_again() -> None:
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise Unanswered("denied", "no", ambiguous=False, brief=False)

    with pytest.raises(StoreUnavailable):
        tries(lambda _: None)(fails)
    assert len(calls) == 1


def test_nobody_there() -> None:
    cluster = Cluster(ElasticsearchSettings(urls=("http://127.0.0.1:1",)))
    with pytest.raises(Unanswered, match=r"no connection to http://127\.0\.0\.1:1: "):
        cluster.ask("GET", "/_cluster/health")
    cluster.close()
    cluster.close()

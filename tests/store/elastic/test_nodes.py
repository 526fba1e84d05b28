"""A node that does not answer is told of once, and the others do its work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from structlog.testing import capture_logs

from trapgate.store.elastic.client import Cluster, Unanswered
from trapgate.store.elastic.nodes import Nodes
from trapgate.store.elastic.settings import ElasticsearchSettings

DEAD = "http://127.0.0.1:1"


class _Answers(BaseHTTPRequestHandler):
    """What Elasticsearch says to anything, or something else that knows nothing."""

    product = "Elasticsearch"

    def do_GET(self) -> None:
        self.send_response(200 if self.product else 404)
        if self.product:
            self.send_header("X-Elastic-Product", self.product)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


class _Other(_Answers):
    product = ""


class _HangsUp(_Answers):
    """As a server that speaks TLS does when it is asked without."""

    def do_GET(self) -> None:
        self.close_connection = True


@contextmanager
def serving(answers: type[_Answers]) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def asking(*urls: str) -> Iterator[tuple[Cluster, list[str]]]:
    counted: list[str] = []
    cluster = Cluster(ElasticsearchSettings(urls=urls), counted.append)
    try:
        yield cluster, counted
    finally:
        cluster.close()


def test_one_dead_node_of_two() -> None:
    with serving(_Answers) as url, asking(url, DEAD) as (cluster, counted), capture_logs() as logs:
        for _ in range(6):
            assert cluster.ask("GET", "/") == {}
    assert set(counted) == {DEAD}
    assert [(log["event"], log["url"]) for log in logs] == [("store.node-away", DEAD)]


def test_a_node_that_comes_back_is_told_of() -> None:
    nodes = Nodes([DEAD, "http://b"], lambda url: None)
    with capture_logs() as logs:
        nodes.failed(DEAD, "refused")
        nodes.failed(DEAD, "refused")
        nodes.answered("http://b")
        nodes.answered(DEAD)
        nodes.answered(DEAD)
    assert [log["event"] for log in logs] == ["store.node-away", "store.node-away.over"]


def test_that_the_only_node_is_away_is_the_alarm_of_the_store() -> None:
    refused = pytest.raises(Unanswered, match=f"no connection to {DEAD}: ")
    with asking(DEAD) as (cluster, counted), capture_logs() as logs, refused:
        cluster.ask("GET", "/")
    assert (counted, logs) == ([DEAD], [])


def test_something_else_that_answers() -> None:
    refused = pytest.raises(Unanswered, match=r"what answers at http://\S+ is not Elasticsearch")
    with serving(_Other) as url, asking(url) as (cluster, _), refused:
        cluster.ask("GET", "/_index_template/x")


def test_a_server_that_hangs_up_may_speak_tls() -> None:
    refused = pytest.raises(Unanswered, match="write https:// in urls")
    with serving(_HangsUp) as url, asking(url) as (cluster, _), refused:
        cluster.ask("GET", "/")

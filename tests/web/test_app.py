"""The table of routes: every path answers to its methods, and to no others."""

import pytest

from trapgate.web import app
from web.gateway import Gateway

GETS = [path for path, _ in (*app._QUICK, *app._SLOW, *app._LARGE)]
POSTS = [path for path, _ in app._POSTS]


@pytest.mark.parametrize("path", GETS)
def test_reading(gateway: Gateway, path: str) -> None:
    gone = path in {f"/api/v1/{name}" for name in ("status", "receivers", "alerts", "silences")}
    unknown = "{" in path
    assert gateway.get(path).status_code == (410 if gone else 404 if unknown else 200)


@pytest.mark.parametrize("path", POSTS)
def test_posting(gateway: Gateway, path: str) -> None:
    assert gateway.request("POST", path, content=b"[]").status_code == 200


@pytest.mark.parametrize("path", sorted({*GETS, *POSTS}))
def test_other_methods(gateway: Gateway, path: str) -> None:
    methods = {"GET", "POST"} - {
        method for method, paths in (("GET", GETS), ("POST", POSTS)) if path in paths
    }
    for method in (*methods, "DELETE"):
        assert gateway.request(method, path).status_code == 405


def test_no_such_path(gateway: Gateway) -> None:
    assert gateway.get("/api/v2/none").status_code == 404


@pytest.mark.parametrize("path", sorted({*GETS, *POSTS}))
def test_only_alertmanagers_api_is_open_to_other_origins(gateway: Gateway, path: str) -> None:
    asked = {"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "GET"}
    method = "GET" if path in GETS else "POST"
    answers = [gateway.request(each, path, headers=asked) for each in (method, "OPTIONS")]
    for answer in answers:
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == ("*" if path.startswith("/api/v2/") else None)

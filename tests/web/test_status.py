"""Status, receivers, health, reload, metrics and the page."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from alerting.samples import at, routing
from trapgate import __version__
from trapgate.model import rfc3339
from trapgate.observe import Sounding
from web.gateway import CONFIG, Gateway


def test_status_has_all_that_the_api_requires(gateway: Gateway) -> None:
    status = gateway.get("/api/v2/status").json()
    assert status["cluster"] == {"status": "disabled", "peers": []}
    assert status["config"] == {"original": CONFIG}
    assert status["uptime"] == rfc3339(at(0))
    version = status["versionInfo"]
    assert version.keys() == {
        "version",
        "revision",
        "branch",
        "buildUser",
        "buildDate",
        "goVersion",
    }
    assert re.fullmatch(r"0\.\d+\.\d+", version["version"])
    assert version["revision"] == f"trapgate {__version__}"


def test_receivers(tmp_path: Path) -> None:
    with closing(Gateway(tmp_path, routing(pager=(True,), quiet=()))) as gateway:
        assert gateway.get("/api/v2/receivers").json() == [
            {"name": name, "labels": {}} for name in ("team", "pager", "quiet")
        ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
def test_health(gateway: Gateway, method: str, path: str) -> None:
    answer = gateway.request(method, path)
    assert answer.status_code == 200
    if method == "GET":
        assert answer.text == "OK"


def test_not_ready_says_why_and_is_healthy(gateway: Gateway) -> None:
    gateway.not_ready = "loading state"
    answer = gateway.get("/-/ready")
    assert (answer.status_code, answer.text) == (503, "loading state")
    assert gateway.get("/-/healthy").status_code == 200


def test_an_alarm_that_stands_against_it_is_a_reason(gateway: Gateway) -> None:
    gateway.alarms = [Sounding("spool.store-gave-up", "raw"), Sounding("spool.full", "raw-2")]
    answer = gateway.get("/-/ready")
    assert answer.status_code == 503
    lines = answer.text.splitlines()
    assert lines[1] == "spool.full (raw-2): the spool is full: new datagrams are refused"
    gateway.not_ready = "loading state"
    assert gateway.get("/-/ready").text.splitlines() == ["loading state", *lines]


def test_another_alarm_is_told_behind_the_ok(gateway: Gateway) -> None:
    """A store that is away must not stop paging: this one is still where traps should go."""
    gateway.alarms = [Sounding("spool.store-gave-up", "raw")]
    answer = gateway.get("/-/ready")
    assert answer.status_code == 200
    assert answer.text.startswith("OK\nspool.store-gave-up (raw): the event store is so far behind")


def test_the_page_shows_alarms_and_what_to_do(gateway: Gateway) -> None:
    assert "Alarms" not in gateway.get("/").text
    gateway.alarms = [Sounding("spool.write-failed", "<raw>")]
    text = gateway.get("/").text
    assert "spool.write-failed (&lt;raw&gt;)" in text
    assert "make room on the disk" in text


def test_reload(gateway: Gateway) -> None:
    answer = gateway.request("POST", "/-/reload")
    assert (answer.status_code, answer.text, gateway.reloads) == (200, "", 1)


def test_a_reload_that_is_refused_says_why(gateway: Gateway) -> None:
    gateway.reload_error = "trapgate.yml:1:1: no"
    answer = gateway.request("POST", "/-/reload")
    assert answer.status_code == 500
    assert answer.text == "failed to reload config: trapgate.yml:1:1: no\n"


def test_metrics(gateway: Gateway) -> None:
    answer = gateway.get("/metrics")
    assert answer.content == b"trapgate_up 1\n"
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_the_api_that_alertmanager_removed(gateway: Gateway) -> None:
    answer = gateway.get("/api/v1/alerts")
    assert answer.status_code == 410
    assert answer.json()["status"] == "deprecated"
    assert "v2 API" in answer.json()["error"]


def test_the_page_links_to_what_answers(gateway: Gateway) -> None:
    page = gateway.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"] == "default-src 'none'"
    links = re.findall(r'href="([^"]+)"', page.text)
    assert len(links) >= 6
    assert {gateway.get(link).status_code for link in links} == {200}

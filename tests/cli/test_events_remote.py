"""Events of a running trapgate: the same as those of its store, over the API."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import uvicorn

from cli.conftest import Trapgate
from cli.stored import DAY, second, sixty
from store.events import event
from trapgate.app.records import NotAnswered, Span, StoredEvents
from trapgate.cli.events import remote
from trapgate.cli.events.remote import RemoteEvents
from trapgate.model import NS_PER_S
from trapgate.model.query import Everything, Word
from web.gateway import Gateway

URL = "http://trapgate"
ALL = Span(second(0), second(86_400))


class ToGateway(httpx.BaseTransport):
    """Requests to the API without a socket."""

    def __init__(self, gateway: Gateway) -> None:
        self.asked: list[str] = []
        self._gateway = gateway

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        answer = self._gateway.get(request.url.path, *request.url.params.multi_items())
        return httpx.Response(answer.status_code, content=answer.content)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with closing(Gateway(tmp_path)) as opened:
        yield opened


@pytest.fixture
def both(gateway: Gateway) -> tuple[StoredEvents, RemoteEvents]:
    return StoredEvents(gateway.events), RemoteEvents(URL, ToGateway(gateway))


def test_the_same_events(
    gateway: Gateway,
    both: tuple[StoredEvents, RemoteEvents],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "PAGE_EVENTS", 7)
    gateway.events.write(sixty())
    there, here = both
    for query in (Everything(), Word("host.name", "router-1"), Word("host.name", "nobody")):
        for limit in (None, 0, 1, 7, 8, 100):
            expected = list(there.newest_first(query, ALL, limit))
            assert list(here.newest_first(query, ALL, limit)) == expected
    some = Span(second(7), second(10))
    assert [each.position.sequence for each in here.newest_first(Everything(), some)] == [9, 8, 7]
    by = ("host.name", "vlan.id")
    assert here.count(Everything(), by, ALL) == there.count(Everything(), by, ALL)
    assert here.count(Everything(), (), ALL) == {(): 60}
    assert here.named(sixty()[7].id) == sixty()[7]
    assert here.named("f" * 32) is None


def test_what_is_damaged_is_known_from_the_answers(
    gateway: Gateway, both: tuple[StoredEvents, RemoteEvents], tmp_path: Path
) -> None:
    gateway.events.write(sixty())
    gateway.events.close()
    (tmp_path / "events" / "events-2026-11-20.sqlite").write_bytes(b"junk" * 4_000)
    both_days = Span(ALL.start - 86_400 * NS_PER_S, ALL.end)
    for events in both:
        assert len(list(events.newest_first(Everything(), ALL))) == 60
        assert list(events.damaged(ALL)) == []
        assert events.count(Everything(), (), both_days) == {(): 60}
        assert list(events.damaged(both_days)) == ["events-2026-11-20.sqlite"]


def test_an_event_that_may_be_in_a_damaged_file(
    gateway: Gateway, both: tuple[StoredEvents, RemoteEvents], tmp_path: Path
) -> None:
    gateway.events.write(sixty())
    gateway.events.close()
    (tmp_path / "events" / "events-2026-11-21.sqlite").write_bytes(b"junk" * 4_000)
    for events in both:
        assert events.named(sixty()[0].id) is None
        assert list(events.damaged(ALL)) == ["events-2026-11-21.sqlite"]


def test_a_search_that_examines_more_than_one_may(tmp_path: Path) -> None:
    with closing(Gateway(tmp_path, rows_max=7)) as gateway:
        gateway.events.write(
            [event(n, fields={"vlan.id": str(n % 20)}, message=f"event {n}") for n in range(1, 61)]
        )
        for events in (StoredEvents(gateway.events), RemoteEvents(URL, ToGateway(gateway))):
            found = events.newest_first(Word("vlan.id", "3"), ALL)
            assert [each.message for each in found] == ["event 43", "event 23", "event 3"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(400, json="query: what?"), "http://trapgate: query: what?"),
        (httpx.Response(503, json="away"), "http://trapgate: away"),
        (httpx.Response(404, text="no page"), "status 404, and no answer of trapgate's API"),
        (httpx.Response(200, json={"status": "x"}), "status 200, and no answer of trapgate's API"),
        (httpx.Response(200, json={"events": [{}]}), "an event of another version"),
    ],
)
def test_answers_that_are_none(answer: httpx.Response, said: str) -> None:
    events = RemoteEvents(URL, httpx.MockTransport(lambda _: answer))
    with pytest.raises(NotAnswered, match=said):
        list(events.newest_first(Everything(), ALL))


@pytest.mark.parametrize("url", ["", "localhost:9093", "ftp://x", "http://", "http://[::1"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="is no URL"):
        RemoteEvents(url)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL of the API on a real port."""
    with closing(Gateway(tmp_path / "gateway")) as gateway:
        gateway.events.write([*sixty(), event(61, message="the last")])
        server = uvicorn.Server(
            uvicorn.Config(gateway.app, port=0, log_config=None, lifespan="off")
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                thread.join(0.01)
                assert thread.is_alive()
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


def test_every_command_asks_the_url(served: str, trapgate: Trapgate, folder: Path) -> None:
    search = trapgate("events", "search", *DAY, "-n1", "-o", "jsonl", "--url", served)
    assert json.loads(search.stdout)["message"] == "the last"
    shown = trapgate("events", "show", event(61).id, "--url", f"{served}/")
    assert shown.stdout.startswith("the last\n")
    assert trapgate("events", "show", "f" * 32, "--url", served).exit_code == 1
    exported = trapgate("events", "export", *DAY, "--url", served)
    assert len(exported.stdout.splitlines()) == 61
    counted = trapgate("events", "search", *DAY, "--by", "host.name", "--url", served)
    assert counted.stdout.splitlines()[1] == "21     router-1"
    assert not (folder / "data").exists()


def test_nobody_there(trapgate: Trapgate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAPGATE_URL", "http://127.0.0.1:1")
    for arguments in (("search",), ("show", "f" * 32), ("export",)):
        result = trapgate("events", *arguments)
        assert result.exit_code == 4
        assert result.stderr.startswith("no answer: http://127.0.0.1:1: ")

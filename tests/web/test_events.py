"""Events: found by query and time, page by page, and never more than asked for."""

from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NS_PER_S, Place, Position, rfc3339
from trapgate.normalize.stored import stored_document
from trapgate.web.answers import LIMIT_DEFAULT, LIMIT_MAX
from trapgate.web.cursor import Cursor, encode_cursor
from web.gateway import Gateway

EVENTS = "/api/v1/events"
PLACE = Cursor(0, Place(MIDNIGHT, Position("raw-1", 7)))
NINES = "9" * 5_000
"""More digits than Python reads as a number."""


@pytest.fixture
def filled(gateway: Gateway) -> Gateway:
    """Events of the seconds 1 to 60 after midnight; it is an hour later."""
    gateway.second = (MIDNIGHT - gateway.now().wall_ns) / NS_PER_S + 3_600
    gateway.events.write(
        [event(n, device=f"router-{n % 3}", message=f"event {n}") for n in range(1, 61)]
    )
    return gateway


def messages(gateway: Gateway, *params: tuple[str, str]) -> list[str]:
    answer = gateway.get(EVENTS, *params)
    assert answer.status_code == 200
    return [each["message"] for each in answer.json()["events"]]


def second(count: float) -> str:
    return rfc3339(MIDNIGHT + int(count * NS_PER_S))


def test_the_newest_events_first(filled: Gateway) -> None:
    expected = [f"event {n}" for n in range(60, 60 - LIMIT_DEFAULT, -1)]
    assert messages(filled) == expected
    assert messages(filled, ("limit", "2")) == expected[:2]
    assert len(messages(filled, ("limit", str(LIMIT_MAX)))) == 60


def test_an_event_is_its_ecs_document(filled: Gateway) -> None:
    (found,) = filled.get(EVENTS, ("query", 'message:"event 7"')).json()["events"]
    assert found == stored_document(event(7, device="router-1", message="event 7"))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([("query", "host.name:router-1")], [58, 55, 52]),
        ([("query", "host.name:router-1 and message:4")], [4]),
        ([("query", "  ")], [60, 59, 58]),
        ([("start", second(59))], [60, 59]),
        ([("end", second(3))], [2, 1]),
        ([("start", second(5)), ("end", second(7))], [6, 5]),
        ([("start", second(7)), ("end", second(7))], []),
        ([("start", "0001-01-01T00:00:00Z"), ("end", "9999-12-31T00:00:00Z")], [60, 59, 58]),
        ([("query", "host.name:none")], []),
    ],
)
def test_events_that_are_asked_for(
    filled: Gateway, params: list[tuple[str, str]], expected: list[int]
) -> None:
    found = messages(filled, *params, ("limit", "3"))
    assert found == [f"event {n}" for n in expected]


def test_without_a_start_a_day_is_searched(filled: Gateway) -> None:
    filled.events.write([event(100, MIDNIGHT - 20 * 3_600 * NS_PER_S, message="same window")])
    filled.events.write([event(101, MIDNIGHT - 24 * 3_600 * NS_PER_S, message="long ago")])
    assert messages(filled, ("limit", "99"))[60:] == ["same window"]
    everything = messages(filled, ("limit", "99"), ("start", second(-7 * 86_400)))
    assert everything[60:] == ["same window", "long ago"]
    end = second(-23 * 3_600)
    assert messages(filled, ("end", end)) == ["long ago"]


def test_a_search_that_would_examine_too_much(tmp_path: Path) -> None:
    with closing(Gateway(tmp_path, rows_max=5)) as gateway:
        gateway.second = (MIDNIGHT - gateway.now().wall_ns) / NS_PER_S + 3_600
        gateway.events.write([event(n) for n in range(1, 7)])
        query = ("query", "source.port:9")  # a field that each event must be read for
        first = gateway.get(EVENTS, query).json()
        assert (first["events"], first["complete"]) == ([], False)
        second_page = gateway.get(EVENTS, query, ("cursor", first["next"])).json()
        assert second_page == {"events": [], "complete": True}
        assert len(messages(gateway, ("limit", "5"))) == 5


@pytest.mark.parametrize(
    ("param", "message"),
    [
        (("query", "host.name:("), "query: "),
        (("query", "and"), "query: "),
        (("start", "yesterday"), "start: 'yesterday' is not a time"),
        (("end", "2026-11-21T10:00:00"), "end: '2026-11-21T10:00:00' is not a time"),
        (("end", ""), "end: '' is not a time"),
        (("end", "2026-02-30T00:00:00Z"), "end: "),
    ],
)
def test_bad_parameters_of_events(gateway: Gateway, param: tuple[str, str], message: str) -> None:
    answer = gateway.get(EVENTS, param)
    assert answer.status_code == 400
    assert answer.json().startswith(message)


def test_a_time_that_ends_before_it_starts(gateway: Gateway) -> None:
    for path in (EVENTS, EVENTS + "/count"):
        answer = gateway.get(path, ("start", second(7)), ("end", second(5)))
        assert (answer.status_code, answer.json()) == (400, "start is after end")
    assert messages(gateway, ("start", second(1e9))) == []  # a clock that is ahead of ours


@pytest.mark.parametrize(
    ("path", "name", "help"),
    [
        ("", "querry", '; did you mean "query"?'),
        ("", "by", "; known are query, start, end, limit, cursor"),
        ("/count", "limit", "; known are query, start, end, by"),
        ("/" + "0" * 32, "start", ""),
    ],
)
def test_unknown_parameters(gateway: Gateway, path: str, name: str, help: str) -> None:
    answer = gateway.get(EVENTS + path, (name, "x"))
    assert answer.status_code == 400
    assert answer.json() == f"there is no parameter '{name}'{help}"


def test_a_damaged_day_is_named(filled: Gateway, tmp_path: Path) -> None:
    filled.events.write([event(200, MIDNIGHT - 86_400 * NS_PER_S)])
    filled.events.close()
    (tmp_path / "events" / "events-2026-11-20.sqlite").write_bytes(b"this is no database" * 400)
    all_days = ("start", second(-3 * 86_400))
    answer = filled.get(EVENTS, all_days, ("limit", "1000")).json()
    assert len(answer["events"]) == 60
    assert answer["damaged"] == ["events-2026-11-20.sqlite"]
    counted = filled.get(EVENTS + "/count", all_days).json()
    assert counted == {"groups": [{"by": {}, "count": 60}], "damaged": answer["damaged"]}
    assert "damaged" not in filled.get(EVENTS, ("start", second(0))).json()
    assert "damaged" not in filled.get(EVENTS + "/count", ("start", second(0))).json()


def test_whether_an_event_is_there_may_not_be_known(filled: Gateway, tmp_path: Path) -> None:
    lost = event(200, MIDNIGHT - 86_400 * NS_PER_S)
    filled.events.write([lost])
    filled.events.close()
    file = tmp_path / "events" / "events-2026-11-20.sqlite"
    file.write_bytes(b"this is no database" * 400)
    answer = filled.get(f"{EVENTS}/{lost.id}")
    assert (answer.status_code, answer.json()) == (
        503,
        {
            "code": 503,
            "message": f"there is no event '{lost.id}' in what can be read of the store",
            "damaged": [file.name],
        },
    )
    of_another_day = lost.id.replace(lost.id[:8], event(1).id[:8])
    for unknown in (of_another_day, "no-id"):
        assert filled.get(f"{EVENTS}/{unknown}").status_code == 404


@pytest.mark.parametrize(
    ("path", "params", "said"),
    [
        ("", [("limit", "1"), ("limit", "2")], "the parameter 'limit' is given more than once"),
        (
            "/count",
            [("by", "host.name"), ("by", "event.code")],
            "the parameter 'by' is given more than once",
        ),
        (
            "/count",
            [("by", "host.name,,event.code")],
            "by: give fields with one comma between them",
        ),
        ("/count", [("by", "host.name,")], "by: give fields with one comma between them"),
        ("/count", [("by", "host.name,host.name")], "by: give fields with one comma between them"),
    ],
)
def test_what_would_be_taken_in_part_is_refused(
    path: str, params: list[tuple[str, str]], said: str, gateway: Gateway
) -> None:
    answer = gateway.get(EVENTS + path, *params)
    assert answer.status_code == 400
    assert answer.json().startswith(said)


def pages(gateway: Gateway, *params: tuple[str, str]) -> list[list[str]]:
    """The messages of all pages."""
    found: list[list[str]] = []
    cursor: list[tuple[str, str]] = []
    while True:
        answer = gateway.get(EVENTS, *params, *cursor).json()
        assert answer["complete"]
        found.append([each["message"] for each in answer["events"]])
        if "next" not in answer:
            return found
        cursor = [("cursor", answer["next"])]


def test_the_pages_hold_every_event_once(filled: Gateway) -> None:
    found = pages(filled, ("limit", "25"))
    assert [len(page) for page in found] == [25, 25, 10]
    assert list(chain(*found)) == [f"event {n}" for n in range(60, 0, -1)]
    found = pages(filled, ("query", "host.name:router-2"), ("limit", "7"))
    assert list(chain(*found)) == [f"event {n}" for n in range(59, 0, -3)]
    assert [len(page) for page in found] == [7, 7, 6]


def test_a_full_last_page_is_followed_by_an_empty_one(filled: Gateway) -> None:
    assert [len(page) for page in pages(filled, ("limit", "30"))] == [30, 30, 0]


def test_pages_go_on_while_events_arrive_and_time_passes(filled: Gateway) -> None:
    """New events are not in the pages behind, and the day that the first page began with is that
    of the last, too."""
    filled.events.write([event(100, MIDNIGHT - int(22.5 * 3_600) * NS_PER_S, message="oldest")])
    first = filled.get(EVENTS, ("limit", "60")).json()
    filled.second += 3_600
    filled.events.write([event(101, MIDNIGHT + 3_600 * NS_PER_S, message="new")])
    rest = filled.get(EVENTS, ("limit", "60"), ("cursor", first["next"])).json()["events"]
    assert [each["message"] for each in rest] == ["oldest"]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "next", "é", "AAAA", "k" * 600, "lQIAAKCg", encode_cursor(PLACE)[:-2]],
)
def test_a_cursor_that_is_none(gateway: Gateway, cursor: str) -> None:
    answer = gateway.get(EVENTS, ("cursor", cursor))
    assert answer.status_code == 400
    assert answer.json() == 'cursor: this is no cursor: give "next" of an answer as it is'


def test_one_event_by_its_id(filled: Gateway) -> None:
    wanted = event(7, device="router-1", message="event 7")
    answer = filled.get(f"{EVENTS}/{wanted.id}")
    assert (answer.status_code, answer.json()) == (200, stored_document(wanted))
    for unknown in ("0" * 32, "none", "%00"):
        assert filled.get(f"{EVENTS}/{unknown}").status_code == 404


def test_counts(filled: Gateway) -> None:
    def counts(*params: tuple[str, str]) -> list[tuple[dict[str, str], int]]:
        answer = filled.get(f"{EVENTS}/count", *params)
        assert answer.status_code == 200, answer.text
        return [(group["by"], group["count"]) for group in answer.json()["groups"]]

    filled.events.write([event(61, MIDNIGHT + NS_PER_S // 2, device="router-2")])
    assert counts() == [({}, 61)]
    assert counts(("by", "host.name")) == [
        ({"host.name": "router-2"}, 21),
        ({"host.name": "router-0"}, 20),
        ({"host.name": "router-1"}, 20),
    ]
    assert counts(("by", "host.name,event.code"), ("query", "host.name:router-1")) == [
        ({"host.name": "router-1", "event.code": "IF-MIB::linkDown"}, 20)
    ]
    assert counts(("start", second(59)), ("by", "vlan.id")) == [({"vlan.id": ""}, 2)]
    assert counts(("query", "host.name:none"), ("by", "host.name")) == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ([("by", "host")], 'by: there is no field "host"; did you mean "host.name"?'),
        ([("by", ",".join(f"labels.{n}" for n in range(9)))], "by: give at most 8 fields"),
        ([("query", "(")], "query: "),
        ([("start", "yesterday")], "start: "),
    ],
)
def test_bad_counts(gateway: Gateway, params: list[tuple[str, str]], message: str) -> None:
    answer = gateway.get(f"{EVENTS}/count", *params)
    assert answer.status_code == 400
    assert answer.json().startswith(message)


def test_more_groups_than_are_counted(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.second = (MIDNIGHT - gateway.now().wall_ns) / NS_PER_S + 3_600
    gateway.events.write([event(n, device=f"router-{n}") for n in range(1, 4)])
    monkeypatch.setattr("trapgate.store.sqlite.store.GROUPS_MAX", 2)
    answer = gateway.get(f"{EVENTS}/count", ("by", "host.name"))
    assert answer.status_code == 400
    assert answer.json() == "more than 2 groups: narrow the query or the time"


@pytest.mark.parametrize(
    "limit", ["0", "-1", "many", "1.5", "", "٣", str(LIMIT_MAX + 1), NINES, "0" + NINES]
)
def test_bad_limits(gateway: Gateway, limit: str) -> None:
    answer = gateway.get(EVENTS, ("limit", limit))
    assert answer.status_code == 400
    assert answer.json() == f"limit must be a whole number from 1 to {LIMIT_MAX}"


def test_an_event_store_that_cannot_be_read(filled: Gateway, tmp_path: Path) -> None:
    filled.events.close()
    for file in (tmp_path / "events").glob("*.sqlite"):
        file.unlink()
        file.mkdir()
    answer = filled.get(EVENTS, ("start", second(0)))
    assert answer.status_code == 503
    assert "disk I/O error" in answer.json()

"""Alertmanager's alerts API: what clients post, ask for, and get when they are wrong."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alerting.samples import alert, at, routing
from trapgate.alerting.settings import RouteSettings
from trapgate.model import NEVER, Alert, fingerprint, rfc3339
from web.gateway import RESOLVE_TIMEOUT_S, Gateway

ALERTS = "/api/v2/alerts"
GROUPS = "/api/v2/alerts/groups"
ZERO = "0001-01-01T00:00:00Z"


def body(*posted: dict[str, Any]) -> bytes:
    return json.dumps(posted).encode()


def kept(gateway: Gateway) -> Alert:
    """The only alert that was received."""
    ((only,),) = gateway.received
    return only


def names(answer: list[dict[str, Any]]) -> list[str]:
    return [each["labels"]["alertname"] for each in answer]


# -- POST ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "starts_at", "ends_at", "timeout"),
    [
        ({}, at(0), at(RESOLVE_TIMEOUT_S), True),
        ({"startsAt": ZERO, "endsAt": ZERO}, at(0), at(RESOLVE_TIMEOUT_S), True),
        ({"startsAt": None, "endsAt": ""}, at(0), at(RESOLVE_TIMEOUT_S), True),
        (
            {"startsAt": "0001-01-01T00:00:00.000Z", "endsAt": "0001-01-01T00:00:00.000Z"},
            at(0),
            at(RESOLVE_TIMEOUT_S),
            True,
        ),
        ({"startsAt": rfc3339(at(-9))}, at(-9), at(RESOLVE_TIMEOUT_S), True),
        ({"startsAt": rfc3339(at(-9)), "endsAt": rfc3339(at(60))}, at(-9), at(60), False),
        ({"endsAt": rfc3339(at(60))}, at(60), at(60), False),
        ({"endsAt": rfc3339(at(-60))}, at(-60), at(-60), False),
        ({"endsAt": "9999-12-31T23:59:59Z", "startsAt": rfc3339(at(0))}, at(0), NEVER, False),
    ],
)
def test_missing_times_are_alertmanagers(
    gateway: Gateway, times: dict[str, Any], starts_at: int, ends_at: int, timeout: bool
) -> None:
    answer = gateway.post(body({"labels": {"alertname": "A"}, **times}))
    assert (answer.status_code, answer.content) == (200, b"")
    found = kept(gateway)
    assert (found.starts_at, found.ends_at, found.timeout) == (starts_at, ends_at, timeout)
    assert (found.updated_at, found.received_at) == (at(0), at(0))
    assert gateway.counted["resolved" if ends_at <= at(0) else "firing"] == 1


def test_the_whole_alert(gateway: Gateway) -> None:
    posted = {
        "labels": {"alertname": "A", "empty": "", "größe": "ü"},
        "annotations": {"summary": "down"},
        "generatorURL": "http://prometheus/graph",
        "status": {"ignored": True},
    }
    assert gateway.post(body(posted)).status_code == 200
    found = kept(gateway)
    assert found.labels == {"alertname": "A", "größe": "ü"}
    assert found.fingerprint == fingerprint(found.labels)
    assert found.annotations == {"summary": "down"}
    assert found.generator_url == "http://prometheus/graph"
    assert found.fingerprint in gateway.core.board.alerts


@pytest.mark.parametrize(
    ("posted", "message"),
    [
        (
            {"startsAt": rfc3339(at(9)), "endsAt": rfc3339(at(8)), "labels": {"a": "b"}},
            "start time must be before end time",
        ),
        (
            {"startsAt": rfc3339(at(RESOLVE_TIMEOUT_S + 1)), "labels": {"a": "b"}},
            "start time must be before end time",  # its end is by the timeout
        ),
        ({"labels": {}}, "at least one label pair required"),
        ({"labels": {"a": ""}}, "at least one label pair required"),
        ({"labels": {"": "b"}}, 'invalid label set: invalid name ""'),
        ({"labels": {"a": "b"}, "annotations": {"": "b"}}, 'invalid annotations: invalid name ""'),
        (
            {"labels": {"a": "b"}, "startsAt": "yesterday"},
            "'yesterday' is not a time as 2026-11-21T10:00:00Z",
        ),
    ],
)
def test_what_is_wrong_with_an_alert_is_a_json_string(
    gateway: Gateway, posted: dict[str, Any], message: str
) -> None:
    answer = gateway.post(body(posted))
    assert (answer.status_code, answer.json()) == (400, message)
    assert gateway.received == []
    assert gateway.counted == {"invalid": 1}


def test_valid_alerts_are_stored_though_others_are_not(gateway: Gateway) -> None:
    answer = gateway.post(
        body({"labels": {}}, {"labels": {"alertname": "A"}}, {"labels": {"": "x"}})
    )
    assert answer.status_code == 400
    assert answer.json() == ('at least one label pair required\ninvalid label set: invalid name ""')
    assert kept(gateway).labels == {"alertname": "A"}
    assert gateway.counted == {"invalid": 2, "firing": 1}


def test_nothing_posted(gateway: Gateway) -> None:
    assert gateway.post(b"[]").status_code == 200
    assert gateway.received == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[{}]",
        b"[",
        b"null",
        b'[{"labels": null}]',
        b'[{"labels": {"a": 1}}]',
        b'[{"labels": {"a": "\xff"}}]',
        b'[{"labels": {"a": "\\ud800"}}]',
        b'[{"labels": {"a": "b"}, "x": ' + b"[" * 100_000,
        "[]".encode("utf-16"),
    ],
    ids=lambda content: content[:32].decode("latin-1"),
)
def test_a_body_that_is_no_list_of_alerts(gateway: Gateway, content: bytes) -> None:
    answer = gateway.post(content)
    assert answer.status_code == 400
    assert answer.json()["code"] == 400
    assert answer.json()["message"].startswith("parsing alerts body from")
    assert gateway.received == []


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON", None]
)
def test_media_types_that_are_taken(gateway: Gateway, kind: str | None) -> None:
    assert gateway.post(body({"labels": {"a": "b"}}), kind).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "json"])
def test_media_types_that_are_not(gateway: Gateway, kind: str) -> None:
    answer = gateway.post(body({"labels": {"a": "b"}}), kind)
    assert answer.status_code == 415
    assert answer.json() == {
        "code": 415,
        "message": f'unsupported media type "{kind}", only [application/json] are allowed',
    }
    assert gateway.received == []


def test_a_store_that_is_away_asks_the_client_to_come_back(gateway: Gateway) -> None:
    gateway.refusal = "disk full"
    answer = gateway.post(body({"labels": {"a": "b"}}, {"labels": {}}))
    assert (answer.status_code, answer.json()) == (503, "disk full")
    assert answer.headers["Retry-After"] == "1"
    assert gateway.counted == {"invalid": 1}


# -- GET -----------------------------------------------------------------------------------------


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[Gateway]:
    """Four alerts that fire, one that has ended; critical ones go to two receivers."""
    routes = routing(
        RouteSettings(receiver="pager", matchers=('severity="critical"',), continue_=True),
        RouteSettings(receiver="team", group_by=("site",)),
        pager=(True,),
        group_by=("alertname",),
    )
    with closing(Gateway(tmp_path, routes)) as gateway:
        gateway.put(
            alert("LinkDown", severity="critical", site="ber1", instance="r2"),
            alert("LinkDown", severity="warning", site="ham1", instance="r1"),
            alert("BgpDown", severity="critical", site="ber1", instance="r1"),
            alert("FanFailed", severity="warning", site="ber1", instance="r3", ends=60),
            alert("Over", severity="critical", site="ber1", ends=-1, starts=-9),
        )
        yield gateway


def test_alerts_as_alertmanager_shows_them(routed: Gateway) -> None:
    answer = routed.get(ALERTS, ("filter", "alertname=BgpDown"))
    assert answer.status_code == 200
    labels = {"alertname": "BgpDown", "severity": "critical", "site": "ber1", "instance": "r1"}
    assert answer.json() == [
        {
            "annotations": {},
            "endsAt": rfc3339(NEVER),
            "fingerprint": fingerprint(labels),
            "receivers": [{"name": "pager"}, {"name": "team"}],
            "startsAt": rfc3339(at(0)),
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
            "updatedAt": rfc3339(at(0)),
            "generatorURL": "",
            "labels": labels,
        }
    ]


def test_alerts_are_in_the_order_of_their_fingerprints_and_ended_ones_hidden(
    routed: Gateway,
) -> None:
    answer = routed.get(ALERTS).json()
    assert sorted(names(answer)) == ["BgpDown", "FanFailed", "LinkDown", "LinkDown"]
    found = [each["fingerprint"] for each in answer]
    assert found == sorted(found)
    routed.second = 60
    assert "FanFailed" not in names(routed.get(ALERTS).json())


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([("filter", 'severity="critical"')], ["BgpDown", "LinkDown"]),
        ([("filter", 'severity="critical"'), ("filter", "instance=r2")], ["LinkDown"]),
        ([("filter", '{severity="critical",instance="r2"}')], ["LinkDown"]),
        ([("filter", "alertname=~.*Down")], ["BgpDown", "LinkDown", "LinkDown"]),
        ([("filter", "alertname!~.*Down")], ["FanFailed"]),
        ([("filter", "alertname=~Link")], []),
        ([("filter", "job=")], ["BgpDown", "FanFailed", "LinkDown", "LinkDown"]),
        ([("receiver", "pager")], ["BgpDown", "LinkDown"]),
        ([("receiver", "page")], []),
        ([("receiver", "pa.*|none")], ["BgpDown", "LinkDown"]),
        ([("receiver", "")], ["BgpDown", "FanFailed", "LinkDown", "LinkDown"]),
        ([("active", "false")], []),
        ([("active", "")], ["BgpDown", "FanFailed", "LinkDown", "LinkDown"]),
        ([("silenced", "false"), ("inhibited", "0")], ["BgpDown", "FanFailed"] + ["LinkDown"] * 2),
        ([("unprocessed", "TRUE"), ("active", "1")], ["BgpDown", "FanFailed"] + ["LinkDown"] * 2),
    ],
)
def test_alerts_that_are_asked_for(
    routed: Gateway, params: list[tuple[str, str]], expected: list[str]
) -> None:
    assert sorted(names(routed.get(ALERTS, *params).json())) == expected
    groups = routed.get(GROUPS, *params).json()
    assert {name for group in groups for name in names(group["alerts"])} == set(expected)


def test_groups_by_labels_then_receiver_and_alerts_by_instance(routed: Gateway) -> None:
    groups = routed.get(GROUPS).json()
    assert [
        (group["labels"], group["receiver"]["name"], names(group["alerts"])) for group in groups
    ] == [
        ({"alertname": "BgpDown"}, "pager", ["BgpDown"]),
        ({"alertname": "LinkDown"}, "pager", ["LinkDown"]),
        ({"site": "ber1"}, "team", ["BgpDown", "LinkDown", "FanFailed"]),
        ({"site": "ham1"}, "team", ["LinkDown"]),
    ]
    assert all(group["routeLabels"] == {} for group in groups)
    assert groups[0]["alerts"] == routed.get(ALERTS, ("filter", "alertname=BgpDown")).json()


def test_groups_of_one_receiver_only(routed: Gateway) -> None:
    groups = routed.get(GROUPS, ("receiver", "pager")).json()
    assert [group["receiver"]["name"] for group in groups] == ["pager", "pager"]
    alerts = [each for group in groups for each in group["alerts"]]
    assert all(len(each["receivers"]) == 2 for each in alerts)


@pytest.mark.parametrize("url", [ALERTS, GROUPS])
@pytest.mark.parametrize(
    ("param", "status", "message"),
    [
        (("filter", "severity"), 400, "bad matcher format: "),
        (("filter", 'a="b'), 400, "bad matcher format: "),
        (("filter", "a=~("), 400, "bad matcher format: "),
        (("receiver", "("), 400, "failed to parse receiver param: "),
        (("active", "maybe"), 422, "active in query must be of type boolean: 'maybe'"),
        (("silenced", "maybe"), 422, "silenced in query must be of type boolean: 'maybe'"),
        (("inhibited", "2"), 422, "inhibited in query must be of type boolean: '2'"),
        (("unprocessed", "x"), 422, "unprocessed in query must be of type boolean: 'x'"),
    ],
)
def test_bad_parameters(
    gateway: Gateway, url: str, param: tuple[str, str], status: int, message: str
) -> None:
    answer = gateway.get(url, param)
    assert answer.status_code == status
    assert answer.json().startswith(message)
    assert answer.headers["Content-Type"] == "application/json"

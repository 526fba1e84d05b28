"""The routing tree: who takes an alert, in which group, and what is wrong with a tree."""

from collections.abc import Mapping

import pytest

from alerting.samples import seconds, tree
from trapgate.alerting.route import DEFAULT_TIMERS, ROUTE_DEPTH_MAX, RouteTimers, build_route
from trapgate.alerting.settings import RouteSettings
from trapgate.config import load
from trapgate.model import GroupId

TREE = """
receiver: default
group_by: [alertname]
group_wait: 10s
routes:
- matchers: ['severity="critical"', 'team=~"a|b"']
  receiver: pager
  group_by: ['...']
  continue: true
  routes:
  - match: {site: ber1, kind: link}
    repeat_interval: 1d
  - match_re: {site: "ams.*"}
    receiver: mail
    group_by: []
- matchers: ['severity=~".+"']
  group_interval: 1m
- matchers: ['severity="critical"']
  receiver: never
"""
RECEIVERS = ("default", "pager", "mail", "never")


def settings(text: str) -> RouteSettings:
    loaded = load(text, "alertmanager.yml", RouteSettings)
    assert loaded.value is not None, loaded.problems
    return loaded.value


ROOT = tree(settings(TREE), *RECEIVERS)


@pytest.mark.parametrize(
    ("labels", "taken"),
    [
        ({}, ["default {}"]),
        ({"severity": "warning"}, ['default {}/{severity=~".+"}']),
        (
            {"severity": "critical", "team": "a"},
            [
                'pager {}/{severity="critical",team=~"a|b"}',
                'default {}/{severity=~".+"}',
            ],
        ),
        ({"severity": "critical", "team": "c"}, ['default {}/{severity=~".+"}']),
        (
            {"severity": "critical", "team": "a", "site": "ber1", "kind": "link"},
            [
                'pager {}/{severity="critical",team=~"a|b"}/{kind="link",site="ber1"}',
                'default {}/{severity=~".+"}',
            ],
        ),
        (
            {"severity": "critical", "team": "a", "site": "ams3"},
            [
                'mail {}/{severity="critical",team=~"a|b"}/{site=~"^(?:ams.*)$"}',
                'default {}/{severity=~".+"}',
            ],
        ),
    ],
)
def test_the_nodes_that_take_an_alert(labels: Mapping[str, str], taken: list[str]) -> None:
    assert [f"{route.receiver} {route.key}" for route in ROOT.routes(labels)] == taken


def test_children_inherit_what_they_leave_out() -> None:
    pager, others, _ = ROOT.children
    link, mail = pager.children
    assert ROOT.timers == RouteTimers(
        seconds(10), DEFAULT_TIMERS.group_interval, DEFAULT_TIMERS.repeat_interval
    )
    assert link.timers == RouteTimers(seconds(10), DEFAULT_TIMERS.group_interval, seconds(86_400))
    assert others.timers.group_interval == seconds(60)
    assert (link.receiver, link.group_by) == ("pager", None)
    assert (mail.receiver, mail.group_by) == ("mail", frozenset())
    assert (others.receiver, others.group_by) == ("default", frozenset({"alertname"}))
    assert [route.continues for route in ROOT.walk()] == [False, True, False, False, False, False]
    assert len(list(ROOT.walk())) == 6


def test_the_defaults_are_alertmanagers() -> None:
    assert RouteTimers(seconds(30), seconds(300), seconds(4 * 3_600)) == DEFAULT_TIMERS


@pytest.mark.parametrize(
    ("group_by", "key", "labels"),
    [
        ("", "{}:{}", {}),
        ("group_by: []", "{}:{}", {}),
        ("group_by: [site]", '{}:{site="b\\"1"}', {"site": 'b"1'}),
        (
            "group_by: [site, alertname, none]",
            '{}:{alertname="X", site="b\\"1"}',
            {"alertname": "X", "site": 'b"1'},
        ),
        (
            "group_by: ['...']",
            '{}:{alertname="X", device="r\\n", site="b\\"1"}',
            {"alertname": "X", "device": "r\n", "site": 'b"1'},
        ),
    ],
)
def test_group_keys_are_alertmanagers(group_by: str, key: str, labels: Mapping[str, str]) -> None:
    route = tree(settings(f"receiver: a\n{group_by}"), "a")
    found = route.group({"site": 'b"1', "alertname": "X", "device": "r\n"})
    assert found == GroupId(key, labels)


@pytest.mark.parametrize(
    ("text", "line", "summary"),
    [
        ("group_by: [a]", 1, "root route must specify a default receiver"),
        ("receiver: b", 1, 'undefined receiver "b" used in route'),
        ("receiver: a\nmatchers: [b=c]", 2, "root route must not have any matchers"),
        ("receiver: a\nmatch: {b: c}", 1, "root route must not have any matchers"),
        ("receiver: a\nmatch_re: {b: c}", 1, "root route must not have any matchers"),
        ("receiver: a\ncontinue: true", 2, "cannot have continue in root route"),
        ("receiver: a\ngroup_interval: 0s", 2, "group_interval cannot be zero"),
        ("receiver: a\nrepeat_interval: 0s", 2, "repeat_interval cannot be zero"),
        ("receiver: a\ngroup_by: [b, b]", 2, 'duplicated label "b" in group_by'),
        (
            "receiver: a\ngroup_by: [b, '...']",
            2,
            "cannot have wildcard group_by (`...`) and other labels at the same time",
        ),
        ("receiver: a\nroutes:\n- receiver: x", 3, 'undefined receiver "x" used in route'),
        ("receiver: a\nroutes:\n- matchers: [foo]", 3, "bad matcher format: foo"),
        (
            "receiver: a\nroutes:\n- match_re: {b: 'c('}",
            3,
            '"^(?:c()$" is not a regular expression: missing ): ^(?:c()$',
        ),
    ],
)
def test_what_is_wrong_is_said(text: str, line: int, summary: str) -> None:
    route, problems = build_route(settings(text), ["a"])
    assert route is None
    assert [problem.summary for problem in problems] == [summary]
    span = problems[0].span
    assert span is not None
    assert span.file == "alertmanager.yml"
    assert span.line in (line, 1)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = "receiver: pagr\ncontinue: true\nroutes:\n- receiver: x\n  repeat_interval: 0s"
    _, problems = build_route(settings(text), ["pager"])
    assert len(problems) == 4
    assert 'did you mean "pager"' in " ".join(problem.help for problem in problems)


def nested(depth: int) -> RouteSettings:
    found = RouteSettings(matchers=("a=b",))
    for _ in range(depth - 2):
        found = RouteSettings(matchers=("a=b",), routes=(found,))
    return RouteSettings(receiver="a", routes=(found,))


def test_deep_trees_are_refused() -> None:
    assert build_route(nested(ROUTE_DEPTH_MAX), ["a"])[1] == []
    _, problems = build_route(nested(ROUTE_DEPTH_MAX + 1), ["a"])
    assert [p.summary for p in problems] == [f"routes are nested deeper than {ROUTE_DEPTH_MAX}"]

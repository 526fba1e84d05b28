"""Lines for a terminal, which what a device sent must not steer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.notifications import AT, DOWN, alert, notification
from trapgate.model import NS_PER_S
from trapgate.model.exchange import (
    Done,
    Failed,
    HttpResponse,
    Printed,
    PrintLine,
    Retry,
    Unreachable,
)
from trapgate.notify import LogIntegration
from trapgate.notify.log import alert_line, printable


def test_a_firing_alert() -> None:
    assert alert_line(alert(), notification()) == (
        '2026-11-21T09:59:00.123Z FIRING InterfaceDown device="r1" interface="Gi0/1" '
        "(first notification) Gi0/1 of r1 is down"
    )


def test_a_resolved_alert_tells_when_it_ended() -> None:
    told = notification(reason="all alerts resolved")
    assert alert_line(alert(ends_at=AT - NS_PER_S), told) == (
        '2026-11-21T09:59:59.123Z RESOLVED InterfaceDown device="r1" interface="Gi0/1" '
        "(all alerts resolved) Gi0/1 of r1 is down"
    )


def test_what_is_missing_leaves_no_gap() -> None:
    line = alert_line(alert({}, {}), notification())
    assert line == "2026-11-21T09:59:00.123Z FIRING alert (first notification)"


def test_all_alerts_are_one_request() -> None:
    told = notification(alert(), alert({**DOWN, "interface": "Gi0/2"}))
    step = LogIntegration().start(told, {})
    assert isinstance(step, PrintLine)
    assert [line.split()[1:3] for line in step.text.split("\n")] == [
        ["FIRING", "InterfaceDown"]
    ] * 2


def test_how_it_ends() -> None:
    assert LogIntegration().next(Printed()) == Done()
    for sent in (True, False):
        unread = Unreachable("standard output is not read", sent)
        assert LogIntegration().next(unread) == Retry("standard output is not read", sent)
    assert LogIntegration().next(HttpResponse(200, {}, b"")) == Failed("not a printed line")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\r\tc\x00", r"a\nb\r\tc\x00"),
        ("\x9b2J\u202eabc\u2028", r"\x9b2J\u202eabc\u2028"),
        ("Zürich 東京 😀", "Zürich 東京 😀"),
        ("a\\nb", "a\\nb"),
    ],
)
def test_control_characters_are_made_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(), st.text())
def test_whatever_a_device_says_an_alert_is_one_printable_line(label: str, summary: str) -> None:
    line = alert_line(alert({"alertname": "A", "x": label}, {"summary": summary}), notification())
    assert line.isprintable()

"""What is owed to an integration, and when: each of Alertmanager's reasons, and our deviations."""

from collections.abc import Sequence

import pytest

from alerting.samples import TIMERS, alert, at, entry, seconds
from trapgate.alerting.owed import Owed, due_at, owed, repeat_at
from trapgate.model import Alert, LogEntry

A = alert("A", starts=0)
B = alert("B", starts=10)
ENDED = alert("A", starts=0, ends=50)
GONE = alert("C", starts=20, ends=40)


def found(
    held: LogEntry | None,
    alerts: Sequence[Alert],
    *,
    second: float = 100,
    send_resolved: bool = True,
    repeat: bool = False,
    routed: Sequence[Alert] | None = None,
) -> Owed | None:
    members = {a.fingerprint for a in (alerts if routed is None else routed)}
    return owed(
        held,
        alerts,
        send_resolved=send_resolved,
        repeat=repeat,
        routed=members,
        wall_ns=at(second),
    )


@pytest.mark.parametrize(
    ("held", "alerts", "reason"),
    [
        (None, [A], "first notification"),
        (None, [], None),
        (None, [ENDED], None),
        (entry(at_s=60, resolved=[A]), [A], "first notification"),
        (entry(at_s=60, resolved=[A]), [ENDED], None),
        (entry(at_s=60, firing=[A]), [A], None),
        (entry(at_s=60, firing=[A]), [A, B], "new alerts added"),
        (entry(at_s=60, firing=[B]), [A, B], "new alerts added"),
        (entry(at_s=60, firing=[A, B]), [ENDED, B], "some alerts resolved"),
        (entry(at_s=60, firing=[A]), [ENDED], "all alerts resolved"),
        (entry(at_s=60, firing=[A]), [ENDED, B], "new alerts added"),
        # what may have been told is owed its resolve, and its firing
        (entry(at_s=60, uncertain=[A]), [ENDED], "all alerts resolved"),
        (entry(at_s=60, uncertain=[A]), [A], "new alerts added"),
        (entry(at_s=60, firing=[B], uncertain=[A]), [ENDED, B], "some alerts resolved"),
        # an alert that came and went since the last flush is told with the group, once
        (entry(at_s=30, firing=[A]), [A, GONE], "some alerts resolved"),
        (entry(at_s=45, firing=[A]), [A, GONE], None),
        (entry(at_s=30, firing=[A], resolved=[GONE]), [A, GONE], None),
    ],
)
def test_why_something_is_owed(
    held: LogEntry | None, alerts: Sequence[Alert], reason: str | None
) -> None:
    what = found(held, alerts)
    assert (what.reason if what else None) == reason


def test_an_unchanged_group_is_repeated() -> None:
    what = found(entry(at_s=60, firing=[A]), [A], repeat=True)
    assert what is not None
    assert (what.reason, what.firing, what.resolved) == ("repeat interval elapsed", (A,), ())


def test_a_change_goes_before_a_repeat() -> None:
    what = found(entry(at_s=60, firing=[A]), [A, B], repeat=True)
    assert what is not None
    assert what.reason == "new alerts added"


def test_the_content_is_the_whole_group_firing_first() -> None:
    what = found(entry(at_s=60, firing=[A]), [B, ENDED])
    assert what is not None
    assert (what.firing, what.resolved) == ((B,), (ENDED,))


def test_receivers_that_want_no_resolves() -> None:
    came_and_went = entry(at_s=30, firing=[A])
    assert found(came_and_went, [A, GONE], send_resolved=False) is None
    cleared = found(entry(at_s=60, firing=[A, B]), [ENDED, B], send_resolved=False)
    assert cleared is not None  # told nothing, but the log forgets A
    assert cleared.reason == "some alerts resolved"


def test_alerts_that_lost_their_route_are_told_their_end_only() -> None:
    held = entry(at_s=60, firing=[A, B])
    assert found(held, [A, B], routed=[B], repeat=False) is None
    assert found(held, [A, B], routed=[], repeat=True) is None
    partly = found(held, [A, B], routed=[B], repeat=True)
    assert partly is not None
    assert partly.firing == (A, B)
    ended = found(held, [ENDED, B], routed=[])
    assert ended is not None
    assert (ended.reason, ended.firing) == ("some alerts resolved", (B,))
    assert found(entry(at_s=60, uncertain=[A]), [A], routed=[]) is None


def due(
    held: LogEntry | None, alerts: Sequence[Alert], second: float = 100, routed: bool = True
) -> float | None:
    """The second after T0 of the next flush."""
    members = {a.fingerprint for a in alerts} if routed else set()
    instant = due_at(held, alerts, TIMERS, members, at(second))
    return None if instant is None else (instant - at(0)) / seconds(1)


@pytest.mark.parametrize(
    ("held", "alerts", "second"),
    [
        # group_wait after the group came to be
        (None, [A], 30),
        (None, [A, B], 30),
        (None, [B], 40),
        (None, [ENDED], None),
        # an alert that was old when it came does not wait
        (None, [alert(starts=-60, received=5)], 5),
        (None, [B, alert("A", starts=-60, received=25)], 25),
        (None, [alert(starts=-20, received=5)], 35),
        # what is news waits for a whole group_interval since the last flush
        (entry(at_s=30, firing=[A]), [A, B], 330),
        (entry(at_s=30, firing=[A]), [ENDED], 330),
        (entry(at_s=30, firing=[A]), [A], 30 + 3_600),
        (entry(at_s=30, uncertain=[A]), [ENDED], 330),
        (entry(at_s=-1_000, firing=[A]), [ENDED], 200),
        # all resolved and told: as if it were new
        (entry(at_s=30, resolved=[A]), [ENDED], None),
        (entry(at_s=30, resolved=[A]), [A], 30),
        # refused for good: not before the next interval
        (entry(failed_at_s=30), [A], 330),
        (entry(at_s=0, firing=[A], failed_at_s=40), [ENDED], 340),
    ],
)
def test_when_something_is_due(
    held: LogEntry | None, alerts: Sequence[Alert], second: float | None
) -> None:
    assert due(held, alerts) == second


def test_a_repeat_comes_at_a_whole_interval() -> None:
    held = entry(at_s=30, firing=[A])
    assert repeat_at(held, TIMERS) == at(30 + 3_600)
    assert repeat_at(entry(at_s=30, resolved=[A]), TIMERS) is None
    assert repeat_at(None, TIMERS) is None


def test_nothing_is_due_for_what_has_no_route() -> None:
    held = entry(at_s=30, firing=[A])
    assert due(held, [A], routed=False) is None
    assert due(held, [ENDED], routed=False) == 330


def test_news_do_not_wait_for_a_clock_that_was_set_back() -> None:
    held = entry(at_s=4_000, firing=[A])
    assert due(held, [A, B], second=100) == 4_000 - 13 * 300 + 300  # in the old flushes' rhythm
    assert due(held, [A, alert("B", starts=3_900)], second=100) == 400

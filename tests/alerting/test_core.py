"""The core by hand: one step at a time, on a store that works unless it is told otherwise."""

from collections.abc import Sequence

import msgspec
import pytest

from alerting.samples import alert, at, channel, entry, now, routing, seconds
from trapgate.alerting.board import Routing
from trapgate.alerting.codec import UnknownSchema, encode_alert
from trapgate.alerting.core import CONFLICTS_MAX, SWEEP_S, Core
from trapgate.alerting.decisions import alert_decision
from trapgate.alerting.protocol import (
    Accepted,
    Claim,
    Commit,
    CommitFailed,
    Committed,
    Decided,
    Effect,
    Input,
    Receive,
    Refused,
    Send,
    Tick,
    Told,
    WakeAt,
)
from trapgate.alerting.sweep import ALERT_KEPT_S, LOG_KEPT_S
from trapgate.model import Alert, Entry, Notification, Now, Put, Unit
from trapgate.model.exchange import Done, Ending, Failed, Retry
from trapgate.state import MemoryStateStore

A = alert("LinkDown", device="r1")
B = alert("LinkDown", device="r2", starts=10)


def ended(each: Alert, second: float) -> Alert:
    return msgspec.structs.replace(each, starts_at=at(second), ends_at=at(second))


class Site:
    """A core with its store. `sent` are the notifications on their way."""

    def __init__(self, given: Routing | None = None, store: MemoryStateStore | None = None) -> None:
        self.second = 0.0
        self.set_back_s = 0.0
        self.store = store or MemoryStateStore()
        self.core = Core(given or routing())
        self.effects: list[Effect] = []
        self.commits: list[Commit] = []
        self.take(self.core.restore(self.store.load()[0], self.now()))

    def now(self) -> Now:
        wall = at(self.second - self.set_back_s)
        return msgspec.structs.replace(now(self.second), wall_ns=wall)

    def take(self, effects: Sequence[Effect]) -> list[Effect]:
        self.effects += effects
        self.commits += [effect for effect in effects if isinstance(effect, Commit)]
        return list(effects)

    def give(self, given: Input) -> list[Effect]:
        return self.take(self.core.step(given, self.now()))

    def commit(self, count: int = 1_000) -> None:
        """Carry out commits until there are none."""
        while self.commits and count:
            commit, count = self.commits.pop(0), count - 1
            outcomes = tuple(self.store.commit(commit.units))
            self.give(Committed(commit.ticket, outcomes))

    def fail(self) -> None:
        self.give(CommitFailed(self.commits.pop(0).ticket, "disk full"))

    def post(self, *alerts: Alert, token: int = 1) -> None:
        self.give(Receive(token, alerts))
        self.commit()

    def until(self, second: float) -> None:
        self.second = second
        self.give(Tick())
        self.commit()

    def sent(self) -> list[Notification]:
        return [effect.notification for effect in self.effects if isinstance(effect, Send)]

    def answer(self, ending: Ending, *, sequence: int | None = None) -> list[Effect]:
        """Answer the last notification."""
        send = next(effect for effect in reversed(self.effects) if isinstance(effect, Send))
        number = send.notification.sequence if sequence is None else sequence
        return self.give(Told(send.channel, number, ending))

    def done(self) -> None:
        self.answer(Done())
        self.commit()

    def decisions(self) -> list[str]:
        return [each.decision.verdict for each in self.effects if isinstance(each, Decided)]

    def wake_second(self) -> float:
        wake = next(effect for effect in reversed(self.effects) if isinstance(effect, WakeAt))
        return (wake.elapsed_ns - now(0).elapsed_ns) / seconds(1)


def told(notification: Notification) -> list[tuple[str, str]]:
    return [(each.labels["device"], each.status(notification.at)) for each in notification.alerts]


def test_an_alert_is_told_repeated_and_resolved() -> None:
    site = Site()
    site.post(A)
    assert Accepted(1) in site.effects
    assert site.wake_second() == 30
    site.until(29)
    assert site.sent() == []
    site.until(30)
    site.done()
    site.until(30 + 3_600)
    site.done()
    site.second = 4_000
    site.post(ended(A, 4_000), token=2)
    site.until(4_230)
    site.done()
    site.until(100_000)
    assert [(each.reason, told(each)) for each in site.sent()] == [
        ("first notification", [("r1", "firing")]),
        ("repeat interval elapsed", [("r1", "firing")]),
        ("all alerts resolved", [("r1", "resolved")]),
    ]
    assert site.decisions() == ["firing", "notified", "notified", "resolved", "notified"]


def test_nothing_is_sent_before_its_claim_is_durable() -> None:
    site = Site()
    site.post(A)
    site.second = 30
    effects = site.give(Tick())
    assert [type(effect) for effect in effects] == [Claim, WakeAt]
    site.fail()
    assert site.sent() == []
    site.until(31)
    assert [each.sequence for each in site.sent()] == [1]


def test_an_outcome_that_the_store_refuses_is_written_again_not_sent_again() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.answer(Done({"ticket": "INC1"}))
    for second in (31, 32, 33):
        site.fail()
        site.second = second
        site.give(Tick())
    site.commit()
    site.until(200)
    assert len(site.sent()) == 1
    (entry,) = site.core.board.entries()
    assert (entry.memory, entry.firing) == ({"ticket": "INC1"}, (A.fingerprint,))


def test_an_outcome_that_is_not_written_survives_a_reload() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.answer(Done())
    site.fail()
    site.take(site.core.reconfigure(routing(), now(site.second)))
    site.commit()
    assert len(site.sent()) == 1
    assert [entry.intent for entry in site.core.board.entries()] == [None]


def test_the_same_notification_is_tried_again() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.answer(Retry("503", uncertain=False))
    site.until(30.9)
    assert len(site.sent()) == 1
    site.until(31)
    site.answer(Retry("timeout", uncertain=True, after_s=10))
    site.until(40.9)
    site.until(41)
    first, second, third = site.sent()
    assert first.id == second.id == third.id
    assert [each.uncertain for each in (first, second, third)] == [False, False, True]
    assert site.decisions() == ["firing", "notification-retried", "notification-retried"]


def test_what_may_have_been_told_is_resolved_though_another_alert_fires() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.answer(Retry("timeout", uncertain=True, after_s=3_000))
    site.second = 40
    site.post(ended(A, 40), token=2)
    site.second = 50
    site.post(alert("LinkDown", device="r2", starts=50), token=3)
    site.until(3_030)
    assert sorted(told(site.sent()[-1])) == [("r1", "resolved"), ("r2", "firing")]


def test_a_refusal_is_tried_anew_after_an_interval() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.answer(Failed("400 Bad Request"))
    site.commit()
    site.until(329)
    site.until(330)
    assert [each.sequence for each in site.sent()] == [1, 2]
    assert "notification-failed" in site.decisions()


def test_an_answer_to_a_replaced_notification_is_nothing() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    assert [type(each) for each in site.answer(Done(), sequence=99)] == [WakeAt]
    site.done()
    assert [type(each) for each in site.answer(Done())] == [WakeAt]  # settled already


def test_an_answer_that_comes_late_settles_nothing_twice() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.answer(Done({"ticket": "INC1"}))
    assert [type(each) for each in site.answer(Done({"ticket": "INC2"}))] == [WakeAt]
    site.commit()
    (entry,) = site.core.board.entries()
    assert entry.memory == {"ticket": "INC1"}
    assert site.wake_second() == SWEEP_S  # nothing is owed before


def test_a_restart_sends_what_was_claimed_under_its_id() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    again = Site(store=site.store)
    assert [each.id for each in again.sent()] == [site.sent()[0].id]
    assert again.sent()[0].uncertain
    again.done()
    assert Site(store=site.store).sent() == []


def test_a_post_waits_for_another_of_the_same_alert() -> None:
    site = Site()
    site.post(A)
    site.second = 5
    site.give(Receive(2, (ended(A, 5),)))
    assert [type(each) for each in site.give(Receive(3, (A,)))] == [WakeAt]  # not "nothing new"
    assert [type(each) for each in site.give(Receive(4, (B,)))] == [Commit, WakeAt]
    site.give(Receive(5, (ended(A, 5), B)))
    site.give(Receive(6, (B,)))
    site.commit()
    accepted = [effect.token for effect in site.effects if isinstance(effect, Accepted)]
    assert accepted == [1, 2, 4, 3, 5, 6]
    assert site.core.board.alerts[A.fingerprint].status(at(6)) == "resolved"


def test_a_post_that_waited_is_taken_when_the_other_is_refused() -> None:
    site = Site()
    site.give(Receive(1, (A,)))
    site.give(Receive(2, (A,)))
    site.fail()
    site.commit()
    answers = [each for each in site.effects if isinstance(each, Accepted | Refused)]
    assert answers == [Refused(1, "disk full"), Accepted(2)]


def test_puts_of_others_are_in_the_unit_of_their_alerts() -> None:
    site = Site()
    site.give(Receive(1, (A, B), (("c/rules/raw", b"7"), ("r/1/x", None))))
    (commit,) = site.commits
    assert [len(unit.puts) for unit in commit.units] == [4]
    site.commit()
    assert "c/rules/raw" in {entry.key for entry in site.store.load()[0]}
    site.give(Receive(2, (), (("c/rules/raw", b"8"),)))
    assert site.commits[0].units[0].puts[0].expected == 1


def test_alerts_alone_are_a_unit_each() -> None:
    site = Site()
    site.give(Receive(1, (A, B)))
    assert [len(unit.puts) for unit in site.commits[0].units] == [1, 1]


def test_another_writer_is_merged_with() -> None:
    site = Site()
    other = alert("LinkDown", device="r1", starts=-50)
    site.store.commit([Unit((Put(f"a/{A.fingerprint}", 0, encode_alert(other)),))])
    site.post(A)
    assert site.core.board.alerts[A.fingerprint].starts_at == at(-50)
    assert Accepted(1) in site.effects


def test_too_many_conflicts_are_refused() -> None:
    site = Site()
    key = f"a/{A.fingerprint}"
    site.give(Receive(1, (A,)))
    for number in range(CONFLICTS_MAX):
        theirs = alert("LinkDown", device="r1", starts=-number - 1, ends=500 + number)
        site.store.commit([Unit((Put(key, number, encode_alert(theirs)),))])
        site.commit(1)
    assert Refused(1, "too many conflicting writers") in site.effects


def test_a_receiver_that_is_removed_while_its_claim_is_written() -> None:
    site = Site()
    site.post(A)
    site.second = 30
    site.give(Tick())
    site.take(site.core.reconfigure(routing(team=()), now(30)))
    site.commit()
    site.until(500)
    assert site.sent() == []
    site.take(site.core.reconfigure(routing(), now(500)))
    assert len(site.sent()) == 1
    site.done()
    assert [entry.firing for entry in site.core.board.entries()] == [(A.fingerprint,)]


def test_a_receiver_that_is_removed_while_it_answers() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.take(site.core.reconfigure(routing(team=()), now(31)))
    site.done()
    site.take(site.core.reconfigure(routing(), now(32)))
    site.until(300)
    assert len(site.sent()) == 1


def test_ends_come_true_by_themselves() -> None:
    site = Site()
    site.post(alert("LinkDown", device="r1", ends=100))
    site.until(30)
    site.done()
    site.until(100)
    site.until(330)
    assert [each.reason for each in site.sent()] == ["first notification", "all alerts resolved"]


def test_an_end_is_told_though_the_wall_clock_was_set_back() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.done()
    site.second = 100
    site.post(ended(A, 100), token=2)
    site.set_back_s = 150  # the end is ahead again
    site.second = 110
    site.post(alert("LinkDown", device="r2", starts=-40), token=3)
    site.until(180)  # whole intervals from the first flush, by the new clock
    site.done()
    site.until(250)  # its end, by the new clock
    site.until(480)
    assert [sorted(told(each)) for each in site.sent()[1:]] == [
        [("r1", "firing"), ("r2", "firing")],
        [("r1", "resolved"), ("r2", "firing")],
    ]


def test_what_is_over_is_deleted() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.done()
    site.second = 40
    site.post(ended(A, 40), token=2)
    site.until(40 + ALERT_KEPT_S + SWEEP_S)
    assert site.core.board.alerts  # its end is not confirmed yet
    site.done()
    site.until(40 + ALERT_KEPT_S + 3 * SWEEP_S)
    assert not site.core.board.alerts
    assert len(site.store.load()[0]) == 1
    site.until(400 + LOG_KEPT_S + 2 * ALERT_KEPT_S)
    assert site.store.load()[0] == ()
    assert not list(site.core.board.everything())


def test_log_entries_are_deleted_after_a_restart_too() -> None:
    site = Site()
    site.post(A)
    site.until(30)
    site.done()
    site.second = 40
    site.post(ended(A, 40), token=2)
    site.until(330)
    site.done()
    site.until(40 + ALERT_KEPT_S + 2 * SWEEP_S)
    again = Site(store=site.store)
    assert [entry.firing for entry in again.core.board.entries()] == [()]
    again.until(400 + LOG_KEPT_S + 2 * SWEEP_S)
    assert again.store.load()[0] == ()


def test_an_alert_that_fires_while_it_is_deleted_stays() -> None:
    site = Site()
    site.post(ended(A, 5))
    site.second = 5 + ALERT_KEPT_S + SWEEP_S
    site.give(Tick())
    assert len(site.commits) == 1
    late = alert("LinkDown", device="r1", starts=site.second)
    site.post(late, token=2)
    assert Accepted(2) in site.effects
    assert list(site.core.board.alerts) == [A.fingerprint]
    assert len(site.store.load()[0]) == 1


@pytest.mark.parametrize("key", ["a/1", "n/1"])
def test_a_newer_state_is_refused(key: str) -> None:
    core = Core(routing())
    with pytest.raises(UnknownSchema):
        core.restore([Entry(key, msgspec.msgpack.encode((9, {})), 1)], now())


def test_keys_of_others_are_left_alone() -> None:
    site = Site()
    site.store.commit([Unit((Put("c/rules/raw", 0, b"\x07"),))])
    again = Site(store=site.store)
    again.give(Receive(1, (), (("c/rules/raw", b"\x08"),)))
    again.commit()
    assert Accepted(1) in again.effects


def test_the_history_says_that_nobody_was_told() -> None:
    firing, ended = alert(), alert(ends=1)
    quiet = [channel()]
    assert "before anybody was told" in alert_decision(ended, quiet, now(2)).reason
    assert "before anybody was told" not in alert_decision(firing, quiet, now(0)).reason
    told = [channel(entry(firing=[firing]))]
    assert "before anybody was told" not in alert_decision(ended, told, now(2)).reason

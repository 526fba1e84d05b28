"""One channel's log entry through claim, confirmation, refusal and uncertainty."""

import msgspec
import pytest

from alerting.samples import GROUP, T0, WEBHOOK, alert, at, channel, entry, seconds
from trapgate.alerting.channel import RETRY_AFTER_MAX_S, RETRY_MAX_S, Channel
from trapgate.alerting.codec import group_hash
from trapgate.alerting.owed import Owed
from trapgate.model import Intent, LogEntry

A, B = alert("A"), alert("B", starts=5)
ENDED = alert("A", ends=50)
FIRING = Owed("first notification", (A,), ())
CLEARED = Owed("some alerts resolved", (B,), (ENDED,))


def claimed(held: LogEntry | None = None, owed: Owed = FIRING, second: float = 60) -> Channel:
    """A channel whose claim is durable."""
    made = channel(held)
    made.entry = made.claim(owed, at(second))
    return made


def intent_of(made: Channel) -> Intent:
    assert made.claimed is not None
    return made.claimed


def test_a_claim_is_the_next_notification() -> None:
    made = claimed()
    assert made.entry is not None
    assert (made.entry.born, made.entry.sequence, made.entry.firing) == (T0 + 60, 1, ())
    assert [(told.fingerprint, told.status) for told in intent_of(made).alerts] == [
        (A.fingerprint, "firing")
    ]
    again = made.claim(CLEARED, at(90))
    assert (again.born, again.sequence) == (T0 + 60, 2)


def test_a_confirmation_is_what_the_receiver_has() -> None:
    made = claimed(entry(firing=[A, B]), CLEARED)
    done = made.confirmed(intent_of(made), {"ticket": "INC1"})
    assert (done.firing, done.resolved, done.uncertain) == (
        (B.fingerprint,),
        (A.fingerprint,),
        (),
    )
    assert (done.at, done.intent, done.memory) == (at(60), None, {"ticket": "INC1"})


def test_what_a_notification_does_not_mention_stays_owed() -> None:
    lost = alert("Lost")
    made = claimed(entry(firing=[lost]))
    done = made.confirmed(intent_of(made), {})
    assert done.uncertain == (lost.fingerprint,)
    assert done.told() == {A.fingerprint, lost.fingerprint}


def test_a_refusal_keeps_what_was_told() -> None:
    made = claimed(entry(firing=[B]))
    refused = made.refused(intent_of(made))
    assert (refused.firing, refused.uncertain) == ((B.fingerprint,), ())
    assert (refused.failed_at, refused.intent) == (at(60), None)
    made.uncertain = True
    assert made.refused(intent_of(made)).uncertain == (A.fingerprint,)


def test_an_attempt_without_an_outcome_may_have_told() -> None:
    made = claimed()
    assert made.held() == frozenset()
    made.uncertain = True
    assert made.held() == {A.fingerprint}
    assert made.entry is not None
    assert made.entry.told() == frozenset()  # the durable part does not say so yet
    assert made.claim(CLEARED, at(400)).uncertain == (A.fingerprint,)


def test_a_silent_flush_forgets_what_ended() -> None:
    made = channel(entry(firing=[A, B]), send_resolved=False)
    assert made.silent(CLEARED)
    assert made.silent(msgspec.structs.replace(CLEARED, reason="all alerts resolved"))
    assert not made.silent(FIRING)
    assert not channel().silent(CLEARED)
    logged = made.logged(CLEARED, at(60))
    assert (logged.firing, logged.resolved) == ((B.fingerprint,), (A.fingerprint,))
    assert logged.at == at(0)


def test_a_silent_flush_drops_what_was_claimed_before() -> None:
    made = claimed(entry(firing=[A]), Owed("new alerts added", (A, B), ()))
    made.uncertain = True
    logged = made.logged(CLEARED, at(400))
    assert logged.intent is None
    assert (logged.firing, logged.uncertain) == ((), (B.fingerprint,))


def test_resolved_alerts_are_not_told_to_who_wants_none() -> None:
    made = channel(entry(firing=[A]), send_resolved=False)
    made.entry = made.claim(Owed("new alerts added", (B,), (ENDED,)), at(60))
    assert [told.status for told in intent_of(made).alerts] == ["firing"]


@pytest.mark.parametrize(
    ("owed", "second", "superseded"),
    [
        (FIRING, 1_000, False),  # the same content
        (None, 1_000, False),  # nothing else to tell
        (CLEARED, 60 + 299, False),  # its interval is not over
        (CLEARED, 60 + 300, True),
        (Owed("new alerts added", (A, B), ()), 360, True),
        (Owed("all alerts resolved", (), (ENDED,)), 360, True),
    ],
)
def test_when_a_claim_gives_way(owed: Owed | None, second: float, superseded: bool) -> None:
    assert claimed().superseded(owed, at(second)) is superseded
    assert not channel().superseded(owed, at(second))


def test_a_notification_is_its_intent() -> None:
    made = claimed()
    today = msgspec.structs.replace(A, annotations={"summary": "later"}, ends_at=at(70))
    made.uncertain = True
    told = made.notification({A.fingerprint: today})
    assert told.id == f"{group_hash(GROUP.key)[:16]}/team/webhook/0/{T0 + 60:x}-1"
    assert told.key == group_hash(GROUP.key)
    assert (told.group, told.integration, told.sequence) == (GROUP, WEBHOOK, 1)
    assert (told.at, told.reason, told.uncertain) == (at(60), "first notification", True)
    assert told.alerts[0].ends_at == A.ends_at  # as it was claimed
    assert told.alerts[0].annotations == {"summary": "later"}
    assert told.status() == "firing"


def test_waits_double_up_to_a_bound() -> None:
    made = channel()
    waits = []
    for made.attempts in range(1, 9):
        waits.append(made.retry_wait_ns(None) // seconds(1))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    made.attempts = 10_000
    assert made.retry_wait_ns(None) == seconds(RETRY_MAX_S)


def test_a_receiver_may_ask_for_patience() -> None:
    made = channel()
    made.attempts = 1
    assert made.retry_wait_ns(0.1) == seconds(1)
    assert made.retry_wait_ns(120.5) == seconds(120.5)
    assert made.retry_wait_ns(1e9) == seconds(RETRY_AFTER_MAX_S)


def test_when_a_channel_rests() -> None:
    assert channel().resting
    assert channel(entry(resolved=[A])).resting
    assert not channel(entry(firing=[A])).resting
    assert not channel(entry(uncertain=[A])).resting
    assert not claimed().resting
    made = channel()
    made.phase = "claiming"
    assert not made.resting

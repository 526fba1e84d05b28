"""Defaults and merge of received alerts: Alertmanager's rules as a table."""

import pytest

from alerting.samples import alert, at, now, seconds
from trapgate.alerting.merge import InvalidAlert, merged, received, same
from trapgate.model import EVENT_IDS_MAX, NEVER, PostedAlert, fingerprint

LABELS = {"alertname": "X", "device": "r1"}
RESOLVE_TIMEOUT_NS = seconds(300)


@pytest.mark.parametrize(
    ("starts", "ends", "starts_at", "ends_at", "timeout"),
    [
        (None, None, 100, 400, True),
        (50, None, 50, 400, True),
        (None, 70, 70, 70, False),
        (50, 70, 50, 70, False),
        (50, 500, 50, 500, False),
        (70, 70, 70, 70, False),
    ],
)
def test_missing_times(
    starts: int | None, ends: int | None, starts_at: int, ends_at: int, timeout: bool
) -> None:
    posted = PostedAlert(
        LABELS,
        starts_at=None if starts is None else at(starts),
        ends_at=None if ends is None else at(ends),
    )
    found = received(posted, now(100), RESOLVE_TIMEOUT_NS)
    assert (found.starts_at, found.ends_at) == (at(starts_at), at(ends_at))
    assert found.timeout is timeout
    assert (found.updated_at, found.received_at, found.episode) == (at(100), at(100), 1)


def test_labels_without_a_value_are_dropped() -> None:
    posted = PostedAlert({**LABELS, "empty": ""}, {"summary": "down"})
    found = received(posted, now(100), RESOLVE_TIMEOUT_NS)
    assert found.labels == LABELS
    assert found.fingerprint == fingerprint(LABELS)
    assert found.annotations == {"summary": "down"}


@pytest.mark.parametrize(
    ("posted", "message"),
    [
        (PostedAlert({}), "at least one label pair required"),
        (PostedAlert({"a": ""}), "at least one label pair required"),
        (PostedAlert({"": "b"}), 'invalid label set: invalid name ""'),
        (PostedAlert(LABELS, {"": "b"}), 'invalid annotations: invalid name ""'),
        (
            PostedAlert(LABELS, starts_at=at(2), ends_at=at(1)),
            "start time must be before end time",
        ),
    ],
)
def test_what_is_invalid(posted: PostedAlert, message: str) -> None:
    with pytest.raises(InvalidAlert) as caught:
        received(posted, now(), RESOLVE_TIMEOUT_NS)
    assert str(caught.value) == message


NOW = 100
# (old: starts, ends, timeout), (new: starts, ends), (kept: starts, ends, episode)
MERGES = [
    # a repeat in the middle keeps the earlier start and, unless it was a guess, the later end
    ((0, 200, False), (50, 150), (0, 200, 1)),
    ((0, 200, True), (50, 150), (0, 150, 1)),
    ((0, 200, False), (50, 300), (0, 300, 1)),
    ((50, 200, False), (0, 150), (0, 200, 1)),
    # the same start and a later end: Alertmanager sees no overlap, the new one is kept
    ((0, 200, False), (0, 300), (0, 300, 1)),
    # an end: the clear of a rule, with its own instant as its start or with the true one
    ((0, None, False), (100, 100), (0, 100, 1)),
    ((0, None, False), (0, 100), (0, 100, 1)),
    # two ends: the later one
    ((0, 90, False), (50, 80), (0, 90, 1)),
    ((0, 90, False), (50, 95), (0, 95, 1)),
    # a resolved alert that fires again is the next episode
    ((0, 90, False), (95, None), (95, None, 2)),
    ((0, 90, False), (50, None), (0, None, 2)),
    # no overlap: the new one takes its place
    ((0, 50, False), (60, 70), (60, 70, 1)),
    ((60, 200, False), (10, 20), (10, 20, 1)),
]


@pytest.mark.parametrize(("old", "new", "kept"), MERGES)
def test_merges(
    old: tuple[int, int | None, bool],
    new: tuple[int, int | None],
    kept: tuple[int, int | None, int],
) -> None:
    stored = alert(starts=old[0], ends=old[1], timeout=old[2], received=1, event_ids=("e1",))
    given = alert(starts=new[0], ends=new[1], received=NOW, event_ids=("e2",))
    found = merged(stored, given, now(NOW))
    assert (found.starts_at, found.ends_at) == (at(kept[0]), _end(kept[1]))
    assert found.episode == kept[2]
    assert found.received_at == (at(1) if kept[2] == 1 else at(NOW))
    assert found.event_ids == (("e1", "e2") if kept[2] == 1 else ("e2",))


def _end(second: int | None) -> int:
    return NEVER if second is None else at(second)


def test_the_first_is_kept_as_it_is() -> None:
    given = alert(starts=1)
    assert merged(None, given, now(2)) == given


def test_an_end_stays_an_end_when_the_wall_clock_is_set_back() -> None:
    firing = alert(starts=0)
    clear = alert(starts=100, ends=100)
    assert merged(firing, clear, now(99.9)).ends_at == at(100)


def test_annotations_are_the_younger_ones() -> None:
    old = alert(annotations={"count": "1", "first": "yes"})
    new = alert(starts=10, annotations={"count": "2"})
    assert merged(old, new, now(10)).annotations == {"count": "2"}


def test_the_newest_events_are_kept_each_once() -> None:
    old = alert(event_ids=tuple(f"e{n}" for n in range(EVENT_IDS_MAX)))
    new = alert(starts=5, event_ids=("e3", "new"))
    found = merged(old, new, now(5)).event_ids
    assert len(found) == EVENT_IDS_MAX
    assert found[-2:] == (f"e{EVENT_IDS_MAX - 1}", "new")
    assert found.count("e3") == 1


def test_merging_again_changes_nothing() -> None:
    old = alert(starts=0, ends=200, event_ids=("e1",))
    new = alert(starts=50, ends=300, event_ids=("e2",))
    once = merged(old, new, now(60))
    assert same(once, merged(once, new, now(70)))


def test_only_the_stamp_does_not_count() -> None:
    old = alert(updated=1)
    assert same(old, alert(updated=2))
    assert not same(old, alert(updated=1, ends=5))
    assert not same(None, old)

"""The memory store fails when it is told to."""

import pytest

from trapgate.model import Applied, Put, Unit
from trapgate.state import MemoryStateStore, StateUnavailable

UNIT = Unit((Put("a", 0, b"1"),))


@pytest.mark.parametrize(
    ("uncertain", "applied", "says_uncertain"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_the_next_commit_fails(uncertain: bool, applied: bool, says_uncertain: bool) -> None:
    store = MemoryStateStore()
    store.fail_next("disk full", uncertain=uncertain, applied=applied)
    with pytest.raises(StateUnavailable, match="disk full") as caught:
        store.commit([UNIT])
    assert caught.value.uncertain is says_uncertain
    assert len(store.load()[0]) == applied


def test_it_fails_as_often_as_it_is_told() -> None:
    store = MemoryStateStore()
    store.fail_next("first")
    store.fail_next("second")
    for reason in ("first", "second"):
        with pytest.raises(StateUnavailable, match=reason):
            store.commit([UNIT])
    assert store.commit([UNIT]) == [Applied(1)]

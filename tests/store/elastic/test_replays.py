"""What may be there already is asked for until it is plain that it is not."""

from store.events import event
from trapgate.model import Event
from trapgate.store.elastic.replays import Replays

EVENTS = [event(n) for n in range(1, 11)]


def settled(replays: Replays, events: list[Event], *there: Event) -> None:
    replays.settled(replays.doubtful(events), {each.id for each in there})


def test_at_first_everything_is_doubtful() -> None:
    assert Replays(5).doubtful(EVENTS) == EVENTS


def test_so_many_in_a_row_that_were_not_there_end_the_doubt() -> None:
    replays = Replays(5)
    settled(replays, EVENTS[:4])
    assert replays.doubtful(EVENTS[4:]) == EVENTS[4:]
    settled(replays, EVENTS[4:5])
    assert replays.doubtful(EVENTS[5:]) == []


def test_one_that_was_there_begins_it_anew() -> None:
    replays = Replays(5)
    settled(replays, EVENTS[:4], EVENTS[1])
    settled(replays, EVENTS[4:8])
    assert replays.doubtful(EVENTS[8:]) == EVENTS[8:]


def test_each_stream_is_doubted_on_its_own() -> None:
    replays = Replays(5)
    settled(replays, EVENTS)
    other = event(1, stream="raw-2")
    assert replays.doubtful([EVENTS[0], other]) == [other]


def test_a_failure_brings_all_doubt_back() -> None:
    replays = Replays(5)
    settled(replays, EVENTS)
    replays.doubt()
    assert replays.doubtful(EVENTS) == EVENTS

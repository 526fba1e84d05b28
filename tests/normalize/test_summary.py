"""One event tells what was folded: bounded, readable, with an identity of its own."""

import pytest

from query.events import RECEIVED_AT, event
from trapgate.model import Event
from trapgate.normalize import summary as module
from trapgate.normalize.summary import (
    BUCKET_NS,
    RATE_LIMITED_CODE,
    REPEATED_CODE,
    Tally,
    Who,
    recovered_event,
    summary_event,
)

WHO = Who("10.0.0.1", "r1", {"site": "b"})


def tally(*codes: str, distinct: bool = False) -> Tally:
    made = Tally(RECEIVED_AT, event())
    for code in codes:
        made.add(event(code=code), distinct=distinct)
    return made


def summary(*codes: str, distinct: bool = False) -> Event:
    return summary_event(WHO, RATE_LIMITED_CODE, tally(*codes, distinct=distinct), 48_211)


def test_the_most_frequent_code_comes_first() -> None:
    told = summary("b", "a", "c", "c", "")
    assert told.message == (
        "r1 sent 48,211 events in 10 s, 5 were folded: c 2, no code 1, a 1, b 1"
    )
    assert told.fields["trapgate.storm.codes"] == ("c", "a", "b")


def test_what_was_no_repeat_is_said() -> None:
    assert "2 were folded (2 of them no repeats): a 2" in summary("a", "a", distinct=True).message


def test_codes_that_a_device_invents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CODES_COUNTED_MAX", 3)
    counted = tally(*[str(number) for number in range(20)], "0")
    assert counted.codes == {"0": 2, "1": 1, "2": 1, "others": 17}
    assert counted.folded == 21


def test_a_line_names_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CODES_TOLD_MAX", 2)
    assert summary("a", "b", "c").message.endswith(": a 1, b 1")


def test_identities() -> None:
    """By bucket, code and source: two gateways agree, and nothing else has it."""
    others = [
        summary_event(WHO, REPEATED_CODE, tally("a"), 1),
        summary_event(Who("10.0.0.2", "r1", {}), RATE_LIMITED_CODE, tally("a"), 1),
        recovered_event(WHO, event()),
    ]
    assert summary("a").id == summary("b").id
    assert len({summary("a").id, *(other.id for other in others)}) == 4
    assert int(summary("a").id[:8], 16) == RECEIVED_AT // BUCKET_NS


def test_a_recovery_is_dated_to_the_end_of_the_calm_bucket() -> None:
    recovered = recovered_event(WHO, event(received_at=RECEIVED_AT + 7))
    assert recovered.received_at == RECEIVED_AT + 2 * BUCKET_NS
    assert recovered.timestamp == recovered.received_at
    assert int(recovered.id[:8], 16) == recovered.received_at // BUCKET_NS

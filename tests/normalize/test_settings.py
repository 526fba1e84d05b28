"""What may be set of `normalize`, and what is refused with its place."""

import pytest

from trapgate.config import load
from trapgate.normalize.settings import NormalizeSettings, check_normalize


def complaints(text: str) -> list[str]:
    loaded = load(text, "trapgate.yml", NormalizeSettings)
    assert loaded.value is not None, loaded.problems
    return [f"{p.span}: {p.summary}" for p in check_normalize(loaded.value)]


def test_the_defaults_trust_nobody_and_limit_floods() -> None:
    settings = NormalizeSettings()
    assert check_normalize(settings) == []
    assert (settings.relays, settings.agent_address) == ((), "relays")
    assert settings.rate_limit.events_per_second > 0
    assert settings.duplicates.window == 0


@pytest.mark.parametrize(
    "text",
    [
        "rate_limit: {events_per_second: 0}",
        "rate_limit: {events_per_second: 1000000, burst: 1}",
        "duplicates: {window: 10s}",
        "{relays: [10.0.0.1, 10.1.0.0/16], agent_address: always}",
    ],
)
def test_what_is_accepted(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rate_limit: {burst: 0}", 'trapgate.yml:1:14: "burst" must be 1 to 1000000'),
        (
            "rate_limit: {events_per_second: -1}",
            'trapgate.yml:1:14: "events_per_second" must be 0 to 1000000',
        ),
        (
            "rate_limit: {events_per_second: 1000001}",
            'trapgate.yml:1:14: "events_per_second" must be 0 to 1000000',
        ),
        ("duplicates: {window: 10001ms}", 'trapgate.yml:1:14: "window" must be 10s at most'),
    ],
)
def test_what_is_not(text: str, complaint: str) -> None:
    assert complaints(text) == [complaint]

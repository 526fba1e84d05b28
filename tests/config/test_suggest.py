"""Did you mean ...?"""

import pytest

from trapgate.config import did_you_mean
from trapgate.config.suggest import choice_meant

KNOWN = ("receiver", "receivers", "route", "group_by")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("reciever", 'did you mean "receiver"?'),
        ("recievers", 'did you mean "receivers"?'),
        ("groupby", 'did you mean "group_by"?'),
        ("Route", 'did you mean "route"?'),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_the_nearest_known_word_is_named(word: str, hint: str) -> None:
    assert did_you_mean(word, KNOWN) == hint


def test_nothing_known_suggests_nothing() -> None:
    assert did_you_mean("route", ()) == ""


ALGORITHMS = ("none", "sha-1", "sha-224", "sha-256", "aes-128", "aes-256-ours", "aes-256-theirs")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("sha256", 'did you mean "sha-256"?'),
        ("SHA_256", 'did you mean "sha-256"?'),
        ("SHA", 'did you mean "sha-1"?'),
        ("aes-256", 'did you mean "aes-256-ours" or "aes-256-theirs"?'),
        ("AES256", 'did you mean "aes-256-ours" or "aes-256-theirs"?'),
        ("blowfish", ""),
        ("", ""),
        ("-", ""),
    ],
)
def test_the_value_that_was_meant(word: str, hint: str) -> None:
    assert choice_meant(word, ALGORITHMS) == hint

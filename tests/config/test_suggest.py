"""Did you mean ...?"""

import pytest

from trapgate.config import did_you_mean

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

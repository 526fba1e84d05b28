"""Words for severities, as vendors write them → 0 to 7 of RFC 5424 §6.2.1."""

from collections.abc import Mapping

WORDS: Mapping[str, int] = {
    **dict.fromkeys("0 emerg emergency emergencies panic".split(), 0),
    **dict.fromkeys("1 alert alerts".split(), 1),
    **dict.fromkeys("2 crit critical fatal disaster".split(), 2),
    **dict.fromkeys("3 err error errors major".split(), 3),
    **dict.fromkeys("4 warn warning warnings minor".split(), 4),
    **dict.fromkeys("5 notice notif notification notifications".split(), 5),
    **dict.fromkeys("6 info inform information informational ok normal cleared clear".split(), 6),
    **dict.fromkeys("7 debug debugging debugs trace".split(), 7),
}
"""In small letters. A condition that is over (`cleared`) informs."""


def severities(own: Mapping[str, int]) -> Mapping[str, int]:
    """The numbers of words in small letters: a dialect's `own` come before the usual ones."""
    return {**WORDS, **{word.lower(): number for word, number in own.items()}}

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


def severity_of(word: str, own: Mapping[str, int] = {}) -> int | None:
    """The number of a word, in any case; a dialect's `own` words come first. `None` for a word
    that nobody has explained."""
    word = word.lower()
    found = own.get(word)
    return WORDS.get(word) if found is None else found

"""Did you mean ...?"""

from collections.abc import Iterable
from difflib import get_close_matches

BEGUN_MAX = 2
"""Values that are offered because they begin as what was written; more would be the list itself."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question naming the nearest known word, or "" when none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


def choice_meant(word: str, choices: Iterable[str]) -> str:
    """Like `did_you_mean`, for a closed list of values: writing them without hyphens, or leaving an
    ending out that two of them have, is the usual mistake."""
    known, beginning = list(choices), _plain(word)
    begun = [choice for choice in known if beginning and _plain(choice).startswith(beginning)]
    if 1 <= len(begun) <= BEGUN_MAX:
        return "did you mean " + " or ".join(f'"{choice}"' for choice in begun) + "?"
    return did_you_mean(word.lower(), known)


def _plain(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")

"""A line of a configuration file as it may be shown with a problem: without what may be a secret.

In: the lines of a file, which may be no YAML at all, and a place in it. Out: the line, and where
the place is in it then. Rather too much is hidden than too little: what is printed may end up in a
journal.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

HIDDEN = "<secret>"

_WORDS = ("community", "key", "passphrase", "password", "psk", "pwd", "secret", "token", "url")
"""What keys of secrets are called, alone or as a part; a URL may have a token in its path."""

_PIECES = ("pass", "secret", "token", "credential", "apikey")
"""What is in other names of secrets."""

_NEAR = 0.8
"""How like one of the words a mistyped key is: `pasword`, `comunity`, `tokn`."""

_NO_SECRETS = frozenset({"communities", "urls"})
"""Near one of the words, and lists. Secrets in URLs have a form of their own."""

_WITH_SECRETS = frozenset({"communities", "elasticsearch", "users", "webhook_configs"})
"""Sections in which nobody knows what an unknown key was meant to be."""

_KEY = re.compile(r"""(?P<quote>["']?)(?P<key>[\w.-]+)(?P=quote)\s*:\s*""")

_VALUE = re.compile(
    r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|\[[^]]*\]|.*?(?=,\s*["']?[\w.-]+["']?\s*:\s)|.*"""
)
"""Quoted, a list, or as far as the next key: a comma alone may be a part of it."""

_USERINFO = re.compile(r"(?<=://)\S*(?=@)")


def shown_line(
    lines: Sequence[str], number: int, column: int, *, unknown: bool = False
) -> tuple[str, int]:
    """Line `number` of the file and the column in it, both from 1. `unknown`: the key at the column
    is not known."""
    text = lines[number - 1].replace("\t", " ")
    above = list(_keys_above(lines, number))
    if any(map(_may_be_secret, above)):  # the value goes on here
        start = len(text) - len(text.lstrip())
        return text[:start] + HIDDEN, start + 1
    spans = [found.span() for found in _USERINFO.finditer(text)]
    sections = set(above)
    for found in _KEY.finditer(text):
        key = found["key"]
        guessed = unknown and found.start() == column - 1 and sections & _WITH_SECRETS
        if guessed or _may_be_secret(key):
            value = _VALUE.match(text, found.end())
            assert value is not None  # the last form takes anything
            spans.append(value.span())
        sections.add(key)
    return _without(text, spans, column)


def _keys_above(lines: Sequence[str], number: int) -> Iterator[str]:
    """The keys that a line is below, by their indentation, the nearest first."""
    text = lines[number - 1]
    indent = _indent(text)
    for above in reversed(lines[: number - 1]):
        found = _KEY.match(above.lstrip(" \t-"))
        # the items of a list may stand as far left as its key
        if found and (_indent(above) < indent or (_indent(above) == indent and _is_item(text))):
            if _is_item(above) and _indent(above) == indent:
                continue
            yield found["key"]
            text, indent = above, _indent(above)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))


def _is_item(text: str) -> bool:
    return text.lstrip(" \t").startswith("-")


def _may_be_secret(key: str) -> bool:
    lowered = key.lower()
    parts = re.split(r"[^a-z0-9]+", lowered)
    if lowered in _NO_SECRETS or parts[-1] in ("file", "files"):
        return False
    return any(piece in lowered for piece in _PIECES) or any(
        get_close_matches(part, _WORDS, n=1, cutoff=_NEAR) for part in parts if part
    )


def _without(text: str, spans: list[tuple[int, int]], column: int) -> tuple[str, int]:
    """The text without these parts, which may overlap, and where a column is in it then."""
    shown, end, moved = "", 0, column
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if stop <= end:
            continue
        if start >= end:
            shown += text[end:start] + HIDDEN
        if stop <= column - 1:
            moved = column + len(shown) - stop
        elif start < column - 1:
            moved = len(shown) - len(HIDDEN) + 1
        end = stop
    return shown + text[end:], moved

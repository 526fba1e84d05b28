"""Label sets and their identities, byte for byte as Alertmanager has them.

Sources: prometheus/common `model/labelset.go`, `labelset_string.go`, `signature.go`; Go's
`strconv.Quote`.
"""

import re
from collections.abc import Mapping
from functools import cmp_to_key, lru_cache

Labels = Mapping[str, str]

_FNV_OFFSET = 14695981039346656037
_FNV_PRIME = 1099511628211
_U64 = (1 << 64) - 1
_SEPARATOR = b"\xff"
_CODE_MAX = 0x10FFFF  # Unicode ends here

_SHORT_ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}
_LONG_CHARACTERS = {escape[1]: character for character, escape in _SHORT_ESCAPES.items()}
_QUOTED = re.compile(
    r"""\\([abfnrtv\\"])|\\x([0-9a-fA-F]{2})|\\([0-7]{3})"""
    r"""|\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([^\\"\n])"""
)


FINGERPRINTS_CACHED_MAX = 16_384
"""Label sets whose fingerprint is remembered, some 10 MB: Python takes 20 µs for one, and an alert
that flaps is asked for at each turn."""


def fingerprint(labels: Labels) -> str:
    """FNV-1a 64 over the sorted `name 0xFF value 0xFF`, as 16 hex digits."""
    return _fingerprint(tuple(sorted(labels.items())))


@lru_cache(FINGERPRINTS_CACHED_MAX)
def _fingerprint(labels: tuple[tuple[str, str], ...]) -> str:
    data = bytearray()
    for name, value in labels:
        data += name.encode() + _SEPARATOR + value.encode() + _SEPARATOR
    digest = _FNV_OFFSET
    for byte in data:
        digest = ((digest ^ byte) * _FNV_PRIME) & _U64
    return f"{digest:016x}"


def go_quote(text: str) -> str:
    """Quote as Go's `strconv.Quote` does: group keys hold label values in this form."""
    if text.isprintable() and '"' not in text and "\\" not in text:  # nearly every one
        return f'"{text}"'
    return '"' + "".join(_go_escape(character) for character in text) + '"'


def _go_escape(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def go_unquote(quoted: str) -> str:
    """Read a double-quoted text as Go's `strconv.Unquote` does; byte escapes must make UTF-8.

    Raises `ValueError`.
    """
    if len(quoted) < 2 or not quoted[0] == quoted[-1] == '"':
        raise ValueError(f"{quoted} is not in double quotes")
    data = bytearray()
    position, end = 1, len(quoted) - 1
    while position < end:
        found = _QUOTED.match(quoted, position, end)
        if found is None:
            raise ValueError(f"{quoted} has an escape that is none")
        data += _unescaped(found)
        position = found.end()
    return data.decode()


def _unescaped(found: re.Match[str]) -> bytes:
    short, hexadecimal, octal, unicode, long, plain = found.groups()
    if hexadecimal or octal:
        return bytes((int(hexadecimal, 16) if hexadecimal else int(octal, 8),))
    if unicode or long:
        code = int(unicode or long, 16)
        if code > _CODE_MAX:
            raise ValueError(f"U+{code:X} is no character")
        return chr(code).encode()
    return (_LONG_CHARACTERS[short] if short else plain).encode()


def labels_text(labels: Labels) -> str:
    """`{a="b", c="d"}` with the names sorted: the second half of a group key."""
    return "{" + ", ".join(f"{name}={go_quote(labels[name])}" for name in sorted(labels)) + "}"


def _compare(one: Labels, other: Labels) -> int:
    for name in ("job", "instance"):
        if one.get(name) != other.get(name):
            if name not in one or name not in other:
                return 1 if name not in one else -1
            return -1 if one[name] < other[name] else 1
    if len(one) != len(other):
        return len(one) - len(other)
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            if name not in one or name not in other:
                return -1 if name not in one else 1
            return -1 if one[name] < other[name] else 1
    return 0


alert_order = cmp_to_key(_compare)
"""Key to sort label sets as Alertmanager sorts the alerts of a group: by job, by instance (those
without come last), then by number of labels and by their values. Source: prometheus/common
`model/labelset.go` (`Before`), Alertmanager `types` (`AlertSlice`)."""

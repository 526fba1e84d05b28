"""What Elasticsearch indexes of an event for the query language, beside the ECS document.

The mapping of the document serves Kibana, and bends values to its types: an address loses its zone,
a text behind `ignore_above` is not found, a field without a mapping neither. So a query asks other
fields, which hold what the predicate compares, all below `trapgate.`:

- `pairs`: `field=value` for each value of a keyword or an address, `field=` for a number or a text
  that is there. One field, so that a device's own names are no fields of the index.
- `numbers`: the whole numbers, by name.
- `addresses`: `field=`, the version and all bits of an address, so that a network is a beginning.
- `words`: the words of a text, joined by blanks.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from trapgate.model import Event, FieldValue
from trapgate.query.fields import FIELDS, INTEGER_MAX, INTEGER_MIN, FieldKind, field_kind
from trapgate.query.reading import COLUMNS, LABELS, is_column
from trapgate.query.texts import ADDRESSES_CACHED_MAX, address_of, texts_of
from trapgate.query.words import words

PAIRS: Final = "trapgate.pairs"
NUMBERS: Final = "trapgate.numbers"
ADDRESSES: Final = "trapgate.addresses"
WORDS: Final = "trapgate.words"

PREFIX_CHARS_MAX = 4
"""Beginnings of words up to so long are indexed: phrases that end in one are found whatever the
number of words that begin so. It takes 100 bytes an event. Longer ones are looked up in the list of
all words, which the server refuses to do for too many."""

NAMES_CACHED_MAX = 65_536
"""Names of fields whose form is remembered: those of all devices, and a bound on what a hostile one
can fill."""

_KEYWORD: Mapping[str, object] = {"type": "keyword", "doc_values": False}
_NUMBER: Mapping[str, object] = {"type": "long", "doc_values": False}
_WORDS: Mapping[str, object] = {
    "type": "text",
    "analyzer": "whitespace",
    "norms": False,
    "index_prefixes": {"min_chars": 1, "max_chars": PREFIX_CHARS_MAX},
}


def _named(kind: FieldKind, mapping: Mapping[str, object]) -> Mapping[str, object]:
    return {"properties": {field: mapping for field in FIELDS if FIELDS[field] == kind}}


INDEX_FIELDS: Mapping[str, object] = {
    "pairs": _KEYWORD,
    "numbers": _named("number", _NUMBER),
    "addresses": _KEYWORD,
    "words": _named("text", _WORDS),
}
"""The properties of the object `trapgate` in an index's mapping. They need neither doc values nor a
place in `_source`."""


def indexed(event: Event) -> Mapping[str, object]:
    """The fields of `INDEX_FIELDS` for one event, to be put into its document's `trapgate`.

    Fields that no query can name are left out, and so are numbers that are no whole ones of 64
    bits (nothing makes those). No term is longer than Lucene takes, as long as
    no name and no value is longer than `trapgate.normalize` lets it be.
    """
    found = _Found()
    for name, read in COLUMNS.items():
        value = read(event)
        if value is not None:
            found.add(name, value)
    for name, value in event.labels.items():
        found.add(LABELS + name, value)
    for name, value in event.fields.items():
        if not is_column(name) and not name.startswith(LABELS):
            found.add(name, value)
    return {
        "pairs": found.pairs,
        "numbers": found.numbers,
        "addresses": found.addresses,
        "words": found.words,
    }


class _Found:
    """What is indexed, field by field."""

    def __init__(self) -> None:
        self.pairs: list[str] = []
        self.numbers: dict[str, int] = {}
        self.addresses: list[str] = []
        self.words: dict[str, list[str]] = {}

    def add(self, name: str, value: FieldValue) -> None:
        kind, begin = _form(name)
        if kind == "keyword":
            self._add_texts(begin, value)
        elif kind == "number":
            if value != ():
                self.pairs.append(begin)
            if value.__class__ is int and INTEGER_MIN <= value <= INTEGER_MAX:
                self.numbers[name] = value
        elif kind == "ip":
            self._add_texts(begin, value)
            bits = map(address_bits, texts_of(value))
            self.addresses += [begin + each for each in bits if each]
        elif kind == "text":
            texts = texts_of(value)
            if texts:
                self.pairs.append(begin)
            joined = (" ".join(words(text)) for text in texts)
            self.words[name] = [each for each in joined if each]

    def _add_texts(self, begin: str, value: FieldValue) -> None:
        if value.__class__ is str:
            self.pairs.append(begin + value)
        else:
            self.pairs += [begin + text for text in texts_of(value)]


@lru_cache(maxsize=NAMES_CACHED_MAX)
def _form(name: str) -> tuple[FieldKind | None, str]:
    return field_kind(name), pair_begin(name)


def pair_begin(field: str) -> str:
    """How the pairs of a field begin: its name, in which `=` and the backslash are escaped, so that
    a label `a=b` is never taken for the value of `a`; then `=`."""
    return field.replace("\\", r"\\").replace("=", r"\=") + "="


@lru_cache(maxsize=ADDRESSES_CACHED_MAX)
def address_bits(text: str) -> str:
    """`4` or `6`, then all bits of an address, its zone left out; "" for anything else. A
    v4-mapped address is one of version 6, as for the predicate."""
    address = address_of(text)
    if address is None:
        return ""
    return f"{address.version}{int(address):0{address.max_prefixlen}b}"

"""The one tokenizer of full text, for the predicate, SQLite's FTS5 and Elasticsearch alike."""

import re

WORD_CHARS_MAX = 127
"""Of a longer word the first so many count: Elasticsearch's whitespace tokenizer cuts behind 255
units of UTF-16, of which a character has up to two, and a capture sent as one line of hexadecimal
digits must not become a word of 60 kB in an index."""

_RUN = re.compile(rf"([^\W_]{{1,{WORD_CHARS_MAX}}})[^\W_]*")
# `\w` on text is `str.isalnum` or the underscore, so this is exactly `str.isalnum`.


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order: it is casefolded (`str.casefold`), then every maximal run of
    characters for which `str.isalnum` holds is a word, cut behind `WORD_CHARS_MAX` characters.

    Everything else separates: `Gi0/1` is `gi0` and `1`, `link_down` is `link` and `down`. No
    Unicode normalization: a combining accent separates too. Casefolding comes first, so that
    the words of words are the same words: a store may keep them joined by blanks.
    """
    return tuple(_RUN.findall(text.casefold()))

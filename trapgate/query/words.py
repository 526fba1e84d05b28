"""The one tokenizer of full text, for the predicate, SQLite's FTS5 and Elasticsearch alike."""

import re

_RUN = re.compile(r"[^\W_]+")
# `\w` on text is `str.isalnum` or the underscore, so this is exactly `str.isalnum`.


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order: it is casefolded (`str.casefold`), then every maximal run of
    characters for which `str.isalnum` holds is a word.

    Everything else separates: `Gi0/1` is `gi0` and `1`, `link_down` is `link` and `down`. No
    Unicode normalization: a combining accent separates too. Casefolding comes first, so that
    the words of words are the same words: a store may keep them joined by blanks.
    """
    return tuple(_RUN.findall(text.casefold()))

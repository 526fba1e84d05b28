"""Characters of a query → its smallest parts: symbols, keywords, bare and quoted words.

Where a bare word ends depends on where it stands (a colon ends a field's name but belongs to
`IF-MIB::linkDown`), so the parser asks for what may come next; there is no list of tokens.
"""

import re

import msgspec

from trapgate.query.errors import QueryError

_SPACE = re.compile(r"\s*")
_KEYWORD = re.compile(r"""(and|or|not)(?=[\s()"]|$)""", re.IGNORECASE)
_RAW_IN_FIELD = re.compile(r"""[^\s\\():<>="*{}]+""")
_RAW_IN_VALUE = re.compile(r"""[^\s\\()<>"*{}]+""")
_SEEN = re.compile(r"\w+|\W")
_IN_QUOTES = re.compile(r'[^"\\]+')


class Token(msgspec.Struct, frozen=True):
    """A bare or quoted word. `pieces` are what stands between its stars (one piece: no star);
    escapes are undone. `offset` is where it starts in the text."""

    pieces: tuple[str, ...]
    offset: int
    quoted: bool = False

    @property
    def text(self) -> str:
        return "*".join(self.pieces)


class Scanner:
    """A place in a query's text. Every method first skips blanks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def offset(self) -> int:
        """Where the next part starts; the text's length at its end."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def symbol(self, *symbols: str) -> str:
        """Take the first of these symbols that comes next, "" if none does."""
        offset = self.offset
        for symbol in symbols:
            if self._text.startswith(symbol, offset):
                self._at += len(symbol)
                return symbol
        return ""

    def next_is(self, symbol: str) -> bool:
        """Whether this symbol comes next."""
        return self._text.startswith(symbol, self.offset)

    def keyword(self, *keywords: str) -> bool:
        """Take one of these keywords (`and`, `or`, `not`, in any case) if it comes next."""
        found = _KEYWORD.match(self._text, self.offset)
        if found is None or found[1].lower() not in keywords:
            return False
        self._at = found.end()
        return True

    def field(self) -> Token:
        """Take a field's name; an empty one if something else comes next."""
        return self._bare(_RAW_IN_FIELD)

    def value(self) -> Token:
        """Take a value, quoted or bare; an empty bare one if something else comes next."""
        return self._quoted() if self.next_is('"') else self._bare(_RAW_IN_VALUE)

    def seen_at(self, offset: int) -> str:
        """What stands at an offset, for an error message."""
        found = _SEEN.match(self._text, offset)
        return found[0] if found else "the end"

    def _bare(self, raw: re.Pattern[str]) -> Token:
        offset = self.offset
        pieces = [""]
        while self._at < len(self._text):
            found = raw.match(self._text, self._at)
            if found:
                pieces[-1] += found[0]
                self._at = found.end()
            elif self._text[self._at] == "\\":
                pieces[-1] += self._escaped()
            elif self._text[self._at] == "*":
                self._at += 1
                if len(pieces) == 1 or pieces[-1]:  # `a**b` means `a*b`
                    pieces.append("")
            else:
                break
        return Token(tuple(pieces), offset)

    def _quoted(self) -> Token:
        offset = self.offset
        self._at += 1
        value = ""
        while self._at < len(self._text):
            found = _IN_QUOTES.match(self._text, self._at)
            if found:
                value += found[0]
                self._at = found.end()
            elif self._text[self._at] == "\\":
                value += self._escaped()
            else:
                self._at += 1
                return Token((value,), offset, quoted=True)
        raise QueryError(offset, "this quote is not closed", 'end the value with "')

    def _escaped(self) -> str:
        """The character after a backslash, taken as it is."""
        if self._at + 1 >= len(self._text):
            raise QueryError(self._at, "nothing follows this backslash", r"write \\ for one")
        self._at += 2
        return self._text[self._at - 1]

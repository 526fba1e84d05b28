"""The schema of a dialect file: how a vendor writes its lines, as data.

`docs/dialects.md` shows how to write one. What types cannot say `build` checks.
"""

from collections.abc import Mapping
from typing import Literal, Self

import msgspec

from trapgate.config import Misfit, Node, Scalar, Section, Sequenced
from trapgate.model import Span

SCHEMA = 1

WORDS_MAX = 300
"""Of one list of words: the columns of a firewall's log are the longest."""

Kind = Literal["text", "pairs", "cef", "leef", "csv", "structured-data"]


class Text(msgspec.Struct, frozen=True):
    """One value with its place in the file."""

    text: str
    span: Span

    @classmethod
    def from_node(cls, node: Node) -> Self:
        """Any single value. Raises `Misfit` for anything else."""
        if not isinstance(node, Scalar) or node.null:
            raise Misfit("a single value must stand here", node.span)
        return cls(node.text, node.span)


class Words(msgspec.Struct, frozen=True):
    """One text or a list of them."""

    texts: tuple[str, ...] = ()

    @classmethod
    def from_node(cls, node: Node) -> Self:
        """Raises `Misfit` for an empty text and for any other shape."""
        items = node.items if isinstance(node, Sequenced) else (node,)
        texts = []
        for item in items:
            if not isinstance(item, Scalar) or not item.text:
                raise Misfit("a text must stand here, or a list of texts", item.span)
            texts.append(item.text)
        if len(texts) > WORDS_MAX:
            raise Misfit(f"more than {WORDS_MAX} texts", node.span)
        return cls(tuple(texts))

    def __bool__(self) -> bool:
        return bool(self.texts)


class WhenSettings(Section, frozen=True, kw_only=True):
    """What a line must have before the dialect is tried: every key that is given, of each any one
    text. All are compared literally, which is cheap."""

    starts: Words = Words()
    """How the text behind the header begins."""

    program: Words = Words()
    """The program that the header names (`sshd` of `sshd[42]:`)."""

    structured_data: Words = Words()
    """How the id of an element of RFC 5424's structured data begins."""

    contains: Words = Words()
    """What the text has anywhere in its first 4,096 characters."""


class FieldSettings(Section, frozen=True, kw_only=True):
    """What to take from a message. Of those that ask for the line's code the first that fits is
    used; if there is none, the first of those without a code."""

    code: Words = Words()
    """The codes for which this is meant."""

    contains: Words = Words()
    """One of these must be in the message. Needed without `code`."""

    pattern: Text | None = None
    """A pattern; its named groups become fields (`interface_name`: `interface.name`) or parts of
    the body (`code`, `severity` ...)."""

    set: Mapping[str, str] = {}
    """Fields and their values where this fits."""


class DialectFile(Section, frozen=True, kw_only=True):
    """A dialect."""

    schema: int
    """Version of this format: 1."""

    name: str
    """The dialect's name, which events have as `event.parser`. One of your own with the name of one
    of ours stands in its place."""

    vendor: str | None = None
    """Becomes `observer.vendor`. An entry of `sources` with this `vendor` prefers this dialect."""

    product: str | None = None
    """Becomes `observer.product`."""

    like: str | None = None
    """The name of a dialect whose body patterns, words, fields and values are used after those
    given here."""

    when: tuple[WhenSettings, ...]
    """The marks of this dialect: a line needs one of them. An empty list is for a dialect that
    others are like, and that no line is written in."""

    order: Literal["first", "usual", "last"] = "usual"
    """`first` is tried before all others; it must have marks with `contains` alone. `last` is tried
    after the others whose marks are of the same kind."""

    body: tuple[Text, ...] = ()
    """Patterns for the text; the first that fits is used, if none does the line is not of this
    dialect. Without any the marks suffice. Groups: `provider`, `code`, `severity`, `message`,
    `process`, `pid`, `host`, `time`, `zone`, `sequence`, `pairs` (what is read as pairs), fields.
    """

    msgid: Text | None = None
    """A pattern for the header's MSGID, of a vendor that has more than a name in it (F5:
    `01490248:5:`). Its groups are as those of `body`, which come first. Where it does not fit, the
    line is of this dialect all the same."""

    kind: Kind = "text"
    """How named values are written: `pairs` (key=value), `cef`, `leef`, `csv`, `structured-data`
    (RFC 5424's elements that `when` names). `text` has none but what `pairs` in `body` captures."""

    separator: str | None = None
    """What stands between named values that have blanks in them: `A=two words, B=c`. Without it a
    blank does, and values with blanks are in quotes."""

    key_column: int | None = None
    """`csv`: the column, counted from 1, whose text says which list of `columns` holds."""

    columns: Mapping[str, Words] = {}
    """`csv`: names of the columns by the text of `key_column`; `*` is for all others. `-` is a
    column of no interest."""

    take: Mapping[str, Words] = {}
    """Parts of the body and fields from the named values: the first of a list that is there.
    `date+time` joins two with a blank."""

    provider: str | None = None
    """The provider where the body names none; `$program` is the header's program."""

    code: str | None = None
    """The code where the body names none; `$program` is the header's program."""

    severities: Mapping[str, int] = {}
    """The vendor's words for severities, 0 to 7, beside the usual ones."""

    fields: tuple[FieldSettings, ...] = ()
    """What to take from messages."""

    values: Mapping[str, Mapping[str, str]] = {}
    """Values to replace, by field: `interface.state: {UP: up}`."""

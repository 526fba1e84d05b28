"""The query language's syntax tree: one tree, three back ends (Python, SQL, Elasticsearch).

`trapgate.query` parses text into it. All names are flat dotted ECS fields.
"""

from typing import Literal

import msgspec


class Word(msgspec.Struct, frozen=True, tag=True):
    """`field:value`: the field has exactly this value (any of them, if it has several). The OID of
    a trap stands for both of its forms (`trapgate.query.meant`)."""

    field: str
    value: str


class Wildcard(msgspec.Struct, frozen=True, tag=True):
    """`field:va*e`: the whole value matches; `*` stands for any run of characters."""

    field: str
    pattern: tuple[str, ...]
    """The literal pieces between the stars: `a*b` is `("a", "b")`, `*` is `("", "")`."""


class Present(msgspec.Struct, frozen=True, tag=True):
    """`field:*`: the field is there."""

    field: str


class Phrase(msgspec.Struct, frozen=True, tag=True):
    """`message:"a b"`: these words stand side by side in this order.

    Words are maximal runs of letters and digits, casefolded. With `prefix` the last word may be
    the beginning of a longer one (`message:down*`).
    """

    field: str
    words: tuple[str, ...]
    prefix: bool = False


class Range(msgspec.Struct, frozen=True, tag=True):
    """`field >= 3`: the field is a number in that relation to the bound."""

    field: str
    operator: Literal["<", "<=", ">", ">="]
    bound: float


class Network(msgspec.Struct, frozen=True, tag=True):
    """`source.ip:10.0.0.0/8`: the address lies in the network."""

    field: str
    cidr: str


class Not(msgspec.Struct, frozen=True, tag=True):
    operand: "Query"


class And(msgspec.Struct, frozen=True, tag=True):
    operands: tuple["Query", ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    operands: tuple["Query", ...]


class Everything(msgspec.Struct, frozen=True, tag=True):
    """The empty query: every event."""


Query = Word | Wildcard | Present | Phrase | Range | Network | Not | And | Or | Everything

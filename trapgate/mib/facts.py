"""A MIB module as facts: what `mibs/*.json` holds, one file a module.

Facts are names, numbers and shapes; a module's text is not among them. In: the text of a file.
Out: a `Module`, or a `Problem` that names the file. `compile` makes the same facts of vendors'
texts, and reads in them what a vendor's module imports of a standard one.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from trapgate.model import Problem, Span

ModuleName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z][A-Za-z0-9-]*\Z", max_length=64)]
Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z][A-Za-z0-9_-]*\Z", max_length=128)]
"""RFC 2578 §3.1 allows 64 characters, no underscore and no capital at the start; vendors do not
keep to it."""

Oid = Annotated[str, msgspec.Meta(pattern=r"\A[0-2](\.[0-9]+)+\Z", max_length=1024)]

Syntax = Literal[
    "integer",
    "octets",
    "bits",
    "oid",
    "ip",
    "counter32",
    "gauge32",
    "timeticks",
    "counter64",
    "opaque",
    "unknown",
]
"""`unknown`: of a type that its module imports from one that is not there; values are rendered by
their own type."""


class Type(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A textual convention (RFC 2579 §3) or a type assignment; fields as those of `Object`."""

    name: Name
    syntax: Syntax
    labels: Mapping[int, str] | None = None
    hint: str | None = None
    size: int | None = None


class Object(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A scalar or column (RFC 2578 §7).

    `labels` are the names of an enumeration's numbers or of the positions in BITS, `hint` is its
    DISPLAY-HINT (RFC 2579 §3.1), `size` the length in bytes where all values have the same, `type`
    the textual convention that the others are from.
    """

    name: Name
    oid: Oid
    syntax: Syntax
    labels: Mapping[int, str] | None = None
    hint: str | None = None
    size: int | None = None
    type: str | None = None


class Row(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A conceptual row (RFC 2578 §7.7): its columns are `oid`.N.

    `index` names the objects whose values make up the instance, in order, as `ifIndex` or, of
    another module, `IF-MIB::ifIndex`. `implied`: the last one's length is not written.
    """

    name: Name
    oid: Oid
    index: tuple[str, ...]
    implied: bool = False


class Notification(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A notification (RFC 2578 §8) or a trap of SMIv1, then with `enterprise.0.specific`."""

    name: Name
    oid: Oid
    objects: tuple[str, ...] = ()


class Module(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file. `schema` is the version of the format, `source` says where the facts are from.

    `partial`: only some of the module's objects are here, a text of the user's takes its place.
    `nodes` are the names that have an OID and no value: roots, groups, tables. Version 1 has
    neither these nor `types`, `type` and the syntax `bits`.
    """

    schema: Literal[1, 2]
    module: ModuleName
    source: str
    partial: bool = False
    types: tuple[Type, ...] = ()
    objects: tuple[Object, ...] = ()
    rows: tuple[Row, ...] = ()
    notifications: tuple[Notification, ...] = ()
    nodes: Mapping[Name, Oid] = {}


SCHEMA: Literal[2] = 2
"""The version that is written."""

_decoder = msgspec.json.Decoder(Module)


def read_module(text: str | bytes, file: str) -> Module | Problem:
    """Read one file's text; never raises: a problem says what does not fit."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        help = "this file is left out; the others are used"
        return Problem("mib", "error", f"not a file of MIB facts: {error}", Span(file), help)

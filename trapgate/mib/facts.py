"""A MIB module as facts: what `mibs/*.json` holds, one file a module.

Facts are names, numbers and shapes; a module's text is not among them. In: the text of a file.
Out: a `Module`, or a `Problem` that names the file.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from trapgate.model import Problem, Span

ModuleName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z][A-Za-z0-9-]*\Z", max_length=64)]
Name = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][A-Za-z0-9-]*\Z", max_length=64)]
Oid = Annotated[str, msgspec.Meta(pattern=r"\A[0-2](\.[0-9]+)+\Z", max_length=1024)]

Syntax = Literal[
    "integer",
    "octets",
    "oid",
    "ip",
    "counter32",
    "gauge32",
    "timeticks",
    "counter64",
    "opaque",
]


class Object(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A scalar or column (RFC 2578 §7).

    `labels` are the names of an enumeration's numbers, `hint` its DISPLAY-HINT (RFC 2579 §3.1),
    `size` the length in bytes where all values have the same.
    """

    name: Name
    oid: Oid
    syntax: Syntax
    labels: Mapping[int, str] | None = None
    hint: str | None = None
    size: int | None = None


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
    """One file. `schema` is the version of the format, `source` says where the facts are from."""

    schema: Literal[1]
    module: ModuleName
    source: str
    objects: tuple[Object, ...] = ()
    rows: tuple[Row, ...] = ()
    notifications: tuple[Notification, ...] = ()


_decoder = msgspec.json.Decoder(Module)


def read_module(text: str, file: str) -> Module | Problem:
    """Read one file's text; never raises: a problem says what does not fit."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        help = "this file is left out; the others are used"
        return Problem("mib", "error", f"not a file of MIB facts: {error}", Span(file), help)

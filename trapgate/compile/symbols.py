"""pysmi's JSON of a module → facts.

pysmi writes what a module says, types by their names; here each object gets what its type comes
down to: syntax, labels, hint and size, through all modules that it is imported from.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from trapgate.mib.facts import SCHEMA, Module, Notification, Object, Row, Syntax, Type

TYPE_DEPTH_MAX = 32
"""Types that are made of types: the deepest of real modules is 4. A circle ends here."""

TypesOf = Callable[[str], Mapping[str, Type]]
"""The types of a module, by name; none of one that is not there."""

_BASE: dict[str, Syntax] = {
    "INTEGER": "integer",
    "Integer32": "integer",
    "OCTET STRING": "octets",
    "OBJECT IDENTIFIER": "oid",
    "ObjectName": "oid",
    "Bits": "bits",
    "BITS": "bits",
    "IpAddress": "ip",
    "NetworkAddress": "ip",
    "Counter": "counter32",
    "Counter32": "counter32",
    "Gauge": "gauge32",
    "Gauge32": "gauge32",
    "Unsigned32": "gauge32",
    "UInteger32": "gauge32",
    "TimeTicks": "timeticks",
    "Counter64": "counter64",
    "Opaque": "opaque",
}

_WITH_MEANING = ("InetAddress", "InetAddressType")
"""Types that rendering knows by name: of a type that is made of one of them, this name counts."""


class _Constraints(msgspec.Struct, frozen=True):
    enumeration: dict[str, int] | None = None
    fixed: int | None = None


class _Syntax(msgspec.Struct, frozen=True):
    type: str = ""
    constraints: _Constraints | None = None
    bits: dict[str, int] | None = None


class _Member(msgspec.Struct, frozen=True):
    """One of a row's index or of a notification's objects."""

    module: str = ""
    object: str = ""
    implied: int = 0


class _Symbol(msgspec.Struct, frozen=True):
    class_: str = msgspec.field(name="class", default="")
    name: str = ""
    oid: str = ""
    nodetype: str = ""
    syntax: _Syntax | None = None
    type: _Syntax | None = None
    displayhint: str | None = None
    indices: tuple[_Member, ...] = ()
    augmention: _Member | None = None
    objects: tuple[_Member, ...] = ()


class Symbols:
    """The symbols of one module, as pysmi wrote them.

    `unknown` names the types that could not be found, with the module that they should be in.
    Raises `msgspec.DecodeError` if the text is not pysmi's.
    """

    def __init__(self, module: str, json: str, types_of: TypesOf) -> None:
        read = msgspec.json.decode(json, type=dict[str, msgspec.Raw])
        self._module = module
        self._types_of = types_of
        self._imported = _imported(read.pop("imports", msgspec.Raw(b"{}")))
        read.pop("meta", None)
        self._symbols = [msgspec.json.decode(raw, type=_Symbol) for raw in read.values()]
        self._own_types = {symbol.name: symbol for symbol in self._symbols if symbol.type}
        self.unknown: dict[str, str] = {}

    def facts(self, source: str, index_of: Callable[[str, str], Row | None]) -> Module:
        """All of it as facts. `index_of(module, row)` is the row of another module, which a row
        of this one may augment."""
        return Module(
            schema=SCHEMA,
            module=self._module,
            source=source,
            types=tuple(self._types()),
            objects=tuple(self._objects()),
            rows=tuple(self._rows(index_of)),
            notifications=tuple(
                Notification(symbol.name, symbol.oid, self._references(symbol.objects))
                for symbol in self._symbols
                if symbol.class_ == "notificationtype"
            ),
            nodes={
                symbol.name: symbol.oid
                for symbol in self._symbols
                if "." in symbol.oid
                and (
                    symbol.class_ in ("moduleidentity", "objectidentity")
                    or symbol.nodetype == "table"
                )
            },
        )

    def _types(self) -> Iterator[Type]:
        for symbol in self._own_types.values():
            known = self._resolve(symbol.name, 0)
            if known is not None:
                yield msgspec.structs.replace(known, name=symbol.name)

    def _objects(self) -> Iterator[Object]:
        for symbol in self._symbols:
            if symbol.class_ != "objecttype" or symbol.syntax is None:
                continue
            known, convention = self._of(symbol.syntax, 0)
            yield Object(
                symbol.name,
                symbol.oid,
                known.syntax,
                known.labels,
                known.hint,
                known.size,
                convention,
            )

    def _rows(self, index_of: Callable[[str, str], Row | None]) -> Iterator[Row]:
        own = {symbol.name: symbol for symbol in self._symbols if symbol.nodetype == "row"}
        for symbol in own.values():
            base, seen = symbol, set[str]()
            # A row that augments another has the other's index (RFC 2578 §7.8).
            while base.augmention and base.augmention.object in own and base.name not in seen:
                seen.add(base.name)
                base = own[base.augmention.object]
            if base.indices:
                implied = bool(base.indices[-1].implied)
                yield Row(symbol.name, symbol.oid, self._references(base.indices), implied)
            elif base.augmention:
                module = self._imported.get(base.augmention.object, "")
                row = index_of(module, base.augmention.object)
                if row is not None:
                    index = tuple(n if "::" in n else f"{module}::{n}" for n in row.index)
                    yield Row(symbol.name, symbol.oid, index, row.implied)

    def _references(self, members: tuple[_Member, ...]) -> tuple[str, ...]:
        return tuple(
            member.object if member.module == self._module else f"{member.module}::{member.object}"
            for member in members
        )

    def _of(self, syntax: _Syntax, depth: int) -> tuple[Type, str | None]:
        """What a syntax comes down to, and the textual convention that says so."""
        base = _BASE.get(syntax.type)
        convention: str | None = None
        if base is not None:
            known = Type(syntax.type, base)
        else:
            found = self._resolve(syntax.type, depth + 1)
            if found is None:
                module = self._imported.get(syntax.type, self._module)
                self.unknown[syntax.type] = module
            known = found or Type(syntax.type, "unknown")
            convention = known.name if known.name in _WITH_MEANING else syntax.type
        constraints = syntax.constraints or _Constraints()
        labels = constraints.enumeration or syntax.bits
        return msgspec.structs.replace(
            known,
            labels=_by_number(labels) if labels else known.labels,
            size=constraints.fixed
            if known.syntax == "octets" and constraints.fixed
            else known.size,
        ), convention

    def _resolve(self, name: str, depth: int) -> Type | None:
        """A type by its name: one of this module, or an imported one. Its own name, but for a type
        made of one that rendering knows by name: that one's."""
        if depth > TYPE_DEPTH_MAX:
            return None
        own = self._own_types.get(name)
        if own is None or own.type is None:
            return self._types_of(self._imported.get(name, "")).get(name)
        known, convention = self._of(own.type, depth)
        return msgspec.structs.replace(
            known,
            name=convention if convention in _WITH_MEANING else name,
            hint=own.displayhint or known.hint,
        )


def _imported(raw: msgspec.Raw) -> dict[str, str]:
    """Imported names, each with the module that it is from."""
    modules = msgspec.json.decode(raw, type=dict[str, str | list[str]])
    return {
        name: module
        for module, names in modules.items()
        if not isinstance(names, str)
        for name in names
    }


def _by_number(labels: Mapping[str, int]) -> dict[int, str]:
    return {number: name for name, number in sorted(labels.items(), key=lambda item: item[1])}

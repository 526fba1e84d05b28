"""The MIB index: OIDs → names, and back.

In: the texts of files of facts. Out: for the OID of a variable its object, instance and index
values; for that of a notification its name. Flat: one dictionary a kind, keyed by dotted text;
the longest known prefix is found by cutting parts off the end, and remembered.
"""

from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from trapgate.mib.facts import Module, Notification, Object, Row, read_module
from trapgate.mib.instance import index_values
from trapgate.mib.rendering import INET_ADDRESS_TYPE
from trapgate.model import Problem

VARIABLES_CACHED_MAX = 65_536
"""Variables (objects with their instances) that are remembered: five for each of 13,000
interfaces, about 30 MB. Past it the cache starts anew."""

OID_CACHED_CHARS_MAX = 128
"""Longer OIDs (indexes made of strings, or of malice) hardly repeat and are not remembered."""

NOTIFICATIONS_CACHED_MAX = 16_384
"""Notifications that are remembered, known or not: more than all vendors of a network have."""

ADDRESS_TYPE_DISTANCE_MAX = 16
"""How many columns before an InetAddress its InetAddressType is looked for: RFC 4001 §4 wants it
registered before, nearly all modules have it right before."""

ROOTS = "SNMPv2-SMI"
"""The module whose names say nothing of an OID below them: `enterprises.9.1` is a number still."""


class ResolvedVariable(msgspec.Struct, frozen=True, gc=False):
    """What is known of a variable's OID.

    `name` is `ifDescr`, `symbol` `IF-MIB::ifDescr`, `suffix` the instance (`3`), `variable` symbol
    and instance (`IF-MIB::ifDescr.3`), `index` the instance's parts by name. Of an unknown one
    `name`, `symbol` and `variable` are the OID itself and `known` is `None`.
    """

    name: str
    symbol: str
    suffix: str
    variable: str
    known: Object | None = None
    index: tuple[tuple[str, str], ...] = ()


class ResolvedNotification(msgspec.Struct, frozen=True, gc=False):
    """What is known of a notification; `oid` is how its module writes it."""

    name: str
    module: str
    symbol: str
    oid: str
    objects: tuple[str, ...]


class MibIndex:
    """Names for OIDs. Where several modules claim one OID or name, the first of them has it."""

    def __init__(self, modules: Sequence[Module], problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        """What was wrong with texts that were left out."""
        self._objects: dict[str, tuple[str, Object]] = {}
        self._rows: dict[str, tuple[str, Row]] = {}
        self._notifications: dict[str, tuple[str, Notification]] = {}
        self._nodes: dict[str, str] = {}
        self._names: dict[str, dict[str, Object | Notification]] = {}
        self._variables_cached: dict[str, ResolvedVariable] = {}
        self._notifications_cached: dict[str, ResolvedNotification | None] = {}
        for module in modules:
            self._add(module)

    @classmethod
    def load(cls, texts: Mapping[str, str]) -> Self:
        """Read files of facts, in this order; keys are their names, for `problems`.

        Never raises: a file that cannot be read is left out and is in `problems`.
        """
        modules: list[Module] = []
        problems: list[Problem] = []
        for file, text in texts.items():
            read = read_module(text, file)
            if isinstance(read, Module):
                modules.append(read)
            else:
                problems.append(read)
        return cls(modules, problems)

    def resolve(self, oid: str) -> ResolvedVariable:
        """Name a variable by the longest known prefix of its OID; never raises."""
        cached = self._variables_cached.get(oid)
        if cached is None:
            cached = self._variable(oid)
            if len(oid) <= OID_CACHED_CHARS_MAX:
                if len(self._variables_cached) >= VARIABLES_CACHED_MAX:
                    self._variables_cached.clear()
                self._variables_cached[oid] = cached
        return cached

    def notification(self, oid: str) -> ResolvedNotification | None:
        """Name a notification, written as `enterprise.0.specific` or `enterprise.specific`: the
        translation of SNMPv1 traps adds the 0 also where the module has none (RFC 3584 §3.1)."""
        if oid in self._notifications_cached:
            return self._notifications_cached[oid]
        found = self._notifications.get(oid) or self._notifications.get(_other_form(oid))
        named = None
        if found is not None:
            module, fact = found
            symbol = f"{module}::{fact.name}"
            named = ResolvedNotification(fact.name, module, symbol, fact.oid, fact.objects)
        if len(oid) <= OID_CACHED_CHARS_MAX:
            if len(self._notifications_cached) >= NOTIFICATIONS_CACHED_MAX:
                self._notifications_cached.clear()
            self._notifications_cached[oid] = named
        return named

    def oid(self, name: str) -> str | None:
        """The OID of an object or notification: `IF-MIB::linkDown`, or `linkDown` of the first
        module that has it; else that of a node, as `enterprises`. It looks through all modules: for
        people, not for every trap."""
        module, qualified, local = name.rpartition("::")
        scopes = [self._names.get(module, {})] if qualified else self._names.values()
        found = next((scope[local].oid for scope in scopes if local in scope), None)
        if found is not None:
            return found
        return next(
            (oid for oid, node in self._nodes.items() if f"::{node}".endswith(f"::{name}")), None
        )

    def symbol_of(self, oid: str) -> str:
        """A name for an OID that is a value: `IF-MIB::linkDown`, `IF-MIB::ifIndex.3`, a product's
        `ACME-MIB::acmeSwitch`; the OID itself if no module names it. Never raises.

        For people: what rules compare is the OID.
        """
        notification = self._notifications.get(oid)
        if notification is not None:
            return f"{notification[0]}::{notification[1].name}"
        variable = self.resolve(oid)
        known = variable.known.oid if variable.known is not None else ""
        prefix = oid
        while len(prefix) > len(known):
            node = self._nodes.get(prefix)
            if node is not None:
                return oid if node.startswith(f"{ROOTS}::") else node + oid[len(prefix) :]
            prefix = prefix.rpartition(".")[0]
        return variable.variable

    def node(self, oid: str) -> str | None:
        """The name of exactly this OID, if it has no value: a root, a group, a table, a product."""
        return self._nodes.get(oid)

    def address_type_oid(self, oid: str) -> str | None:
        """Which variable tells the InetAddressType of an InetAddress, for `render`: the nearest
        object of that type before it, with the same instance. `None` if there is none."""
        known = self.resolve(oid).known
        if known is None:
            return None
        entry, _, column = known.oid.rpartition(".")
        for number in range(int(column) - 1, max(0, int(column) - ADDRESS_TYPE_DISTANCE_MAX), -1):
            found = self._objects.get(f"{entry}.{number}")
            if found is not None and found[1].type == INET_ADDRESS_TYPE:
                return found[1].oid + oid[len(known.oid) :]
        return None

    def row(self, column: str) -> Row | None:
        """The row that a column, given by its OID without an instance, is of."""
        found = self._rows.get(column.rpartition(".")[0])
        return None if found is None else found[1]

    def names(self) -> list[str]:
        """The short names of all objects and notifications, for suggestions."""
        return [name for scope in self._names.values() for name in scope]

    def notification_names(self) -> list[str]:
        """The short names of all notifications, for suggestions."""
        return [notification.name for _, notification in self._notifications.values()]

    def _add(self, module: Module) -> None:
        names = self._names.setdefault(module.module, {})
        for fact in module.objects:
            self._objects.setdefault(fact.oid, (module.module, fact))
            names.setdefault(fact.name, fact)
        for row in module.rows:
            self._rows.setdefault(row.oid, (module.module, row))
        for name, oid in module.nodes.items():
            self._nodes.setdefault(oid, f"{module.module}::{name}")
        for notification in module.notifications:
            self._notifications.setdefault(notification.oid, (module.module, notification))
            names.setdefault(notification.name, notification)

    def _variable(self, oid: str) -> ResolvedVariable:
        prefix = oid
        while prefix:
            found = self._objects.get(prefix)
            if found is not None:
                module, fact = found
                symbol = f"{module}::{fact.name}"
                suffix = oid[len(prefix) + 1 :]
                variable = f"{symbol}.{suffix}" if suffix else symbol
                index = self._index(prefix, suffix)
                return ResolvedVariable(fact.name, symbol, suffix, variable, fact, index)
            prefix = prefix.rpartition(".")[0]
        return ResolvedVariable(oid, oid, "", oid)

    def _index(self, column: str, suffix: str) -> tuple[tuple[str, str], ...]:
        """The index values of a column's instance; none for a scalar or an unknown shape."""
        found = self._rows.get(column.rpartition(".")[0])
        if found is None or not suffix:
            return ()
        module, row = found
        objects: list[Object] = []
        for name in row.index:
            scope, _, local = name.rpartition("::")
            part = self._names.get(scope or module, {}).get(local)
            if not isinstance(part, Object):
                return ()
            objects.append(part)
        return index_values(suffix, objects, implied=row.implied)


def _other_form(oid: str) -> str:
    """`E.0.S` for `E.S` and the reverse."""
    enterprise, _, specific = oid.rpartition(".")
    if enterprise.endswith(".0"):
        return f"{enterprise[:-2]}.{specific}"
    return f"{enterprise}.0.{specific}"

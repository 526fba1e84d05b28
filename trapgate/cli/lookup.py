"""`trapgate mib lookup`: what a name or an OID means, and how rules call it."""

import re
import sys
from pathlib import Path

from trapgate.app.supervisor import EX_CONFIG
from trapgate.cli.check import reported_configuration
from trapgate.config import did_you_mean
from trapgate.mib import MibIndex, ResolvedVariable
from trapgate.mib.facts import Object

_OID = re.compile(r"\.?(\d+(?:\.\d+)*)", re.ASCII)
_NAME = re.compile(r"((?:[\w-]+::)?[\w-]+)((?:\.\d+)*)", re.ASCII)

LABELS_SHOWN_MAX = 300
"""The longest known enumeration (IANAifType) has some 290."""

_SIMILAR_LENGTH = 3
"""A misspelt name differs in length by this at most: comparing with 100,000 names takes seconds."""


def look_up(name: str, config: Path | None) -> int:
    """Print what is known; 1 if nothing is, 78 if the configuration cannot be used."""
    configuration = reported_configuration(config, warnings=False)
    if configuration is None:
        return EX_CONFIG
    mib = configuration.mib
    oid = _oid_of(name, mib)
    lines = [] if oid is None else _described(oid, mib)
    if not lines:
        print(f"{name} is not known{_hint(name, mib)}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def _oid_of(name: str, mib: MibIndex) -> str | None:
    numeric = _OID.fullmatch(name)
    if numeric:
        return numeric[1]
    named = _NAME.fullmatch(name)
    oid = mib.oid(named[1]) if named else None
    return f"{oid}{named[2]}" if named and oid else None


def _described(oid: str, mib: MibIndex) -> list[str]:
    """The lines about an OID; none if no module names it."""
    notification = mib.notification(oid)
    if notification is not None:
        objects = ", ".join(notification.objects) or "none"
        return _block(
            notification.symbol,
            ("OID", notification.oid),
            ("kind", "notification"),
            ("objects", objects),
            ("in rules", f'event.code:"{notification.symbol}"'),
        )
    resolved = mib.resolve(oid)
    symbol = mib.symbol_of(oid)
    if resolved.known is not None and symbol == resolved.variable:
        return _variable(oid, resolved, resolved.known, mib)
    node = mib.node(oid) or symbol
    return [] if node == oid else _block(node, ("OID", oid), ("kind", "node"))


def _variable(oid: str, resolved: ResolvedVariable, known: Object, mib: MibIndex) -> list[str]:
    row = mib.row(known.oid)
    kind = "scalar" if row is None else f"column of {row.name}, indexed by {', '.join(row.index)}"
    size = f", {known.size} bytes" if known.size is not None else ""
    pairs = [("OID", oid), ("kind", kind), ("syntax", known.syntax + size)]
    if known.type is not None:
        pairs.append(("type", known.type))
    if known.hint is not None:
        pairs.append(("hint", known.hint))
    if known.labels:
        shown = list(known.labels.items())[:LABELS_SHOWN_MAX]
        pairs.append(("values", ", ".join(f"{label}({number})" for number, label in shown)))
    pairs += [("index", f"{name} = {value}") for name, value in resolved.index]
    if row is not None and resolved.suffix and not resolved.index:
        pairs.append(("index", f"{resolved.suffix} is not an instance of this row"))
    pairs.append(("in rules", f"snmp.vb.{resolved.name}"))
    pairs += [("", f"snmp.index.{name}") for name, _ in resolved.index]
    return _block(resolved.variable, *pairs)


def _block(title: str, *pairs: tuple[str, str]) -> list[str]:
    return [title, *(f"  {key:9} {value}" for key, value in pairs)]


def _hint(name: str, mib: MibIndex) -> str:
    local = name.rpartition("::")[2].partition(".")[0]
    near = [known for known in mib.names() if abs(len(known) - len(local)) <= _SIMILAR_LENGTH]
    hint = "" if local.isdigit() else did_you_mean(local, near)
    return f": {hint}" if hint else "; its module may be missing: see trapgate mib list"

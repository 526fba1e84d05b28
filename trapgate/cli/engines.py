"""`trapgate snmp engines`: the SNMPv3 engines that were learned, which of them are revoked, and
forgetting one.

It reads and writes files of the data folder, so it works whether trapgate runs or not; a running
one takes a changed list over within seconds.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from trapgate.app.clock import now
from trapgate.app.engine import (
    EngineError,
    forget_engine,
    known_engines,
    revoke_engines,
    revoked_engines,
)
from trapgate.app.layout import Layout
from trapgate.app.supervisor import EX_CONFIG
from trapgate.cli.check import reported_configuration
from trapgate.decode.snmp import Engine, engine_id_of
from trapgate.model import rfc3339

Output = Literal["text", "json"]

HEADINGS = (
    "ENGINE ID", "STATE", "USER", "ADDRESS", "MESSAGES", "BOOTS", "TIME", "FIRST SEEN", "LAST SEEN"
)  # fmt: skip


class Row(msgspec.Struct, frozen=True):
    """One engine as it is shown; what is not known of one that was only revoked is `None`."""

    engine_id: str
    state: Literal["learned", "revoked"]
    user: str | None = None
    address: str | None = None
    messages: int | None = None
    boots: int | None = None
    time: int | None = None
    first_seen: str | None = None
    last_seen: str | None = None


def list_engines(config: Path | None, output: Output) -> int:
    """Print all engines in the order of their IDs: a table, or one JSON object a line."""
    layout = _layout(config)
    if layout is None:
        return EX_CONFIG
    try:
        rows = _rows(layout)
    except (EngineError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if output == "json":
        for row in rows:
            print(msgspec.json.encode(row).decode())
    else:
        print(_table(rows) if rows else "no engine has been learned yet")
    return 0


def revoke_engine(text: str, config: Path | None) -> int:
    """Take nothing from an engine any more; 2 if it is no engine ID."""
    return _change(text, config, partial(_list, lambda revoked, one: revoked | {one}), "revoked")


def allow_engine(text: str, config: Path | None) -> int:
    """Take an engine that was revoked again; 2 if it is no engine ID."""
    return _change(text, config, partial(_list, lambda revoked, one: revoked - {one}), "allowed")


def forget_known_engine(text: str, config: Path | None) -> int:
    """Meet an engine as if for the first time from now on; 2 if it is no engine ID."""
    return _change(text, config, _forget, "forgotten")


def _list(
    changed: Callable[[frozenset[bytes], bytes], frozenset[bytes]], layout: Layout, engine_id: bytes
) -> None:
    revoked = revoked_engines(layout.revoked_engines)
    revoke_engines(layout.revoked_engines, changed(revoked, engine_id))


def _forget(layout: Layout, engine_id: bytes) -> None:
    forget_engine(layout.forgotten_engines, engine_id, now().wall_ns)


def _change(
    text: str, config: Path | None, change: Callable[[Layout, bytes], None], done: str
) -> int:
    try:
        engine_id = engine_id_of(text)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    layout = _layout(config)
    if layout is None:
        return EX_CONFIG
    try:
        change(layout, engine_id)
    except (EngineError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{engine_id.hex()}: {done}")
    return 0


def _layout(config: Path | None) -> Layout | None:
    configuration = reported_configuration(config, warnings=False)
    return None if configuration is None else Layout(configuration.data)


def _rows(layout: Layout) -> list[Row]:
    known = known_engines(layout)
    revoked = revoked_engines(layout.revoked_engines)
    rows = [Row(engine_id.hex(), "revoked") for engine_id in revoked - known.keys()]
    rows += [_row(engine_id, engine, engine_id in revoked) for engine_id, engine in known.items()]
    return sorted(rows, key=lambda row: row.engine_id)


def _row(engine_id: bytes, engine: Engine, revoked: bool) -> Row:
    clock = engine.clock
    return Row(
        engine_id.hex(),
        "revoked" if revoked else "learned",
        engine.user,
        engine.address,
        engine.count,
        clock.boots if clock else None,
        clock.time if clock else None,
        rfc3339(engine.first_seen, digits=0),
        rfc3339(engine.last_seen, digits=0),
    )


def _table(rows: list[Row]) -> str:
    cells: list[tuple[str, ...]] = [HEADINGS]
    cells += [tuple("-" if v is None else str(v) for v in msgspec.structs.astuple(r)) for r in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)

"""How a file of this room is opened: its layout made once and brought up to date, its version
checked."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from trapgate.state.errors import NewerSchema

BUSY_TIMEOUT_S = 1.0
"""Each file has one opener; a copy made with SQLite's own tools may hold it for a moment."""


def connect(
    path: Path, layouts: Sequence[Sequence[str]], synchronous: Literal["FULL", "NORMAL"]
) -> sqlite3.Connection:
    """Open a file in WAL mode, made if it is new, readable by its owner only.

    The first of `layouts` makes a file of version 1, each further one makes the next version of
    it; the version is kept in `PRAGMA user_version`, 0 being a file whose creation did not finish.
    The connection may change threads, but one thread uses it at a time. Raises `NewerSchema`,
    `sqlite3.Error`, `OSError`.
    """
    version = len(layouts)
    path.touch(mode=0o600)
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > version:
            raise NewerSchema(path, found, version)
        if found < version:
            connection.execute("BEGIN IMMEDIATE")
            for layout in layouts[found:]:
                for statement in layout:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection

"""A reader's memory as of a place in its stream: one file that is replaced whole."""

from pathlib import Path

import msgspec

from trapgate.model import Position
from trapgate.spool.whole import replace_file

SNAPSHOT_SCHEMA = 1
"""Version of the file; another one is as good as none."""

NOWHERE = Position("", 0)
"""The place of a memory that there is not."""


class _Saved(msgspec.Struct, frozen=True):
    schema: int
    position: Position
    memory: bytes


class SnapshotFile:
    """Implements `trapgate.ports.Snapshot`; for one process.

    The file is for the owner only: what a decoder remembers is nobody else's business.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> tuple[Position, bytes]:
        """The place and the memory as of it; `NOWHERE` and nothing if there is none, or if it is
        damaged. Raises `OSError` if it cannot be read."""
        try:
            saved = msgspec.msgpack.decode(self._path.read_bytes(), type=_Saved)
        except (FileNotFoundError, msgspec.DecodeError):
            return NOWHERE, b""
        return (saved.position, saved.memory) if saved.schema == SNAPSHOT_SCHEMA else (NOWHERE, b"")

    def save(self, position: Position, memory: bytes) -> None:
        """Replace it, durable on return. Raises `OSError`: the one before is still there then."""
        saved = _Saved(SNAPSHOT_SCHEMA, position, memory)
        replace_file(self._path, msgspec.msgpack.encode(saved))

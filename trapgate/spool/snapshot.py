"""A memory of streams as of a place in each: one file that is replaced whole."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from trapgate.spool.whole import replace_file

SNAPSHOT_SCHEMA = 1
"""Version of the file; another one is as good as none."""


class _Saved(msgspec.Struct, frozen=True):
    schema: int
    places: dict[str, int]
    memory: bytes


class SnapshotFile:
    """Implements `trapgate.ports.Snapshot`; for one process.

    The file is for the owner only: what a decoder remembers is nobody else's business.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> tuple[Mapping[str, int], bytes]:
        """The sequence in each stream and the memory as of these; none and nothing if there is no
        file, or a damaged one. Raises `OSError` if it cannot be read."""
        try:
            saved = msgspec.msgpack.decode(self._path.read_bytes(), type=_Saved)
        except (FileNotFoundError, msgspec.DecodeError):
            return {}, b""
        return (saved.places, saved.memory) if saved.schema == SNAPSHOT_SCHEMA else ({}, b"")

    def save(self, places: Mapping[str, int], memory: bytes) -> None:
        """Replace it, durable on return. Raises `OSError`: the one before is still there then."""
        saved = _Saved(SNAPSHOT_SCHEMA, dict(places), memory)
        replace_file(self._path, msgspec.msgpack.encode(saved))

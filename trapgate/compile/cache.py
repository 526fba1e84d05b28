"""Compiled modules on disk, by the hash of all that they are made of: written once, never changed.

A file that cannot be read, or is damaged, is as if it was not there.
"""

import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import msgspec

from trapgate.compile.outcome import Outcome

_KEY = re.compile(r"[0-9a-f]{32}\.json")


class Cache:
    """The files in `folder`, which need not exist; nothing is written unless `writable`."""

    def __init__(self, folder: Path, *, writable: bool) -> None:
        self._folder = folder
        self._writable = writable

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self._folder / f"{key}.json"

    def read(self, key: str) -> Outcome | None:
        """What was kept under a key; `None` if nothing was."""
        with suppress(OSError, msgspec.DecodeError, UnicodeError):
            return msgspec.json.decode(self.path(key).read_bytes(), type=Outcome)
        return None

    def write(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome, whole or not at all. Never raises: what the disk refuses is compiled
        again the next time."""
        if not self._writable:
            return
        path = self.path(key)
        scratch = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(msgspec.json.encode(outcome))
            os.replace(scratch, path)
        except OSError:
            with suppress(OSError):
                scratch.unlink(missing_ok=True)

    def forget_others(self, keys: Collection[str]) -> int:
        """Delete what is kept under other keys; returns how many files. Never raises: what cannot
        be deleted stays."""
        forgotten = 0
        with suppress(OSError):
            for path in self._folder.iterdir():
                if _KEY.fullmatch(path.name) and path.stem not in keys:
                    path.unlink()
                    forgotten += 1
        return forgotten

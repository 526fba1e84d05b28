"""SNMPv3 engines on disk: our own (`engine.json`), those that were learned (in the memory of
ingest), those that were revoked (`engines-revoked.json`) or forgotten (`engines-forgotten.json`).

In: the data folder. Out: values for the decoder and for `trapgate snmp engines`. Files are replaced
whole, durable on return, and for their owner only.
"""

import os
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from trapgate.app.layout import FORGOTTEN_NAME, RULES_READER, Layout
from trapgate.decode.snmp import Engine, EngineMemory, OwnEngine
from trapgate.model import NS_PER_S, Protocol
from trapgate.observe import logger
from trapgate.pipeline.memory import saved_of
from trapgate.spool import SnapshotFile, replace_file

ENGINE_SCHEMA = 1
REVOKED_SCHEMA = 1
FORGOTTEN_SCHEMA = 1
"""Versions of the files."""

FORGOTTEN_MAX = 16_384
"""Engines in the file of the forgotten, about 1 MB; the one that was forgotten first gives way,
which has long been dropped from the memory by then."""

BOOTS_MAX = 2**31 - 1
"""RFC 3414 §2.2.2: an engine that has come here takes no authenticated message any more."""

RANDOM_BYTES = 8
"""Of an engine ID that we make: no two gateways will ever have the same one."""

ID_PREFIX = bytes.fromhex("8000000005")
"""What an engine ID that we make begins with: the new form of RFC 3411 §5 (the high bit), the
enterprise number 0, which IANA keeps reserved, and format 5, "octets, administratively assigned".
trapgate has no enterprise number, and the format only asks that the IDs of one network differ."""

_MINUTE_NS = 60 * NS_PER_S


class EngineError(Exception):
    """Our engine cannot be used; the message says why, and what to do."""


class RevokedEngines:
    """The engines from which nothing is taken: a container of their IDs that follows its file.

    It takes the file of the engines that were `forgotten` along, which lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self.forgotten = ForgottenEngines(path.with_name(FORGOTTEN_NAME))
        self._path = path
        self._stamp = _MISSING
        self._ids: frozenset[bytes] = frozenset()

    def __contains__(self, engine_id: object) -> bool:
        return engine_id in self._ids

    def refresh(self) -> None:
        """Read the files if they have changed. Raises `EngineError` if one is damaged, `OSError`;
        the engines that were revoked before are so still."""
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self._ids = revoked_engines(self._path)
            self._stamp = stamp
        self.forgotten.refresh()


class ForgottenEngines(Mapping[bytes, int]):
    """The engines that were to be forgotten, with the instant of that; it follows its file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _MISSING
        self._instants: Mapping[bytes, int] = {}

    def __getitem__(self, engine_id: bytes) -> int:
        return self._instants[engine_id]

    def __contains__(self, engine_id: object) -> bool:
        return engine_id in self._instants  # asked for every message: no exception on the way

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._instants)

    def __len__(self) -> int:
        return len(self._instants)

    def refresh(self) -> None:
        """Read the file if it has changed. Raises `EngineError` if it is damaged, `OSError`;
        nothing has changed then."""
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self._instants = forgotten_engines(self._path)
            self._stamp = stamp


_MISSING = (0, 0)


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is replaced."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return _MISSING
    return found.st_ino, found.st_mtime_ns


class Engines(msgspec.Struct, frozen=True):
    """What decoding SNMPv3 needs beside the configuration: our own engine, if informs are to be
    taken, the IDs of those from which nothing is, and when which were to be forgotten."""

    own: OwnEngine | None = None
    revoked: Container[bytes] = frozenset()
    forgotten: Mapping[bytes, int] = {}


class _EngineFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    engine_id: str
    boots: int
    started_at: int
    previous_started_at: int | None


class _RevokedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    engine_ids: tuple[str, ...]


class _ForgottenFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    engines: Mapping[str, int]


def load_engine(path: Path, configured_id: bytes | None, now: int) -> OwnEngine:
    """Our engine for a start of trapgate at the instant `now`, with one more boot than the last.

    To be called once a start, before anything is answered: it writes the file. Without a file and
    without a configured ID an ID is made. With a configured ID that the file does not have, nobody
    knows how often it was started: its boots then begin at the minutes since 1970, higher than any
    honest count, so that senders who have met it before take it for restarted and not for an
    impostor. Raises `EngineError` for a damaged file and for boots that are used up, `OSError`.
    """
    last = own_engine(path)
    if last is not None and configured_id in (None, last.engine_id):
        boots, before = last.boots + 1, last.started_at
        if boots >= BOOTS_MAX:
            raise EngineError(
                f"{path}: the engine ID {last.engine_id.hex()} has used up its boots (RFC 3414 "
                "§2.2.2); delete the file, configure another decode.snmp.engine_id or none, and "
                "have the senders of informs discover it"
            )
        engine = OwnEngine(last.engine_id, boots, now, before)
    elif configured_id is None:
        engine = OwnEngine(ID_PREFIX + os.urandom(RANDOM_BYTES), 1, now)
    else:
        boots = min(max(now // _MINUTE_NS, 1), BOOTS_MAX - 1)
        logger().warning("engine.boots-unknown", engine_id=configured_id.hex(), boots=boots)
        engine = OwnEngine(configured_id, boots, now)
    stored = _EngineFile(
        ENGINE_SCHEMA, engine.engine_id.hex(), engine.boots, now, engine.previous_started_at
    )
    replace_file(path, msgspec.json.encode(stored))
    return engine


def own_engine(path: Path) -> OwnEngine | None:
    """Our engine as of the last start; `None` before the first. For processes that trapgate starts
    again, and for commands. Raises `EngineError` if the file is damaged, `OSError`."""
    try:
        read = msgspec.json.decode(path.read_bytes(), type=_EngineFile)
        engine_id = bytes.fromhex(read.engine_id)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if read.schema != ENGINE_SCHEMA:
        raise _damaged(path, f"schema {read.schema} is not {ENGINE_SCHEMA}")
    if not (5 <= len(engine_id) <= 32 and 1 <= read.boots <= BOOTS_MAX):
        raise _damaged(path, "engine ID or boots are out of range")
    return OwnEngine(engine_id, read.boots, read.started_at, read.previous_started_at)


def known_engines(layout: Layout) -> Mapping[bytes, Engine]:
    """The engines that were learned, as of the last time that ingest saved them (about every 10 s),
    without those that were forgotten since. Raises `EngineError`, `OSError`."""
    _, memory = SnapshotFile(layout.memory(RULES_READER)).load()
    engines = EngineMemory.restored(saved_of(memory).decoders.get(Protocol.SNMP, b""))
    forgotten = forgotten_engines(layout.forgotten_engines)
    if forgotten:
        engines.forget(forgotten, max(forgotten.values()))
    return engines.learned


def revoked_engines(path: Path) -> frozenset[bytes]:
    """The engines from which nothing is taken. Raises `EngineError` if the file is damaged, since
    nobody must be let in by damage; `OSError`."""
    try:
        read = msgspec.json.decode(path.read_bytes(), type=_RevokedFile)
        engine_ids = frozenset(bytes.fromhex(text) for text in read.engine_ids)
    except FileNotFoundError:
        return frozenset()
    except ValueError as error:
        raise EngineError(f"{path} is damaged ({error}); correct it, or delete it") from None
    if read.schema != REVOKED_SCHEMA:
        raise EngineError(f"{path} is of another version ({read.schema}); delete it")
    return engine_ids


def revoke_engines(path: Path, engine_ids: Iterable[bytes]) -> None:
    """Replace the list of revoked engines. Raises `OSError`; nothing has changed then."""
    stored = _RevokedFile(REVOKED_SCHEMA, tuple(sorted(each.hex() for each in engine_ids)))
    replace_file(path, msgspec.json.encode(stored))


def forgotten_engines(path: Path) -> Mapping[bytes, int]:
    """When which engines were to be forgotten, in nanoseconds since 1970. Raises `EngineError` if
    the file is damaged, `OSError`."""
    try:
        read = msgspec.json.decode(path.read_bytes(), type=_ForgottenFile)
        instants = {bytes.fromhex(text): instant for text, instant in read.engines.items()}
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise EngineError(f"{path} is damaged ({error}); correct it, or delete it") from None
    if read.schema != FORGOTTEN_SCHEMA:
        raise EngineError(f"{path} is of another version ({read.schema}); delete it")
    return instants


def forget_engine(path: Path, engine_id: bytes, now: int) -> None:
    """Have what is known of an engine up to the instant `now` forgotten. Raises `EngineError` if
    the file is damaged, `OSError`; nothing has changed then."""
    instants = {**forgotten_engines(path), engine_id: now}
    newest = sorted(instants, key=instants.__getitem__)[-FORGOTTEN_MAX:]
    stored = _ForgottenFile(FORGOTTEN_SCHEMA, {each.hex(): instants[each] for each in newest})
    replace_file(path, msgspec.json.encode(stored))


def _damaged(path: Path, reason: str) -> EngineError:
    return EngineError(
        f"{path} is damaged ({reason}); bring it back from a backup, or delete it: senders of "
        "SNMPv3 informs then have to discover the engine ID that is made anew"
    )

import os
from pathlib import Path

import msgspec
import pytest

from trapgate.app.engine import (
    BOOTS_MAX,
    FORGOTTEN_MAX,
    EngineError,
    RevokedEngines,
    forget_engine,
    forgotten_engines,
    known_engines,
    load_engine,
    own_engine,
    revoke_engines,
    revoked_engines,
)
from trapgate.app.layout import RULES_READER, Layout
from trapgate.decode.snmp import EngineMemory
from trapgate.decode.snmp.engines import Heard
from trapgate.model import Protocol
from trapgate.pipeline.memory import Saved
from trapgate.spool import SnapshotFile

NOW = 1_800_000_000 * 10**9
LATER = NOW + 3_600 * 10**9
CONFIGURED = bytes.fromhex("8000000005cafe")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "engine.json"


def test_an_engine_is_made_once_and_its_boots_count_the_starts(path: Path) -> None:
    first = load_engine(path, None, NOW)
    assert first.engine_id.startswith(bytes.fromhex("8000000005"))
    assert 5 <= len(first.engine_id) <= 32
    assert (first.boots, first.started_at, first.previous_started_at) == (1, NOW, None)
    second = load_engine(path, None, LATER)
    assert second.engine_id == first.engine_id
    assert (second.boots, second.started_at, second.previous_started_at) == (2, LATER, NOW)
    assert own_engine(path) == second
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["engine.json"]


def test_two_gateways_make_different_ones(tmp_path: Path) -> None:
    made = [load_engine(tmp_path / name, None, NOW).engine_id for name in ("a.json", "b.json")]
    assert made[0] != made[1]


def test_a_configured_id_without_its_file_starts_high(path: Path) -> None:
    first = load_engine(path, CONFIGURED, NOW)
    assert (first.engine_id, first.boots) == (CONFIGURED, 30_000_000)
    path.unlink()
    again = load_engine(path, CONFIGURED, LATER)
    assert again.boots > first.boots
    assert load_engine(path, CONFIGURED, LATER).boots == again.boots + 1
    assert load_engine(path, None, LATER).engine_id == CONFIGURED


def test_another_configured_id_is_another_engine(path: Path) -> None:
    load_engine(path, None, NOW)
    other = load_engine(path, CONFIGURED, LATER)
    assert (other.engine_id, other.previous_started_at) == (CONFIGURED, None)
    assert other.boots > 1_000_000


@pytest.mark.parametrize("now", [0, 2**62])
def test_a_wild_clock_gives_boots_in_range(path: Path, now: int) -> None:
    assert 1 <= load_engine(path, CONFIGURED, now).boots < BOOTS_MAX


def test_boots_that_are_used_up_need_the_user(path: Path) -> None:
    load_engine(path, None, NOW)
    text = path.read_text().replace('"boots":1', f'"boots":{BOOTS_MAX - 1}')
    path.write_text(text)
    with pytest.raises(EngineError, match="configure another"):
        load_engine(path, None, LATER)
    assert path.read_text() == text
    assert load_engine(path, CONFIGURED, LATER).engine_id == CONFIGURED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "junk",
        "{}",
        '{"schema":2,"engine_id":"8000000005cafe","boots":1,"started_at":1,"previous_started_at":null}',
        '{"schema":1,"engine_id":"80","boots":1,"started_at":1,"previous_started_at":null}',
        '{"schema":1,"engine_id":"xyz","boots":1,"started_at":1,"previous_started_at":null}',
        '{"schema":1,"engine_id":"8000000005cafe","boots":0,"started_at":1,"previous_started_at":null}',
    ],
)
def test_a_damaged_file_stops_the_start_and_says_what_to_do(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(EngineError, match="backup, or delete it"):
        load_engine(path, None, NOW)
    assert path.read_text() == text


def test_before_the_first_start_there_is_no_engine(path: Path) -> None:
    assert own_engine(path) is None


def test_revoked_engines(tmp_path: Path) -> None:
    path = tmp_path / "engines-revoked.json"
    assert revoked_engines(path) == frozenset()
    revoke_engines(path, {CONFIGURED, b"\x80other"})
    assert revoked_engines(path) == {CONFIGURED, b"\x80other"}
    assert path.stat().st_mode & 0o777 == 0o600
    for damaged in ("junk", '{"schema":9,"engine_ids":[]}', '{"schema":1,"engine_ids":["x"]}'):
        path.write_text(damaged)
        with pytest.raises(EngineError, match="delete it"):
            revoked_engines(path)


def saved_memory(layout: Layout, *, boots: int, last_seen: int) -> None:
    memory = EngineMemory()
    heard = Heard(CONFIGURED, "noc", "10.0.0.7", boots, 0, b"digest", last_seen)
    memory.hear(heard, passing=False)
    saved = msgspec.msgpack.encode(Saved(decoders={Protocol.SNMP: memory.saved()}))
    SnapshotFile(layout.memory(RULES_READER)).save({"s": 1}, saved)


def test_known_engines_are_those_that_were_saved(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert known_engines(layout) == {}
    saved_memory(layout, boots=3, last_seen=NOW)
    clock = known_engines(layout)[CONFIGURED].clock
    assert clock is not None
    assert clock.boots == 3


def test_an_engine_is_forgotten_up_to_an_instant(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    path = layout.forgotten_engines
    assert forgotten_engines(path) == {}
    saved_memory(layout, boots=3, last_seen=NOW)
    forget_engine(path, b"\x80other", NOW)
    assert CONFIGURED in known_engines(layout)
    forget_engine(path, CONFIGURED, NOW + 1)
    assert known_engines(layout) == {}
    assert forgotten_engines(path) == {b"\x80other": NOW, CONFIGURED: NOW + 1}
    assert path.stat().st_mode & 0o777 == 0o600
    saved_memory(layout, boots=1, last_seen=NOW + 1)
    assert CONFIGURED in known_engines(layout)


def test_the_list_of_the_forgotten_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "engines-forgotten.json"
    ids = [b"\x80%06d" % number for number in range(FORGOTTEN_MAX)]
    engines = {each.hex(): NOW + number for number, each in enumerate(ids)}
    path.write_bytes(msgspec.json.encode({"schema": 1, "engines": engines}))
    forget_engine(path, CONFIGURED, LATER)
    kept = forgotten_engines(path)
    assert len(kept) == FORGOTTEN_MAX
    assert CONFIGURED in kept
    assert ids[0] not in kept


@pytest.mark.parametrize(
    "text", ["junk", '{"schema":9,"engines":{}}', '{"schema":1,"engines":{"x":1}}']
)
def test_a_damaged_list_of_the_forgotten_is_said_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "engines-forgotten.json"
    path.write_text(text)
    for use in (lambda: forgotten_engines(path), lambda: forget_engine(path, CONFIGURED, NOW)):
        with pytest.raises(EngineError, match="delete it"):
            use()
    assert path.read_text() == text


def test_a_running_trapgate_follows_both_lists(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    revoked = RevokedEngines(layout.revoked_engines)
    revoked.refresh()
    assert (CONFIGURED in revoked, dict(revoked.forgotten)) == (False, {})
    revoke_engines(layout.revoked_engines, {CONFIGURED})
    forget_engine(layout.forgotten_engines, CONFIGURED, NOW)
    assert CONFIGURED not in revoked.forgotten
    revoked.refresh()
    assert CONFIGURED in revoked
    assert (dict(revoked.forgotten), len(revoked.forgotten)) == ({CONFIGURED: NOW}, 1)
    layout.forgotten_engines.write_text("junk")
    with pytest.raises(EngineError):
        revoked.refresh()
    assert CONFIGURED in revoked.forgotten
    layout.forgotten_engines.unlink()
    revoked.refresh()
    assert not revoked.forgotten

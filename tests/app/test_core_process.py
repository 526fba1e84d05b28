"""The core process: what it says of itself."""

from pathlib import Path

import pytest

from app.folders import built, written
from store.events import event
from trapgate.app import core_process
from trapgate.app.core_process import _CoreProcess
from trapgate.app.layout import Layout
from trapgate.app.processes import Inherited, Process
from trapgate.app.published import NEVER_PUBLISHED
from trapgate.decode.snmp import OwnEngine
from trapgate.model import NEVER
from trapgate.model.query import Everything
from trapgate.spool import Doorbell, SharedNumber
from trapgate.store import SqliteEventStore, TooManyRows


def core(folder: Path) -> _CoreProcess:
    """One that is composed, and does not run."""
    layout = Layout(folder / "data")
    layout.create()
    process = Process(
        name="core",
        config_path=None,
        configuration=built(written(folder)),
        stamp=NEVER_PUBLISHED,
        layout=layout,
        inherited=Inherited(
            (), OwnEngine(b"\x80engine", 1, 0), -1, Doorbell(), Doorbell(), SharedNumber()
        ),
        ready=lambda: None,
        beat=lambda: None,
    )
    return _CoreProcess(process)


def test_counts_beside_paging_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_process, "COUNTED_MAX", 1)
    process = core(tmp_path)
    store = SqliteEventStore.open(process.process.layout.events)
    store.write([event(1), event(2)])
    store.close()
    with pytest.raises(TooManyRows):
        process.events.aggregate(Everything(), ("source.port",), start=0, end=NEVER)


def test_ready_is_loaded_and_able_to_write(tmp_path: Path) -> None:
    process = core(tmp_path)
    assert process.ready() == "loading state"
    process.loaded = True
    assert process.ready() is None
    process.conductor.trouble = "disk I/O error"
    assert process.ready() == "state cannot be written: disk I/O error"
    process.conductor.trouble = None
    assert process.ready() is None
    process.state.close()
    process.history.close()

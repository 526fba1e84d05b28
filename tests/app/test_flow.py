"""The processes of a run: their names, their order, and which sockets are whose."""

import pytest

from trapgate.app.flow import (
    STOP_S,
    own_listeners,
    process_names,
    receive_names,
    stage_of,
    stages,
    worker_of,
)
from trapgate.config import Address
from trapgate.listen import ListenerSettings
from trapgate.listen.rebind import rebind


def test_one_of_each_is_named_as_its_stage() -> None:
    assert process_names(1, index=True) == ("receive", "ingest", "index", "core")
    assert stages(1, index=True) == (("receive",), ("ingest",), ("index",), ("core",))


def test_without_an_index() -> None:
    assert process_names(1, index=False) == ("receive", "ingest", "core")
    assert stages(1, index=False) == (("receive",), ("ingest",), ("core",))


def test_all_receive_processes_come_first() -> None:
    assert receive_names(3) == ("receive", "receive-2", "receive-3")
    assert stages(3, index=False) == (receive_names(3), ("ingest",), ("core",))
    assert process_names(3, index=True) == (*receive_names(3), "ingest", "index", "core")
    assert [worker_of(name) for name in process_names(3, index=True)] == [1, 2, 3, 1, 1, 1]
    assert {stage_of(name) for name in process_names(16, index=True)} == set(STOP_S)


@pytest.mark.parametrize("workers", [1, 2])
def test_whose_sockets(workers: int) -> None:
    wanted = [
        ListenerSettings(name="a", protocol="snmp", address=Address("127.0.0.1", 0)),
        ListenerSettings(
            name="b", protocol="syslog", transport="tcp", address=Address("127.0.0.1", 0)
        ),
    ]
    listeners = rebind((), wanted, workers)
    first, tcp = listeners[0], listeners[-1]
    assert own_listeners("receive", listeners) == (first, tcp)
    assert own_listeners("receive-2", listeners) == listeners[1:workers]
    assert own_listeners("ingest", listeners) == (first, tcp)
    assert own_listeners("index", listeners) == own_listeners("core", listeners) == ()
    for bound in listeners:
        bound.close()

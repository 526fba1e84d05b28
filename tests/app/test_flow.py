"""The processes of a run: their names, their order, and which sockets are whose."""

import pytest

from trapgate.app.flow import (
    STOP_S,
    Census,
    names,
    own_listeners,
    stage_of,
    worker_of,
)
from trapgate.app.settings import DecodeSettings, Settings, SpoolSettings, StoreSettings
from trapgate.config import Address
from trapgate.listen import ListenerSettings
from trapgate.listen.rebind import rebind


def test_one_of_each_is_named_as_its_stage() -> None:
    assert Census().names() == ("receive", "ingest", "decode", "index", "core")
    assert Census().stages() == (("receive",), ("ingest",), ("decode",), ("index",), ("core",))


def test_without_those_that_need_not_be() -> None:
    least = Census(decode=0, index=False)
    assert least.names() == ("receive", "ingest", "core")
    assert least.stages() == (("receive",), ("ingest",), ("core",))


def test_all_receive_processes_come_first() -> None:
    three = ("receive", "receive-2", "receive-3")
    assert names("receive", 3) == three
    assert Census(3, 0, index=False).stages() == (three, ("ingest",), ("core",))
    assert Census(3, 2).names() == (*three, "ingest", "decode", "decode-2", "index", "core")
    assert [worker_of(name) for name in Census(3, 2).names()] == [1, 2, 3, 1, 1, 2, 1, 1]
    assert {stage_of(name) for name in Census(16).names()} == set(STOP_S)


def test_what_settings_want() -> None:
    assert Census.of(Settings()) == Census()
    wanted = Settings(
        spool=SpoolSettings(workers=3),
        decode=DecodeSettings(workers=0),
        store=StoreSettings(words=False),
    )
    assert Census.of(wanted) == Census(3, 0, index=False)


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
    for name in ("decode", "index", "core"):
        assert own_listeners(name, listeners) == ()
    for bound in listeners:
        bound.close()

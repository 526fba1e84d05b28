"""`trapgate events show`: everything about one event, by its id or the beginning of it."""

import json
from pathlib import Path

import msgspec
import pytest

from cli.conftest import Trapgate
from cli.stored import sixty, stored
from golden import Golden
from store.events import event
from trapgate.model import Event, Problem
from trapgate.normalize.stored import event_of

LINE = b"<187>42: r1: %LINK-3-UPDOWN: Interface Gi0/1, changed state to \x1b[31mdown"


def trap() -> Event:
    return msgspec.structs.replace(
        event(
            7,
            device="core-1",
            severity=3,
            labels={"site": "fra"},
            fields={
                "snmp.varbinds": ("ifIndex.7 = 7", "ifDescr.7 = Gi0/7"),
                "snmp.trap.generic": 2,
                "event.raw_bytes": 9_000,
                "interface.up": False,
            },
            message="linkDown: Gi0/7",
            problems=(Problem("trailing-bytes", "warning", "3 bytes behind the message"),),
        ),
        raw=bytes(range(0x30, 0x30 + 40)),
    )


def line() -> Event:
    return msgspec.structs.replace(
        event(8, device="r1", message="Interface Gi0/1 ...", timestamp=event(1).timestamp),
        kind="syslog.network",
        clock="device:r1",
        raw=LINE,
    )


def summary() -> Event:
    return msgspec.structs.replace(event(9, code="trapgate.storm", message=""), raw=b"")


@pytest.fixture
def filled(folder: Path) -> None:
    stored(folder, [*sixty()[:6], trap(), line(), summary()])


@pytest.mark.parametrize(
    ("name", "made"), [("trap", trap()), ("line", line()), ("summary", summary())]
)
def test_everything_is_shown(
    name: str, made: Event, trapgate: Trapgate, filled: None, golden: Golden
) -> None:
    result = trapgate("events", "show", made.id, "--utc")
    assert (result.exit_code, result.stderr) == (0, "")
    golden.check(f"events-show-{name}.txt", result.stdout)
    assert "\x1b" not in result.stdout


def test_as_json_it_is_the_whole_event(trapgate: Trapgate, filled: None) -> None:
    result = trapgate("events", "show", trap().id, "-o", "json")
    assert event_of(json.loads(result.stdout)) == trap()
    assert result.stdout.count("\n") > 10


def test_the_beginning_of_an_id(trapgate: Trapgate, folder: Path) -> None:
    ids = {n: f"{event(1).id[:8]}{n % 2}{n:023x}" for n in (1, 2, 3)}
    stored(folder, [event(n, id=event_id) for n, event_id in ids.items()])
    assert trapgate("events", "show", ids[2][:9]).stdout.startswith("down\n")
    several = trapgate("events", "show", ids[1][:9])
    assert (several.exit_code, several.stdout) == (1, "")
    listed = [text.split()[0] for text in several.stderr.splitlines()[1:]]
    assert listed == [ids[3], ids[1]]


@pytest.mark.parametrize("event_id", ["f" * 32, "0ab34980f", "0ab3497f"])
def test_an_event_that_is_not_there(event_id: str, trapgate: Trapgate, filled: None) -> None:
    result = trapgate("events", "show", event_id)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"there is no event {event_id}\n"


@pytest.mark.parametrize("event_id", ["", "0ab35ac", "router", "0AB35AC0", "0" * 33, "0ab35ac0*"])
def test_what_is_no_id(event_id: str, trapgate: Trapgate, filled: None) -> None:
    result = trapgate("events", "show", event_id)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is no event's id" in result.stderr


@pytest.mark.parametrize("digits", [32, 9])
def test_an_event_that_may_be_in_a_damaged_file(
    digits: int, trapgate: Trapgate, folder: Path, filled: None
) -> None:
    (folder / "data" / "events" / "events-2026-11-21.sqlite").write_bytes(b"junk" * 4_000)
    event_id = trap().id[:digits]
    result = trapgate("events", "show", event_id)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "incomplete: events-2026-11-21.sqlite is damaged or set aside: events of it may be "
        f"missing\nthere is no event {event_id} in what can be read\n"
    )
    other_day = trapgate("events", "show", "0ab3497f" + "0" * 24)
    assert (other_day.exit_code, other_day.stderr.count("incomplete")) == (1, 0)


def test_an_event_beside_a_file_that_was_set_aside(trapgate: Trapgate, folder: Path) -> None:
    stored(folder, [event(1)])
    aside = folder / "data" / "events" / "events-2026-11-21.older-1.sqlite"
    aside.write_bytes(b"junk")
    whole = trapgate("events", "show", event(1).id)
    assert (whole.exit_code, whole.stderr) == (0, "")
    # another one may begin like this
    beginning = trapgate("events", "show", event(1).id[:9])
    assert (beginning.exit_code, bool(beginning.stdout)) == (3, True)
    assert beginning.stderr.startswith(f"incomplete: {aside.name} is damaged or set aside")

"""Starting and stopping: what cannot be started says why and what to do, and exits with 78."""

import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from system.running import Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook

pytestmark = pytest.mark.real

EX_CONFIG = 78

BAD_RULE = """\
groups:
- name: own
  rules:
  - alert: PortDown
    mach: event.code:"IF-MIB::linkDown"
    clear: event.code:"IF-MIB::linkUp"
"""

BAD_QUERY = BAD_RULE.replace("mach:", "match:").replace('linkDown"', "linkDown")


def refusal(trapgate: Trapgate) -> str:
    """What a trapgate that cannot start says."""
    done = trapgate.run_to_its_end()
    assert done.returncode == EX_CONFIG, done.stderr
    assert "ready" not in done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_unknown_key(stopped: Trapgate) -> None:
    stopped.edit("trapgate.yml", "rules: {bundled: true,", "rules: {bundeld: true,")
    message = refusal(stopped)
    line = (
        (stopped.folder / "trapgate.yml")
        .read_text()
        .splitlines()
        .index('rules: {bundeld: true, files: ["rules/*.yml"]}')
    )
    assert f"trapgate.yml:{line + 1}:9: error: " in message
    assert 'unknown key "bundeld"' in message
    assert 'did you mean "bundled"?' in message


def test_an_unknown_key_in_alertmanager_yml(stopped: Trapgate) -> None:
    stopped.edit("alertmanager.yml", "group_wait: 0s", "group_wiat: 0s")
    message = refusal(stopped)
    assert "alertmanager.yml:4:3: error: " in message
    assert 'did you mean "group_wait"?' in message


@pytest.mark.parametrize(("text", "place"), [(BAD_RULE, "5:5"), (BAD_QUERY, "5:")])
def test_a_bad_rule_file(text: str, place: str, stopped: Trapgate) -> None:
    stopped.write("rules/own.yml", text)
    message = refusal(stopped)
    assert f"rules/own.yml:{place}" in message
    source = text.splitlines()[4]
    assert source in message


def test_all_problems_at_once(stopped: Trapgate) -> None:
    stopped.write("rules/own.yml", BAD_RULE)
    stopped.edit("alertmanager.yml", "receiver: hook", "receiver: hok")
    message = refusal(stopped)
    assert "rules/own.yml:5:5" in message
    assert "alertmanager.yml:2:" in message


def test_a_file_that_is_not_there(stopped: Trapgate) -> None:
    (stopped.folder / "alertmanager.yml").unlink()
    message = refusal(stopped)
    assert "cannot read alertmanager.yml: No such file or directory" in message
    assert "trapgate.yml:" in message


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use(kind: socket.SocketKind, stopped: Trapgate) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("0.0.0.0", stopped.syslog))
        if kind == socket.SOCK_STREAM:
            other.listen()
        message = refusal(stopped)
    transport = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    place = f"{transport} *:{stopped.syslog}"
    assert f'listener "syslog-{transport}" cannot listen on {place}' in message
    assert "Address already in use" in message
    assert f"ss -lnptu 'sport = :{stopped.syslog}'" in message


def test_the_port_of_the_api_in_use(stopped: Trapgate) -> None:
    with socket.create_server(("127.0.0.1", stopped.http)):
        message = refusal(stopped)
    assert f"web cannot listen on 127.0.0.1:{stopped.http}: Address already in use" in message


@pytest.mark.parametrize("data", ["/proc/nope", "trapgate.yml", "trapgate.yml/data"])
def test_a_data_folder_that_cannot_be_used(data: str, stopped: Trapgate) -> None:
    stopped.edit("trapgate.yml", "data: ./data", f"data: {data}")
    message = refusal(stopped)
    assert f"trapgate cannot start: the data folder {stopped.folder / data} cannot" in message
    assert "set `data` to a folder that this user can write to" in message


def test_a_data_folder_in_which_a_file_is_in_the_way(stopped: Trapgate) -> None:
    stopped.layout.data.mkdir()
    stopped.layout.run.write_text("")
    message = refusal(stopped)
    assert f"the data folder {stopped.layout.data} cannot be used: File exists" in message
    assert f"({stopped.layout.run})" in message


@pytest.mark.parametrize("name", ["events/events-2026-11-21.sqlite", "state.sqlite"])
def test_files_of_a_newer_trapgate(name: str, stopped: Trapgate) -> None:
    path = stopped.layout.data / name
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    message = refusal(stopped)
    said = [line for line in message.splitlines() if "its schema version is 99" in line]
    assert len(said) == 1
    assert str(path) in said[0]
    assert "run the newer version again or move the file away" in said[0]


def test_a_file_of_an_older_trapgate_stops_nothing(stopped: Trapgate) -> None:
    folder = stopped.layout.events
    folder.mkdir(parents=True)
    name = f"events-{datetime.now(UTC).date()}"
    with closing(sqlite3.connect(folder / f"{name}.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 1")
    stopped.start()
    with Sender(stopped.snmp) as device:
        device.send(link_trap(1))
    eventually(lambda: stopped.kept() == 1, "stored")
    assert stopped.stop() == 0
    assert (folder / f"{name}.older-1.sqlite").exists()
    assert len(stopped.stored_events()) == 1
    assert "store.set-aside" in stopped.text_of("stderr")
    assert "Traceback" not in stopped.text_of("stderr")


def test_the_folder_that_data_shares_keeps_its_mode(stopped: Trapgate) -> None:
    stopped.edit("trapgate.yml", "data: ./data", "data: .")
    stopped.folder.chmod(0o755)
    stopped.start()
    assert stopped.folder.stat().st_mode & 0o777 == 0o755
    made = {path for path in stopped.folder.iterdir() if path.name in ("run", "spool", "events")}
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}
    files = [*stopped.folder.glob("*.sqlite*")]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert stopped.stop() == 0


def test_a_second_one_on_the_same_data(trapgate: Trapgate) -> None:
    text = (trapgate.folder / "trapgate.yml").read_text()
    for port in (trapgate.snmp, trapgate.closed, trapgate.syslog, trapgate.http):
        text = text.replace(f":{port}", ":0")
    trapgate.write("second.yml", text)
    done = trapgate.run_to_its_end("--config", "second.yml")
    assert done.returncode == EX_CONFIG
    folder = trapgate.layout.data
    assert f"another trapgate uses the data folder {folder}; stop it, or" in done.stderr
    assert trapgate.text("/-/ready") == "OK"


def test_ports_that_the_system_chooses_are_named(stopped: Trapgate) -> None:
    text = (stopped.folder / "trapgate.yml").read_text()
    for port in (stopped.snmp, stopped.closed, stopped.syslog):
        text = text.replace(f":{port}", ":0")
    stopped.write("trapgate.yml", text)
    stopped.start()
    banner = stopped.text_of("stdout").splitlines()
    (line, *_) = [line for line in banner if line.split()[:2] == ["snmp", "udp"]]
    port = int(line.rpartition(":")[2])
    assert port
    assert any(f"--to localhost:{port}" in line for line in banner)
    with Sender(port) as device:
        device.send(link_trap(1))
    eventually(lambda: stopped.kept() == 1, "stored")


def test_sigterm_loses_nothing(trapgate: Trapgate, webhook: Webhook) -> None:
    """What the kernel holds is taken, what is taken is stored, what is owed is told later."""
    with Sender(trapgate.snmp) as device:
        device.send(*(link_trap(index) for index in range(1, 101)))
        assert trapgate.stop() == 0
    events = trapgate.stored_events()
    assert len({event.fields["interface.name"] for event in events}) == len(events) == 100
    assert "error" not in trapgate.text_of("stderr")
    seconds = trapgate.start()
    print(f"a second start was ready after {seconds:.2f} s")
    for index in range(1, 101):
        (told,) = webhook.await_statuses(interface(index), "firing")
    assert len(trapgate.alerts()) == 100
    assert told.status == 200


def test_a_stopped_one_leaves_whole_files(trapgate: Trapgate) -> None:
    with Sender(trapgate.snmp) as device:
        device.send(link_trap(1))
    eventually(lambda: trapgate.kept() == 1, "stored")
    assert trapgate.stop() == 0
    files = [path for path in trapgate.data_files() if path.suffix == ".sqlite"]
    assert len([path for path in files if ".words" not in path.name]) == 3  # words come later
    for path in files:
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


def test_processes_are_told_apart_by_name(trapgate: Trapgate) -> None:
    """As `ps` and `top` show them."""

    def name(pid: int) -> str:
        return Path(f"/proc/{pid}/comm").read_text().strip()

    assert name(trapgate.pid) == "trapgate-super"
    assert {name(pid) for pid in trapgate.children()} == {
        "trapgate-recv",
        "trapgate-ingest",
        "trapgate-dec",
        "trapgate-index",
        "trapgate-core",
    }

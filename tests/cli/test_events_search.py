"""`trapgate events search`: which events, in which form, and what the exit code says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Trapgate
from cli.stored import DAY, second, sixty, stored
from store.events import event
from trapgate.app.clock import now
from trapgate.model import NS_PER_S
from trapgate.normalize.stored import stored_document


@pytest.fixture
def filled(folder: Path) -> None:
    stored(folder, sixty())


def messages(text: str) -> list[str]:
    return [json.loads(line)["message"] for line in text.splitlines()]


def test_a_table_of_the_newest_first(trapgate: Trapgate, filled: None) -> None:
    result = trapgate("events", "search", *DAY, "-n", "2")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "RECEIVED              SEVERITY  DEVICE    CODE              MESSAGE",
        "2026-11-21 00:01:00Z  warning   router-0  IF-MIB::linkDown  event 60",
        "2026-11-21 00:00:59Z  err       router-2  IF-MIB::linkDown  event 59",
    ]
    assert result.stderr == "these are the newest 2: see --limit and --all\n"


def test_the_wide_table(trapgate: Trapgate, filled: None) -> None:
    head, row = trapgate("events", "search", *DAY, "-n1", "-o", "wide").stdout.splitlines()
    assert head.split() == "RECEIVED HAPPENED SEVERITY DEVICE SENDER CODE ID MESSAGE".split()
    assert row.split("  ")[0] == "2026-11-21 00:01:00.000Z"
    assert sixty()[-1].id in row


def test_fields_of_ones_own(trapgate: Trapgate, folder: Path) -> None:
    stored(folder, [event(1, fields={"vlan.id": ("7", "8")}, labels={"site": "fra"})])
    fields = ("--fields", "vlan.id,labels.site,@timestamp,event.severity")
    table = trapgate("events", "search", *DAY, *fields).stdout.splitlines()
    assert table == [
        "vlan.id  labels.site  @timestamp            event.severity",
        "7, 8     fra          2026-11-21 00:00:01Z  -",
    ]
    (found,) = json.loads(trapgate("events", "search", *DAY, *fields, "-o", "json").stdout)
    assert found == {
        "vlan.id": ["7", "8"],
        "labels.site": "fra",
        "@timestamp": "2026-11-21T00:00:01.000000000Z",
    }


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_json_is_the_whole_document(output: str, trapgate: Trapgate, filled: None) -> None:
    text = trapgate("events", "search", *DAY, "-n", "2", "-o", output).stdout
    found = json.loads(text) if output == "json" else [json.loads(e) for e in text.splitlines()]
    newest = [
        event(n, device=f"router-{n % 3}", severity=n % 8, message=f"event {n}") for n in (60, 59)
    ]
    assert found == [json.loads(json.dumps(stored_document(each))) for each in newest]


def test_no_events_are_an_empty_array(trapgate: Trapgate, filled: None) -> None:
    for output, expected in (("json", "[]\n"), ("jsonl", ""), ("table", ""), ("wide", "")):
        result = trapgate("events", "search", *DAY, "host.name:nobody", "-o", output)
        assert (result.exit_code, result.stdout) == (1, expected)
        assert (
            result.stderr
            == "nothing found, since 2026-11-21 00:00:00Z until 2026-11-22 00:00:00Z\n"
        )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("host.name:router-1",), [58, 55]),
        (("--all",), [60, 59]),
        (("--since", "2026-11-21T00:00:59Z"), [60, 59]),
        (("--until", "2026-11-21 00:00:03"), [2, 1]),
        (("host.name:router-2 and event.severity <= 3",), [59, 56]),
    ],
)
def test_which_events(
    options: tuple[str, ...], expected: list[int], trapgate: Trapgate, filled: None
) -> None:
    result = trapgate("events", "search", *DAY, "-o", "jsonl", *options)
    assert messages(result.stdout)[:2] == [f"event {n}" for n in expected]


def test_the_limit_and_all(trapgate: Trapgate, folder: Path) -> None:
    stored(folder, [event(n) for n in range(1, 2_502)])
    counts = {
        options: len(
            trapgate("events", "search", *DAY, "-o", "jsonl", *options).stdout.splitlines()
        )
        for options in ((), ("-n", "3"), ("--limit", "2500"), ("--all",))
    }
    assert list(counts.values()) == [100, 3, 2_500, 2_501]
    everything = trapgate("events", "search", *DAY, "-n", "2502")
    assert everything.stderr == ""


def test_a_day_until_now_if_nobody_says(trapgate: Trapgate, folder: Path) -> None:
    at = now().wall_ns
    ages = {"now": 0, "an hour ago": 3_600, "yesterday": 90_000}
    stored(
        folder,
        [event(n, at - s * NS_PER_S, message=m) for n, (m, s) in enumerate(ages.items(), 1)],
    )
    assert messages(trapgate("events", "search", "-o", "jsonl").stdout) == ["now", "an hour ago"]
    recent = trapgate("events", "search", "-o", "jsonl", "--since", "30m").stdout
    assert messages(recent) == ["now"]


def test_counts(trapgate: Trapgate, filled: None) -> None:
    table = trapgate("events", "search", *DAY, "--by", "event.severity", "-n", "2")
    assert table.stdout.splitlines() == ["COUNT  event.severity", "8      alert", "8      crit"]
    assert table.stderr == "2 of 8 groups: see --limit\n"
    by = ("--by", "host.name,vlan.id", "host.name:router-1")
    assert trapgate("events", "search", *DAY, *by).stdout.splitlines() == [
        "COUNT  host.name  vlan.id",
        "20     router-1   -",
    ]
    group = {"by": {"host.name": "router-1", "vlan.id": ""}, "count": 20}
    assert json.loads(trapgate("events", "search", *DAY, *by, "-o", "json").stdout) == [group]
    assert json.loads(trapgate("events", "search", *DAY, *by, "-o", "jsonl").stdout) == group
    nothing = trapgate("events", "search", *DAY, "--by", "host.name", "host.name:x")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    everything = trapgate("events", "search", *DAY, "--by", "")
    assert everything.stdout.splitlines() == ["COUNT", "60"]


def test_a_wrong_query_is_shown_with_its_place(trapgate: Trapgate, filled: None) -> None:
    result = trapgate("events", "search", "host.name:r1 and event.severty:3")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        'there is no field "event.severty":',
        "    host.name:r1 and event.severty:3",
        "    " + " " * 17 + "^",
        '    did you mean "event.severity"?',
    ]
    lines = trapgate("events", "search", "message:a and\n host:b").stderr.splitlines()
    assert lines[1:3] == ["     host:b", "     ^"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--since", "yesterday"), '--since: "yesterday" is not a time: write 1h30m (ago)'),
        (("--until", "soon"), '--until: "soon" is not a time'),
        (("--since", "1h", "--until", "2h"), "is not before --until 2h ("),
        (("--fields", "host"), 'there is no field "host"; did you mean "host.name"?'),
        (("--by", "nothing"), 'there is no field "nothing"'),
        (("--by", "@timestamp"), 'queries do not ask for "@timestamp"; times are not part'),
        (("message:a", "and", "message:b"), "the whole query in quotes: 'message:a and message:b'"),
        (("--all", "-n", "3"), "--all and --limit exclude each other"),
        (("--by", "host.name", "--fields", "message"), "--by and --fields exclude each other"),
        (("--limit", "0"), "Invalid value for '-n'"),
        (("--url", "router"), '--url: "router" is no URL'),
    ],
)
def test_wrong_usage(options: tuple[str, ...], said: str, trapgate: Trapgate, filled: None) -> None:
    result = trapgate("events", "search", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_duration_may_have_a_minus(trapgate: Trapgate, folder: Path) -> None:
    stored(folder, [event(1, now().wall_ns - 600 * NS_PER_S)])
    assert trapgate("events", "search", "--since", "-1h").exit_code == 0
    assert trapgate("events", "search", "--since", "-1m").exit_code == 1


def test_who_reads_stops_reading(folder: Path) -> None:
    """As `| head -1` does: that is not "nothing found", and nothing to complain of."""
    stored(folder, [event(n) for n in range(1, 500)])  # more than a pipe holds
    command = [sys.executable, "-m", "trapgate", "events", "search", "--all", "-o", "jsonl", *DAY]
    with subprocess.Popen(command, cwd=folder, stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize("by", [(), ("--by", "host.name")])
def test_a_damaged_day_is_said(
    by: tuple[str, ...], trapgate: Trapgate, folder: Path, filled: None
) -> None:
    (folder / "data" / "events" / "events-2026-11-20.sqlite").write_bytes(b"junk" * 4_000)
    both = ("--since", "2026-11-20", "--until", "2026-11-22", "--utc")
    result = trapgate("events", "search", *both, *by)
    assert (result.exit_code, bool(result.stdout)) == (3, True)
    assert result.stderr.splitlines() == [
        "incomplete: events-2026-11-20.sqlite is damaged or set aside: events of it may be missing"
    ]
    assert trapgate("events", "search", *DAY, *by).exit_code == 0


def test_a_folder_without_events(trapgate: Trapgate, folder: Path) -> None:
    result = trapgate("events", "search")
    assert result.exit_code == 4
    assert result.stderr.startswith(str(folder / "data" / "events"))
    assert "--config" in result.stderr
    assert not (folder / "data").exists()


def test_another_configuration(trapgate: Trapgate, folder: Path) -> None:
    stored(folder / "elsewhere", sixty())
    config = folder / "elsewhere" / "trapgate.yml"
    config.write_text("data: ./data\n")
    assert trapgate("events", "search", *DAY, "--config", str(config)).exit_code == 0
    config.write_text("dat: x\n")
    result = trapgate("events", "search", *DAY, "--config", str(config))
    assert result.exit_code == 78
    assert 'did you mean "data"?' in result.stderr


def test_a_store_that_is_written_at_the_same_time(trapgate: Trapgate, folder: Path) -> None:
    from trapgate.store import SqliteEventStore

    store = SqliteEventStore.open(folder / "data" / "events")
    try:
        store.write([event(1, second(1))])
        assert len(trapgate("events", "search", *DAY, "-o", "jsonl").stdout.splitlines()) == 1
        store.write([event(2, second(2))])
        assert len(trapgate("events", "search", *DAY, "-o", "jsonl").stdout.splitlines()) == 2
    finally:
        store.close()


@pytest.mark.parametrize("option", ["--by", "--fields"])
def test_a_field_without_a_name_is_refused(option: str, trapgate: Trapgate, filled: None) -> None:
    result = trapgate("events", "search", option, "host.name,,event.code")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == '"host.name,,event.code": give fields with one comma between them\n'

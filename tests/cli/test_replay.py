"""`trapgate replay`: what the rules make of a night, from the store and from a file."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.conftest import Trapgate
from cli.stored import DAY, second, stored
from store.events import event
from trapgate.model import Event
from trapgate.normalize.stored import stored_document

RULES = """\
groups:
- name: links
  rules:
  - alert: LinkDown
    match: event.code:down
    clear: event.code:up
    by: {device: host.name, interface: interface.name}
    labels: {severity: critical}
    annotations: {summary: "{{ labels.interface }} at {{ labels.device }}"}
"""

CONFIG = """\
rules: {bundled: false, files: [rules.yml]}
"""


def link(n: int, code: str, interface: str = "Gi0/1") -> Event:
    fields = {"interface.name": interface}
    return event(n, second(n), code=code, fields=fields, message=f"{interface} {code}")


NIGHT = [
    link(1, "down"),
    link(2, "hello"),
    link(3, "down"),
    link(4, "down", "Gi0/2"),
    link(70, "up"),
    link(80, "up", "Gi0/3"),
]


@pytest.fixture
def night(folder: Path) -> Path:
    stored(folder, NIGHT)
    (folder / "trapgate.yml").write_text(CONFIG)
    (folder / "rules.yml").write_text(RULES)
    return folder


def written(folder: Path, events: Sequence[Event], name: str = "night.jsonl") -> Path:
    lines = "".join(json.dumps(stored_document(each)) + "\n" for each in events)
    (folder / name).write_text(lines)
    return folder / name


TABLE = [
    "ALERT     FROM                  TO                    EVENTS  LABELS",
    'LinkDown  2026-11-21 00:00:01Z  2026-11-21 00:01:10Z  2       device="router-1", '
    'interface="Gi0/1", severity="critical"',
    'LinkDown  2026-11-21 00:00:04Z  fires                 1       device="router-1", '
    'interface="Gi0/2", severity="critical"',
]
SUMMARY = (
    "6 events, 5 met a rule: 2 raised, 1 repeated, 1 cleared, 1 nothing-to-clear; "
    "1 alert fires at the end. Nobody was told\n"
)


def test_the_stored_night_as_a_table(trapgate: Trapgate, night: Path) -> None:
    result = trapgate("replay", *DAY)
    assert (result.exit_code, result.stdout.splitlines(), result.stderr) == (0, TABLE, SUMMARY)


def test_a_file_as_it_was_exported(trapgate: Trapgate, night: Path) -> None:
    assert trapgate("events", "export", *DAY, "-o", "night.jsonl.gz").exit_code == 0
    result = trapgate("replay", "night.jsonl.gz", "--utc")
    assert (result.exit_code, result.stdout.splitlines(), result.stderr) == (0, TABLE, SUMMARY)
    text = gzip.decompress((night / "night.jsonl.gz").read_bytes())
    assert trapgate("replay", "-", "--utc", stdin=text + b"\n").stdout == result.stdout


def test_as_json(trapgate: Trapgate, night: Path) -> None:
    answer = json.loads(trapgate("replay", *DAY, "-o", "json").stdout)
    assert (answer["events"], answer["met"]) == (6, 5)
    assert answer["decisions"] == {
        "raised": 2, "repeated": 1, "cleared": 1, "nothing-to-clear": 1
    }  # fmt: skip
    first, second_ = answer["alerts"]
    assert first["labels"]["interface"] == "Gi0/1"
    assert first["annotations"] == {"summary": "Gi0/1 at router-1"}
    assert (first["startsAt"], first["endsAt"]) == (
        "2026-11-21T00:00:01.000Z",
        "2026-11-21T00:01:10.000Z",
    )
    assert first["eventIds"] == [NIGHT[n].id for n in (0, 2, 4)]
    assert (first["group"], first["count"]) == ("links", 2)
    assert "endsAt" not in second_


def test_each_event(trapgate: Trapgate, night: Path) -> None:
    lines = trapgate("replay", *DAY, "-o", "each").stdout.splitlines()
    assert [line.split()[2:4] for line in lines[1:]] == [
        ["raised", "LinkDown"],
        ["repeated", "LinkDown"],
        ["raised", "LinkDown"],
        ["cleared", "LinkDown"],
        ["nothing-to-clear", "LinkDown"],
    ]
    found = [json.loads(x) for x in trapgate("replay", *DAY, "-o", "jsonl").stdout.splitlines()]
    assert [each["event"] for each in found] == [NIGHT[n].id for n in (0, 2, 3, 4, 5)]
    assert found[0]["reason"] == "the event met the rule's match"
    assert found[0]["fingerprint"] == found[3]["fingerprint"] != found[2]["fingerprint"]


def test_only_some_of_the_events(trapgate: Trapgate, night: Path) -> None:
    file = str(written(night, NIGHT))
    for source in (DAY, (file, "--utc")):
        query = ("--query", "interface.name:Gi0/2")
        _, row = trapgate("replay", *source, *query).stdout.splitlines()
        assert row.split() == TABLE[2].split()
    since = ("--since", "2026-11-21 00:00:04", "--until", "2026-11-21T00:00:05Z")
    _, row = trapgate("replay", file, "--utc", *since).stdout.splitlines()
    assert row.split() == TABLE[2].split()


def test_rules_that_are_not_configured_yet(trapgate: Trapgate, night: Path) -> None:
    (night / "new.yml").write_text(RULES.replace("LinkDown", "New").replace("down", "hello"))
    result = trapgate("replay", *DAY, "--rules", "new.yml")
    assert result.stdout.splitlines()[1].startswith("New ")
    both = trapgate("replay", *DAY, "--rules", "new.yml", "--rules", "rules.yml")
    assert [line.split()[0] for line in both.stdout.splitlines()[1:]] == [
        "LinkDown", "New", "LinkDown"
    ]  # fmt: skip


def test_no_event_meets_a_rule(trapgate: Trapgate, night: Path) -> None:
    result = trapgate("replay", *DAY, "--query", "event.code:hello")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "1 event, 0 met a rule\n"


def test_rules_that_are_wrong(trapgate: Trapgate, night: Path) -> None:
    (night / "new.yml").write_text(RULES.replace("event.code:up", "event.cod:up"))
    result = trapgate("replay", *DAY, "--rules", "new.yml")
    assert (result.exit_code, result.stdout) == (78, "")
    assert 'new.yml:6:12: error: clear: there is no field "event.cod"' in result.stderr
    missing = trapgate("replay", "--rules", "nowhere.yml")
    assert missing.exit_code == 2
    assert missing.stderr == "--rules nowhere.yml: No such file or directory\n"
    (night / "trapgate.yml").write_text("rules: {files: [new.yml]}\n")
    assert trapgate("replay", *DAY).exit_code == 78


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("junk\n", "line 1 is no event as `trapgate events export` writes it"),
        ("\n{}\n", "line 2 is no event"),
        ("[]\n", "line 1 is no event"),
        ('{"trapgate": {"schema": 99}, "event": {}}\n', "line 1 is no event"),
    ],
)
def test_what_is_no_event(text: str, said: str, trapgate: Trapgate, night: Path) -> None:
    (night / "bad.jsonl").write_text(text)
    result = trapgate("replay", "bad.jsonl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"bad.jsonl: {said}")


@pytest.mark.parametrize("keep", [5, 60, -3])
def test_a_compressed_file_that_is_cut(keep: int, trapgate: Trapgate, night: Path) -> None:
    whole = gzip.compress(written(night, NIGHT).read_bytes())
    (night / "cut.jsonl.gz").write_bytes(whole[:keep])
    result = trapgate("replay", "cut.jsonl.gz")
    assert result.exit_code == 1
    assert "cut.jsonl.gz: line " in result.stderr
    assert "cannot be read" in result.stderr


def test_a_file_that_is_not_there(trapgate: Trapgate, night: Path) -> None:
    result = trapgate("replay", "nowhere.jsonl")
    assert (result.exit_code, result.stderr) == (2, "nowhere.jsonl: No such file or directory\n")


def test_a_file_that_begins_with_the_newest(trapgate: Trapgate, night: Path) -> None:
    file = written(night, NIGHT[::-1])
    result = trapgate("replay", str(file))
    assert result.exit_code == 1
    assert "event 2 (2026-11-21T00:01:10Z) is older than those before it" in result.stderr
    streams = [event(1, second(100), stream="a"), event(1, second(10), stream="b")]
    assert trapgate("replay", str(written(night, streams))).stderr.startswith(f"{file}: event 2")


def test_events_that_a_store_has_in_this_order_are_taken(trapgate: Trapgate, night: Path) -> None:
    """Streams take turns within 10 seconds, and a clock that was set back is no disorder."""
    events = [
        event(9, second(19), stream="a"),
        event(7, second(11), stream="b"),
        event(3, second(20), stream="a"),
    ]
    assert trapgate("replay", str(written(night, events))).stderr.startswith("3 events")


@pytest.mark.parametrize(
    "options",
    [("--community", "x"), ("--send", "h:1", "--rules", "r.yml"), ("--rate", "0"), ("-o", "x")],
)
def test_wrong_usage(options: tuple[str, ...], trapgate: Trapgate, night: Path) -> None:
    assert trapgate("replay", *options).exit_code == 2
    assert trapgate("replay", "--query", "host:x").exit_code == 2
    assert trapgate("replay", "--since", "soon").exit_code == 2

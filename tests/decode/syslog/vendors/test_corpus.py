"""The lines of every vendor, as its documentation has them, and what events they become.

`NAME.txt` holds lines that we wrote, `golden/NAME.json` the event of each, one a line. The lines
are decoded with mutations too: what a relay, another clock or a missing header changes is the
header's, never what the body says.
"""

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from decode.syslog.bundled import DIALECTS, PROBLEMS
from decode.syslog.lines import RECEIVED, datagram
from golden import Golden
from trapgate.decode.syslog import SyslogDecoder
from trapgate.model import Event, Now, Position, SyslogMessage, parse_rfc3339
from trapgate.normalize.document import document
from trapgate.normalize.sources import Sources
from trapgate.normalize.syslog import SyslogNormalizer
from trapgate.query import field_problem

FILES = sorted(Path(__file__).parent.glob("*.txt"))
LINES = [line for path in FILES for line in path.read_text().splitlines()]
DECODER = SyslogDecoder(lambda address: UTC, DIALECTS)
NORMALIZER = SyslogNormalizer(Sources(()))
NOW = Now(parse_rfc3339(RECEIVED), 0)


def event_of(line: str) -> Event:
    one = datagram(line.encode())
    message = DECODER.decode(one, NOW).messages[0]
    assert isinstance(message, SyslogMessage)
    return NORMALIZER.event(message, one, event_id="e1", position=Position("raw", 1))


def shown(line: str) -> str:
    """The event as `trapgate decode syslog` prints it, without what is the same for all."""
    text = msgspec.json.encode(document(event_of(line)))
    whole = msgspec.json.decode(text, type=dict[str, object])
    for name in ("ecs", "source"):
        whole.pop(name)
    event = whole["event"]
    assert isinstance(event, dict)
    for name in ("id", "kind", "category", "type", "module", "dataset", "created", "original"):
        event.pop(name)
    return msgspec.json.encode(whole).decode()


def test_the_bundled_dialects_have_no_problems() -> None:
    assert PROBLEMS == ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lines_become_these_events(path: Path, golden: Golden) -> None:
    events = "".join(f"{shown(line)}\n" for line in path.read_text().splitlines())
    golden.check(f"{path.stem}.json", events)


@pytest.mark.parametrize("line", LINES)
def test_every_field_can_be_asked_for(line: str) -> None:
    """A field that no query knows could be in no rule."""
    assert [name for name in event_of(line).fields if field_problem(name)] == []


def body_of(line: str) -> tuple[str, str, Mapping[str, object]]:
    """What the body says: whatever the header was, this stays."""
    event = event_of(line)
    ours = ("bgp.", "ospf.", "interface.", "client.", "server.", "user.", "psu.", "fan.")
    fields = {k: v for k, v in event.fields.items() if k.startswith(ours)}
    return event.code, str(event.fields.get("event.provider")), fields


CISCO = (Path(__file__).parent / "cisco-ios.txt").read_text().splitlines()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "<189>",
        "<189>Jul  1 01:00:40 192.0.2.8 ",
        "<189>7: ",
        "<189>7: r9: ",
        "<189>7: r9: 000009: *Jul  1 2026 01:00:40.123 NZST: ",
        "<189>2026-07-01T01:00:40.5+13:45 r9 ",
        "<189>1 2026-07-01T01:00:40Z r9 - - - - ",
        "<189>Jul  1 01:00:40 r9 : ",
    ],
)
@pytest.mark.parametrize("line", CISCO)
def test_the_header_changes_nothing_of_the_body(line: str, header: str) -> None:
    text = line[line.index("%") :]
    assert body_of(header + text) == body_of(line)


STATES = {
    "interface.state": "interface.name",
    "bgp.state": "bgp.neighbor",
    "ospf.state": "ospf.neighbor",
}


@pytest.mark.parametrize("line", LINES)
def test_states_are_the_same_words_for_all(line: str) -> None:
    fields = event_of(line).fields
    for state, name in STATES.items():
        if state in fields:
            assert fields[state] in ("up", "down", "administratively down")
            assert fields.get(name), f"whose {state}?"


def systems_with(field: str) -> set[str]:
    lines = [(path.stem, line) for path in FILES for line in path.read_text().splitlines()]
    return {system for system, line in lines if field in event_of(line).fields}


def test_most_systems_tell_of_links_and_of_neighbours() -> None:
    assert len(systems_with("interface.state")) >= 18
    assert len(systems_with("bgp.state")) >= 9

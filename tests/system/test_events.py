"""The stored events of a running trapgate on the command line, and what a replay makes of them."""

import json
import random
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from system.running import COMMUNITY, Trapgate, command, eventually

pytestmark = pytest.mark.real

PORTS = 5
LINES = 60


def sent(trapgate: Trapgate, seed: int) -> None:
    """Links that go up and down in some order, until all of it is stored and judged."""
    chosen = random.Random(seed)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for number in range(LINES):
            port, state = chosen.randrange(PORTS), chosen.choice(["up", "down"])
            text = f"%LINK-3-UPDOWN: Interface Gi0/{port}, changed state to {state}"
            sock.sendto(f"<187>{number}: r1: {text}".encode(), ("127.0.0.1", trapgate.syslog))
    trapgate.await_accounted(LINES)
    eventually(
        lambda: trapgate.get("/api/v1/events/count")["groups"] == [{"by": {}, "count": LINES}],
        "all are stored",
    )
    eventually(
        lambda: trapgate.counted("trapgate_rules_decisions_total") == LINES, "all are judged"
    )


def cli(trapgate: Trapgate, *arguments: str) -> str:
    result = command(*arguments, cwd=trapgate.folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


def decided(trapgate: Trapgate) -> Mapping[str, int]:
    verdicts = ("raised", "repeated", "cleared", "nothing-to-clear")
    name = "trapgate_rules_decisions_total"
    counts = {verdict: trapgate.counted(name, verdict=verdict) for verdict in verdicts}
    return {verdict: count for verdict, count in counts.items() if count}


def fires(alerts: list[Mapping[str, Any]]) -> set[str]:
    return {alert["fingerprint"] for alert in alerts}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_replay_decides_as_the_night_did(trapgate: Trapgate, seed: int) -> None:
    """From the store while trapgate runs, over its API, and from a file when it has ended."""
    sent(trapgate, seed)
    verdicts, alerts = decided(trapgate), fires(trapgate.alerts())
    (trapgate.folder / "e.jsonl.gz").unlink(missing_ok=True)
    cli(trapgate, "trapgate", "events", "export", "-o", "e.jsonl.gz")
    sources = [(), ("--url", trapgate.url), ("e.jsonl.gz",)]
    answers = [json.loads(cli(trapgate, "trapgate", "replay", "-o", "json", *s)) for s in sources]
    assert answers[1:] == answers[:1] * 2
    assert answers[0]["decisions"] == verdicts
    assert fires([each for each in answers[0]["alerts"] if "endsAt" not in each]) == alerts
    trapgate.stop()
    assert json.loads(cli(trapgate, "trapgate", "replay", "-o", "json")) == answers[0]


def test_datagrams_are_sent_again(trapgate: Trapgate) -> None:
    send = ("send", "trap", "linkDown", "-c", COMMUNITY)
    cli(trapgate, "trapgate", *send, "--to", f"127.0.0.1:{trapgate.snmp}")
    first = trapgate.event('event.code:"IF-MIB::linkDown"')
    replay = ("replay", "--send", f"127.0.0.1:{trapgate.snmp}", "--community", COMMUNITY)
    cli(trapgate, "trapgate", *replay, "--query", f"event.id:{first['event']['id']}")
    trapgate.await_accounted(2)
    shown = cli(trapgate, "trapgate", "events", "search", "-o", "jsonl")
    originals = {json.loads(line)["event"]["original"] for line in shown.splitlines()}
    assert originals == {first["event"]["original"]}

"""`trapgate replay --send`: what was received is received again, byte for byte where it can be."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cli.conftest import Trapgate
from cli.stored import DAY, stored
from store.events import event
from trapgate.cli import resend
from trapgate.cli.resend import CUT, NO_BYTES, NO_COMMUNITY, datagram_of, paced
from trapgate.decode.snmp.envelope import open_envelope
from trapgate.model import Dataset, Event

TRAP = bytes.fromhex(
    "305402010104067075626c6963a74702030d5fd1020100020100303a300e06082b06010201010300"
    "430212673017060a2b06010603010104010006092b0601060301010503300f060a2b060102010202"
    "010103020103"
)
"""A v2c linkDown of ifIndex.3, community public."""

MASKED = TRAP.replace(b"public", b"******")
LINE = b"<189>1: r1: %SYS-5-CONFIG_I: Configured"


def kept(n: int, raw: bytes, kind: Dataset = "snmp.trap", size: int | None = None) -> Event:
    fields = {} if size is None else {"event.raw_bytes": size}
    return msgspec.structs.replace(event(n, fields=fields), raw=raw, kind=kind)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
        yield sock


def target(sock: socket.socket) -> str:
    return f"127.0.0.1:{sock.getsockname()[1]}"


def test_the_community_is_put_in_again() -> None:
    assert datagram_of(kept(1, MASKED), "public") == TRAP
    longer = datagram_of(kept(1, MASKED), "c" * 200)
    assert isinstance(longer, bytes)
    envelope = open_envelope(longer)
    assert (envelope.community, envelope.problem) == (b"c" * 200, None)
    assert longer[envelope.pdu :] == TRAP[-len(longer[envelope.pdu :]) :]


def test_a_line_and_a_v3_message_go_as_they_came() -> None:
    v3 = bytes.fromhex("3006020103300104")
    for raw, kind in ((LINE, "syslog.network"), (v3, "snmp.trap"), (b"junk", "snmp.trap")):
        assert datagram_of(kept(1, raw, kind), None) == raw  # type: ignore[arg-type]


def test_what_cannot_be_sent() -> None:
    assert datagram_of(kept(1, b""), "public") == NO_BYTES
    assert datagram_of(kept(1, LINE, "syslog.network", size=9_000), None) == CUT
    assert datagram_of(kept(1, MASKED), None) == NO_COMMUNITY


def test_the_night_is_sent_again(trapgate: Trapgate, folder: Path, listener: socket.socket) -> None:
    stored(folder, [kept(1, MASKED), kept(2, LINE, "syslog.network"), kept(3, b"")])
    to = target(listener)
    result = trapgate("replay", *DAY, "--send", to, "--community", "public", "--rate", "1000")
    assert (result.exit_code, result.stdout) == (3, f"sent 2 datagrams to {to}\n")
    assert result.stderr == "not sent: 1 made by trapgate, not received\n"
    assert [listener.recv(65_535) for _ in range(2)] == [TRAP, LINE]


def test_a_file_is_sent_too(trapgate: Trapgate, folder: Path, listener: socket.socket) -> None:
    from trapgate.normalize.stored import stored_document

    lines = [stored_document(kept(n, LINE + b"%d" % n, "syslog.network")) for n in (1, 2)]
    (folder / "e.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = trapgate(
        "replay", "e.jsonl", "--query", "event.dataset:syslog.network", "--send", target(listener)
    )
    assert result.exit_code == 0
    assert [listener.recv(65_535) for _ in range(2)] == [LINE + b"1", LINE + b"2"]


def test_nothing_to_send_and_nobody_there(trapgate: Trapgate, folder: Path) -> None:
    stored(folder, [kept(1, MASKED)])
    none = trapgate("replay", *DAY, "--send", "127.0.0.1:9")
    assert (none.exit_code, none.stdout) == (1, "sent 0 datagrams to 127.0.0.1:9\n")
    assert none.stderr == "not sent: 1 whose community is not kept (--community)\n"
    assert trapgate("replay", *DAY, "--send", "nowhere").exit_code == 2
    stored(folder, [kept(n, LINE, "syslog.network") for n in range(2, 60)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        closed = target(sock)
    refused = trapgate("replay", *DAY, "--send", closed, "--rate", "10000")
    assert (refused.exit_code, refused.stderr) == (1, f"nobody listens at {closed}\n")


def test_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        at = 100.0

        def monotonic(self) -> float:
            return self.at

        def sleep(self, seconds: float) -> None:
            self.at += seconds

    clock = Clock()
    monkeypatch.setattr(resend, "time", clock)
    assert list(paced(iter([b"a"] * 11), 2.0)) == [b"a"] * 11
    assert clock.at == pytest.approx(105.0)

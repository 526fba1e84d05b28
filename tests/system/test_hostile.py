"""Input that is broken or not allowed: counted, kept or refused, and nothing else happens."""

import random
from collections.abc import Iterator

import pytest

from system.running import COMMUNITY, Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook
from trapgate.model import Event
from trapgate.model.event import RAW_BYTES_MAX

pytestmark = pytest.mark.real

WRONG = "wr0ng-c0mmunity"

UDP_PAYLOAD_BYTES_MAX = 65_507

MALFORMED = {
    "truncated": link_trap(1)[:-20],
    "empty": b"",
    "not-ber": random.Random(8).randbytes(200),
    "not-ber of the largest size": b"\xff" * UDP_PAYLOAD_BYTES_MAX,
    "not-snmp": b"\x30\x03\x02\x01\x01",
    "unsupported-version": link_trap(1).replace(b"\x02\x01\x01", b"\x02\x01\x09", 1),
}


@pytest.fixture
def device(shared_trapgate: Trapgate) -> Iterator[Sender]:
    with Sender(shared_trapgate.snmp) as sender:
        yield sender


def newest_sequence(trapgate: Trapgate) -> int:
    return max((event.position.sequence for event in trapgate.stored_events()), default=0)


def await_event(trapgate: Trapgate, after: int) -> Event:
    def newest() -> Event | None:
        found = [e for e in trapgate.stored_events() if e.position.sequence > after]
        return found[0] if found else None

    found = eventually(newest, "an event")
    assert found is not None
    return found


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_datagram_is_counted_and_kept_with_its_reason(
    name: str, shared_trapgate: Trapgate, shared_webhook: Webhook, device: Sender
) -> None:
    trapgate, data, reason = shared_trapgate, MALFORMED[name], name.split(maxsplit=1)[0]
    processes, before, accounted = (
        set(trapgate.children()),
        newest_sequence(trapgate),
        trapgate.accounted(),
    )
    counter = "trapgate_ingest_datagrams_total"
    counted = trapgate.counted(counter, outcome="malformed", reason=reason)

    device.send(data)
    event = await_event(trapgate, before)
    assert event.fields["event.reason"] == reason
    assert [problem.code for problem in event.problems] == [reason]
    assert event.raw == data.replace(b"public", b"******")[:RAW_BYTES_MAX]
    assert event.fields["event.raw_bytes"] == len(data)
    assert event.source.address == "127.0.0.1"
    eventually(
        lambda: trapgate.counted(counter, outcome="malformed", reason=reason) == counted + 1,
        "counted",
    )

    index = 100 + list(MALFORMED).index(name)
    device.send(link_trap(index))
    shared_webhook.await_statuses(interface(index), "firing")
    trapgate.await_accounted(accounted + 2)
    assert set(trapgate.children()) == processes


def test_a_trap_cut_at_every_byte(shared_trapgate: Trapgate, device: Sender) -> None:
    trapgate, whole = shared_trapgate, link_trap(200, community=COMMUNITY)
    processes, before, kept = set(trapgate.children()), trapgate.accounted(), trapgate.kept()
    cuts = [whole[:size] for size in range(1, len(whole) + 1)]
    device.send_all(cuts)
    trapgate.await_accounted(before + len(cuts))
    assert trapgate.kept() == kept + len(cuts)
    assert len(trapgate.stored_events()) == trapgate.kept()
    assert set(trapgate.children()) == processes


@pytest.mark.parametrize("protocol", ["snmp", "syslog"])
def test_noise_on_every_port(protocol: str, shared_trapgate: Trapgate) -> None:
    trapgate, noise = shared_trapgate, random.Random(protocol)
    datagrams = [noise.randbytes(noise.randint(0, 300)) for _ in range(300)]
    processes, before = set(trapgate.children()), trapgate.accounted()
    with Sender(trapgate.snmp if protocol == "snmp" else trapgate.syslog) as sender:
        sender.send_all(datagrams)
    trapgate.await_accounted(before + len(datagrams))
    assert set(trapgate.children()) == processes
    assert trapgate.counted("trapgate_ingest_failures_total") == 0


def test_a_wrong_community_is_counted_and_leaves_no_event(
    shared_trapgate: Trapgate, device: Sender
) -> None:
    trapgate, denied = shared_trapgate, "trapgate_ingest_datagrams_total"
    before, kept = trapgate.counted(denied, outcome="community-denied"), trapgate.kept()
    device.send(link_trap(201, community=WRONG))
    eventually(
        lambda: trapgate.counted(denied, outcome="community-denied") == before + 1, "counted"
    )
    assert trapgate.kept() == kept
    assert len(trapgate.stored_events()) == kept


def test_a_source_that_is_not_allowed_is_counted_and_leaves_nothing(
    shared_trapgate: Trapgate,
) -> None:
    trapgate, dropped = shared_trapgate, "trapgate_listen_dropped_total"
    kept, accounted = trapgate.kept(), trapgate.accounted()
    with Sender(trapgate.closed) as sender:
        sender.send(link_trap(202))
    eventually(lambda: trapgate.counted(dropped, reason="source-denied") == 1, "counted")
    assert (trapgate.kept(), trapgate.accounted()) == (kept, accounted + 1)


def with_length(message: bytes, change: int) -> bytes:
    """The message with another length than it has, at its outermost."""
    at = 2 if message[1] & 0x80 else 1
    return message[:at] + bytes((message[at] + change,)) + message[at + 1 :]


def test_communities_stay_in_the_raw_spool(shared_trapgate: Trapgate, device: Sender) -> None:
    """Neither a wrong nor a right one shows anywhere, also not of traps that are broken."""
    trapgate = shared_trapgate
    good, accounted = link_trap(203, community=COMMUNITY), trapgate.accounted()
    wrong = link_trap(203, community=WRONG)
    broken = [data[:-3] for data in (good, wrong)]
    broken += [with_length(data, change) for data in (good, wrong) for change in (-3, 3)]
    device.send(good, wrong, *broken)
    trapgate.await_accounted(accounted + 2 + len(broken))

    shown = [
        trapgate.text("/metrics"),
        trapgate.text("/api/v1/events?limit=1000"),
        trapgate.text("/api/v1/decisions?limit=1000"),
        trapgate.text("/api/v2/status"),
        trapgate.text_of("stdout"),
        trapgate.text_of("stderr"),
    ]
    texts = [text.encode() for text in shown]
    spool, configuration = trapgate.layout.raw_spool, trapgate.layout.bundle
    files = [path for path in trapgate.data_files() if spool not in path.parents]
    files.remove(configuration)
    assert any("events-" in path.name for path in files)
    texts += [path.read_bytes() for path in files]
    for secret in (COMMUNITY, WRONG):
        for form in (secret.encode(), secret.encode().hex().encode()):
            assert not any(form in text for text in texts), secret
    for path in (*spool.iterdir(), configuration):
        assert path.stat().st_mode & 0o077 == 0, path

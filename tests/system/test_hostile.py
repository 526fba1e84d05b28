"""Input that is broken or not allowed: counted, kept or refused, and nothing else happens."""

import random
from collections.abc import Iterator

import httpx
import pytest

from decode.snmp.wire import header, integer, message, notification, tlv, v2c, varbind
from system.running import COMMUNITY, Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook
from trapgate.model import Event
from trapgate.model.event import RAW_BYTES_MAX

pytestmark = pytest.mark.real

WRONG = "wr0ng-c0mmunity"

UDP_PAYLOAD_BYTES_MAX = 65_507

IF_MTU = "1.3.6.1.2.1.2.2.1.4"

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


SCRIPTS = [
    "<script>alert(document.domain)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg/onload=alert(1)>",
    "{{ ''.__class__.__mro__ }}{% for x in range(10**9) %}x{% endfor %}",
    "\x1b]0;owned\x07\x1b[2J\u202egnp.exe",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_cve_2016_6555(text: str, shared_trapgate: Trapgate, device: Sender) -> None:
    """OpenNMS (also NMS-14877), LibreNMS (#14657) and Cacti (#2581) showed a trap's texts in their
    pages as HTML. The API answers with JSON that no browser takes for a page, the text is data in
    it, and what would move a terminal's cursor is an escape. So is the text of an alert."""
    trapgate, index = shared_trapgate, 300 + SCRIPTS.index(text)
    accounted = trapgate.accounted()
    name = f"{text} {index}"
    link = varbind(f"1.3.6.1.2.1.2.2.1.1.{index}", integer(index))
    described = varbind(f"1.3.6.1.2.1.2.2.1.2.{index}", tlv(0x04, name.encode()))
    device.send(v2c(link, described))
    shown = name if name.isprintable() else r"\x1b]0;owned\x07\x1b[2J\u202egnp.exe " + str(index)
    query = f'event.code:"IF-MIB::linkDown" and snmp.vb.ifIndex:{index}'
    event = trapgate.event(query)
    assert event["interface"]["name"] == shown
    alerts = eventually(
        lambda: [a for a in trapgate.alerts() if a["labels"].get("interface") == shown], "an alert"
    )
    assert shown in alerts[0]["annotations"]["summary"]
    for path in ("/api/v1/events", "/api/v2/alerts"):
        answer = httpx.get(trapgate.url + path, trust_env=False)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not any(ord(character) < 0x20 for character in answer.text.rstrip("\n"))
    trapgate.await_accounted(accounted + 1)


def test_cve_2020_24361(shared_trapgate: Trapgate, device: Sender) -> None:
    """SNMPTT put texts of traps into the command lines of its EXEC handlers. No text of a trap is
    part of any command here: there are none."""
    trapgate = shared_trapgate
    canary = trapgate.folder / "canary"
    texts = [form.format(canary) for form in ("$(touch {})", "`touch {}`", "; touch {} #")]
    accounted, processes = trapgate.accounted(), set(trapgate.children())
    for number, text in enumerate(texts, start=400):
        described = varbind(f"1.3.6.1.2.1.2.2.1.2.{number}", tlv(0x04, text.encode()))
        device.send(v2c(described))
    trapgate.await_accounted(accounted + len(texts))
    for text in texts:
        trapgate.event(f'interface.name:"{text}"')
    assert not canary.exists()
    assert set(trapgate.children()) == processes


@pytest.mark.parametrize("tag", [0x05, 0x80, 0x81, 0x82])
def test_ghsa_w26p_786m_5h86(tag: int, shared_trapgate: Trapgate, device: Sender) -> None:
    """snmptrapd crashed over an ifMtu without a value, which its MIB says is a number. It is shown
    as what came, and the next trap is fine."""
    trapgate, before = shared_trapgate, newest_sequence(shared_trapgate)
    accounted = trapgate.accounted()
    request = integer(500_000 + tag)
    device.send(
        message(notification(header(), varbind(f"{IF_MTU}.1", tlv(tag)), request_id=request))
    )
    event = await_event(trapgate, before)
    assert event.code == "IF-MIB::linkDown"
    assert event.fields["snmp.vb.ifMtu"] in (
        "null",
        "no-such-object",
        "no-such-instance",
        "end-of-mib-view",
    )
    before = event.position.sequence
    device.send(link_trap(500 + tag))
    assert await_event(trapgate, before).fields["interface.name"] == interface(500 + tag)
    trapgate.await_accounted(accounted + 2)

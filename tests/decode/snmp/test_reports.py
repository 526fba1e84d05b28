"""What is sent back, and to whom nothing is."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from pyasn1.codec.ber import decoder as ber_decoder
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message

from decode.snmp.peer import (
    ENGINE_ID,
    INFORM,
    OWN,
    PRIVACY_OIDS,
    PRIVACY_SERVICES,
    PROBE,
    TRAP,
    Peer,
    auth_key,
    decoder,
    digest,
    entry,
    privacy_key,
    received,
    trap_of,
    verdict,
)
from decode.snmp.wire import NOW, header, notification, tlv
from trapgate.decode.snmp import OwnEngine, SnmpDecoder
from trapgate.decode.snmp.reports import (
    BURST_S,
    REPORT_GROWTH_BYTES_MAX,
    REPORTS_PER_S,
    REPORTS_PER_SOURCE_PER_S,
    SOURCES_MAX,
    ReportBudget,
)
from trapgate.decode.snmp.v3 import read_message
from trapgate.model import NS_PER_S, Decoded

SENDER = Peer(engine_id=OWN.engine_id, boots=OWN.boots, time=1_000)
DISCOVERY = Peer(user=b"", engine_id=b"", boots=0, time=0)
STATS = "1.3.6.1.6.3.15.1.1"

replace = msgspec.structs.replace


def answered(data: bytes, into: SnmpDecoder | None = None, **where: Any) -> Decoded:
    return (into or decoder()).decode(received(data, **where), NOW)


def scoped_of(reply: bytes, peer: Peer = SENDER) -> Any:
    """The scopedPDU of an answer, as pysnmp reads and decrypts it; its digest must be right."""
    message = read_message(reply)
    if message.rank:
        at = message.digest_at
        zeroed = reply[:at] + bytes(len(message.digest)) + reply[at + len(message.digest) :]
        key = auth_key(peer.auth, peer.auth_passphrase, peer.engine_id)
        assert digest(peer.auth, key, zeroed) == message.digest
    outer, rest = ber_decoder.decode(reply, asn1Spec=SNMPv3Message())
    assert not rest
    if message.rank < 2:
        return outer[3][0]
    service = PRIVACY_SERVICES[PRIVACY_OIDS[peer.privacy]]
    key = privacy_key(peer.auth, peer.privacy, peer.privacy_passphrase, peer.engine_id)
    salt = type(outer[2])(message.salt)
    plain = service.decrypt_data(key, (message.boots, message.time, salt), outer[3][1])
    return ber_decoder.decode(bytes(plain), asn1Spec=ScopedPDU())[0]


def counter(decoded: Decoded) -> str | None:
    """The name of the counter that the Report tells, if one is sent."""
    if not decoded.replies:
        return None
    (reply,) = decoded.replies
    pdu = scoped_of(reply.data)[2].getComponent()
    assert type(pdu).__name__ == "ReportPDU"
    ((name, value),) = [(str(pair[0]), pair[1]) for pair in pdu[3]]
    assert int(value.getComponent().getComponent().getComponent()) >= 1
    return name


@pytest.mark.parametrize("flags", [5, 7])
def test_an_inform_is_answered_as_secure_as_it_was(flags: int) -> None:
    ours = decoder(entry(level="authNoPriv"))
    data = SENDER.message(INFORM, flags=flags, message_id=4711)
    decoded = answered(data, ours)
    assert verdict(decoded) == "stored"
    assert trap_of(decoded).pdu_type == "inform"
    (reply,) = decoded.replies
    request, answer = read_message(data), read_message(reply.data)
    assert answer.flags == flags & 3
    assert (answer.engine_id, answer.boots, answer.user) == (OWN.engine_id, OWN.boots, b"noc")
    assert answer.time == 1_000
    ids = [ber_decoder.decode(d, asn1Spec=SNMPv3Message())[0][1][0] for d in (data, reply.data)]
    assert ids == [4711, 4711]
    assert len(reply.data) <= len(data) + 8
    assert request.rank == answer.rank
    scoped = scoped_of(reply.data)
    assert bytes(scoped[1]) == b"ctx"
    pdu = scoped[2].getComponent()
    assert type(pdu).__name__ == "ResponsePDU"
    assert [int(pdu[at]) for at in range(3)] == [7, 0, 0]
    assert len(pdu[3]) == 3
    assert (reply.peer, reply.listener) == (received(data).peer, "traps")


def test_an_inform_that_is_sent_again_is_answered_again() -> None:
    ours = decoder()
    data = SENDER.message(INFORM, flags=7)
    first = answered(data, ours)
    again = answered(data, ours, after_s=2)
    assert (verdict(first), verdict(again)) == ("stored", "duplicate/replayed")
    assert len(again.replies) == 1
    encrypted_anew = answered(SENDER.message(INFORM, flags=7, message_id=78), ours, after_s=3)
    assert encrypted_anew.identity == first.identity
    assert len(encrypted_anew.replies) == 1


def test_decoding_again_answers_with_the_same_bytes() -> None:
    data = SENDER.message(INFORM, flags=7)
    assert answered(data).replies == answered(data).replies


def test_an_inform_that_cannot_be_decoded_is_never_answered() -> None:
    ours = decoder()
    data = SENDER.message(tlv(0xA6, header()), flags=7)
    for _ in range(2):
        decoded = answered(data, ours)
        assert verdict(decoded) == "malformed/bad-pdu"
        assert decoded.replies == ()


@pytest.mark.parametrize(
    ("peer", "flags", "expected", "reason"),
    [
        (DISCOVERY, 4, 4, "discovery"),
        (Peer(user=b"noc", engine_id=b""), 4, 4, "discovery"),
        (Peer(user=b"", engine_id=bytes(5)), 4, 4, "discovery"),
        (Peer(engine_id=b"\x80abc"), 7, 4, "bad-engine-id"),
        (Peer(engine_id=b"\x80another"), 7, 4, "not-own-engine"),
        (Peer(engine_id=b"\x80another", user=b"nobody"), 7, 4, "unknown-user"),
        (replace(SENDER, user=b"nobody"), 7, 3, "unknown-user"),
        (SENDER, 5, 1, "unsupported-security-level"),
        (SENDER, 4, 1, "unsupported-security-level"),
        (replace(SENDER, auth_passphrase="something else"), 7, 5, "wrong-digest"),
        (replace(SENDER, privacy_passphrase="something else"), 7, 6, "decryption-error"),
        (replace(SENDER, time=0), 7, 2, "not-in-time-window"),
        (replace(SENDER, time=1_151), 7, 2, "not-in-time-window"),
        (replace(SENDER, time=849), 7, 2, "not-in-time-window"),
        (replace(SENDER, boots=OWN.boots - 1), 7, 2, "not-in-time-window"),
        (replace(SENDER, boots=OWN.boots + 1), 7, 2, "not-in-time-window"),
    ],
)
def test_what_a_sender_of_informs_is_told(
    peer: Peer, flags: int, expected: int, reason: str
) -> None:
    pdu = PROBE if peer.user == b"" else INFORM
    data = peer.message(pdu, flags=flags)
    decoded = answered(data)
    assert verdict(decoded) == f"usm/{reason}"
    assert counter(decoded) == f"{STATS}.{expected}.0"
    message = read_message(decoded.replies[0].data)
    assert (message.engine_id, message.boots, message.time) == (OWN.engine_id, OWN.boots, 1_000)
    assert message.rank == (1 if reason == "not-in-time-window" else 0)
    assert len(decoded.replies[0].data) <= len(data) + REPORT_GROWTH_BYTES_MAX


@pytest.mark.parametrize(
    "peer",
    [
        DISCOVERY,
        Peer(engine_id=b"\x80another"),
        replace(SENDER, user=b"nobody"),
        replace(SENDER, auth_passphrase="something else"),
        replace(SENDER, time=0),
    ],
)
@pytest.mark.parametrize(
    "silent",
    [
        lambda peer: answered(peer.message(INFORM, flags=3 if peer.user else 0)),
        lambda peer: answered(peer.message(TRAP, flags=4)),
        lambda peer: answered(peer.message(INFORM, flags=4), decoder(own=None)),
        lambda peer: answered(peer.message(INFORM, flags=4), decoder(discovery=False)),
        lambda peer: answered(peer.message(INFORM, flags=4), address="203.0.113.9"),
        lambda peer: answered(peer.message(tlv(0xA2, PROBE[2:]), flags=4)),
        lambda peer: answered(peer.message(flags=4, scoped=tlv(0x30, PROBE))),
    ],
    ids=["flag", "trap", "no-engine", "off", "stranger", "response", "no-context"],
)
def test_when_nothing_is_sent_back(peer: Peer, silent: Callable[[Peer], Decoded]) -> None:
    decoded = silent(peer)
    assert not decoded.messages
    assert decoded.replies == ()


def test_a_report_is_hardly_larger_than_its_request() -> None:
    """The longest engine ID fits the smallest real probe, and not what is smaller still."""
    long_id = OwnEngine(b"\x80" * 32, 2**31 - 2, NOW.wall_ns - 2**30 * NS_PER_S)
    probe = DISCOVERY.message(PROBE, flags=4)
    (reply,) = answered(probe, decoder(own=long_id)).replies
    assert len(reply.data) <= len(probe) + REPORT_GROWTH_BYTES_MAX
    cut = tlv(0xA0)
    tiny = DISCOVERY.message(flags=4, message_id=1, scoped=tlv(0x30, tlv(4), tlv(4), cut))
    assert answered(tiny, decoder(own=long_id)).replies == ()
    assert len(answered(tiny).replies) == 1


def test_what_was_received_before_our_start_has_the_clock_of_before() -> None:
    started = replace(
        OWN, boots=8, started_at=NOW.wall_ns + 60 * NS_PER_S, previous_started_at=OWN.started_at
    )
    data = SENDER.message(INFORM, flags=7)
    assert verdict(answered(data, decoder(own=started))) == "stored"
    assert verdict(answered(data, decoder(own=started), after_s=61)) == "usm/not-in-time-window"
    unknown = replace(started, previous_started_at=None)
    assert verdict(answered(data, decoder(own=unknown))) == "usm/not-in-time-window"


def test_a_pinned_user_may_send_informs() -> None:
    ours = decoder(entry(engines="pinned", engine_ids=(ENGINE_ID.hex(),)))
    assert verdict(answered(SENDER.message(INFORM, flags=7), ours)) == "stored"
    assert ours.restored(ours.saved()).saved() == ours.saved()


def test_reports_are_rationed_by_source_and_in_all() -> None:
    budget = ReportBudget()
    burst = REPORTS_PER_SOURCE_PER_S * BURST_S
    sent = [budget.spend(4, "10.0.0.7", 0) for _ in range(burst + 5)]
    assert sent == [*range(1, burst + 1), *[None] * 5]
    assert budget.spend(4, "10.0.0.7", NS_PER_S // REPORTS_PER_SOURCE_PER_S) == burst + 1
    budget = ReportBudget()
    sent = [budget.spend(4, f"10.0.{n >> 8}.{n & 255}", 0) for n in range(REPORTS_PER_S * 3)]
    assert sum(value is not None for value in sent) == REPORTS_PER_S * BURST_S
    budget = ReportBudget()
    for number in range(SOURCES_MAX * 2):
        budget.spend(4, str(number), number * NS_PER_S)
    assert len(budget._sources) == SOURCES_MAX


def test_a_flood_of_probes_is_answered_in_part() -> None:
    ours = decoder()
    data = DISCOVERY.message(PROBE, flags=4)
    answers = [answered(data, ours).replies for _ in range(100)]
    assert sum(map(len, answers)) == REPORTS_PER_SOURCE_PER_S * BURST_S


def test_a_large_inform_is_answered_whole() -> None:
    many = notification(
        header(), *[tlv(0x30, tlv(6, b"\x2b\x06"), tlv(4, b"x" * 200))] * 20, tag=0xA6
    )
    (reply,) = answered(SENDER.message(many, flags=7)).replies
    assert len(scoped_of(reply.data)[2].getComponent()[3]) == 22


def test_a_report_has_the_request_id_if_it_can_be_seen() -> None:
    for flags, request_id in ((4, 9), (7, 0)):
        peer = DISCOVERY if flags == 4 else Peer(engine_id=b"\x80another")
        (reply,) = answered(peer.message(PROBE, flags=flags)).replies
        assert int(scoped_of(reply.data)[2].getComponent()[0]) == request_id

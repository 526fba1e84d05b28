"""What becomes of an SNMPv3 message. Numbers in brackets are the pitfalls of pysnmp's receiver
(pysnmp 7.1) that a test keeps us out of."""

from random import Random

import msgspec
import pytest

from decode.snmp.peer import (
    AUTH_OIDS,
    ENGINE_ID,
    IF_INDEX,
    INFORM,
    OWN,
    PRIVACY_OIDS,
    TRAP,
    Peer,
    decoder,
    entry,
    received,
    trap_of,
    verdict,
)
from decode.snmp.wire import LINK_DOWN, NOW, header, integer, notification, tlv, v2c, varbind
from trapgate.config import Cidr
from trapgate.decode.snmp import REFUSAL_TEXTS, EngineMemory, SnmpDecoder, SnmpSettings
from trapgate.model import Decoded, Outcome

FLIPS = 600  # of the 1,700 bits of a message: the suite stays quick

replace = msgspec.structs.replace


def outcome(data: bytes, into: SnmpDecoder | None = None, after_s: float = 0) -> str:
    return verdict((into or decoder()).decode(received(data, after_s), NOW))


@pytest.mark.parametrize("privacy", ["none", *PRIVACY_OIDS])
@pytest.mark.parametrize("auth", AUTH_OIDS)
def test_every_pair_of_algorithms(auth: str, privacy: str) -> None:
    secret = None if privacy == "none" else "encrypt me too"
    user = entry(auth=auth, privacy=privacy, privacy_passphrase=secret)
    decoded = decoder(user).decode(received(Peer(auth=auth, privacy=privacy).message()), NOW)
    assert verdict(decoded) == "stored"
    trap = trap_of(decoded)
    assert (trap.version, trap.pdu_type, trap.trap_oid) == ("3", "trap", LINK_DOWN)
    assert trap.varbinds[0].value == 3


def test_what_a_trap_says_of_itself() -> None:
    data = Peer().message(context=b"\x80\0\0\x09other")
    decoded = decoder().decode(received(data), NOW)
    trap = trap_of(decoded)
    assert trap.credential == "noc"
    assert (trap.security_level, trap.engine_id) == ("authPriv", ENGINE_ID.hex())
    assert trap.context_engine_id == b"\x80\0\0\x09other".hex()
    assert trap.context_name == "ctx"
    assert trap.raw == decoded.raw == data
    assert decoded.replies == ()


def test_a_sender_that_nobody_announced_is_learned() -> None:  # (1)
    ours = decoder()
    assert outcome(Peer(engine_id=b"\x80never-seen").message(), ours) == "stored"
    (engine_id,) = EngineMemory.restored(ours.saved()).learned
    assert engine_id == b"\x80never-seen"


@pytest.mark.parametrize("level", ["authNoPriv", "authPriv"])
def test_any_engine_works_with_keys(level: str) -> None:  # (2)
    ours = decoder(entry(engines="any", level=level))
    for number in range(3):
        peer = Peer(engine_id=b"\x80engine%d" % number)
        assert outcome(peer.message(flags=1 if level == "authNoPriv" else 3), ours) == "stored"
    assert EngineMemory.restored(ours.saved()).learned == {}


def test_an_older_clock_is_noticed() -> None:  # (3)
    for window, expected in (
        ("enforce", "usm/not-in-time-window"),
        ("flag", "stored outside-time-window"),
    ):
        ours = decoder(entry(time_window=window))
        assert outcome(Peer(boots=500).message(), ours) == "stored"
        assert outcome(Peer(boots=3).message(), ours) == expected


def test_the_same_trap_again_is_a_duplicate() -> None:  # (3)
    ours = decoder()
    data = Peer().message()
    assert outcome(data, ours) == "stored"
    assert outcome(data, ours, after_s=60) == "duplicate/replayed"
    assert outcome(data + b"\0", ours, after_s=120) == "duplicate/replayed"


def boots_known(ours: SnmpDecoder) -> int:
    clock = EngineMemory.restored(ours.saved()).learned[ENGINE_ID].clock
    assert clock is not None
    return clock.boots


def test_a_flagged_replay_does_not_turn_the_clock_back() -> None:
    ours = decoder(entry(time_window="flag"))
    old = Peer(boots=3).message()
    assert outcome(old, ours) == "stored"
    assert outcome(Peer(boots=4).message(), ours) == "stored"
    assert outcome(old, ours) == "duplicate/replayed"
    assert boots_known(ours) == 4


def test_each_message_of_a_replayed_sequence_is_flagged() -> None:
    ours = decoder(entry(time_window="flag"))
    assert outcome(Peer(boots=9, time=90_000).message(), ours) == "stored"
    recorded = [Peer(boots=9, time=1_000 + 10 * number).message() for number in range(12)]
    for number, message in enumerate(recorded):
        at_s = 60 + 10 * number
        assert outcome(message, ours, at_s) == "stored outside-time-window"
    assert outcome(Peer(boots=9, time=90_200).message(), ours, after_s=200) == "stored"


def test_a_device_that_forgot_its_clock_is_flagged_for_a_day() -> None:
    ours = decoder(entry(time_window="flag"))
    assert outcome(Peer(boots=9, time=200_000).message(), ours) == "stored"
    for at_s in (60, 40_000, 86_500):
        rebooted = Peer(boots=9, time=at_s - 48)
        assert outcome(rebooted.message(), ours, at_s) == "stored outside-time-window"
    assert outcome(Peer(boots=9, time=86_500).message(), ours, after_s=86_548) == "stored"


def test_a_user_that_is_flagged_does_not_open_the_window_of_one_that_is_enforced() -> None:
    strict = entry("strict", time_window="enforce")
    lax = entry("lax", time_window="flag", auth_passphrase="something else")
    ours = decoder(strict, lax)

    def of(name: bytes, time: int, message_id: int) -> str:
        phrase = "something else" if name == b"lax" else "authenticate me"
        peer = Peer(user=name, boots=9, time=time, auth_passphrase=phrase)
        return outcome(peer.message(message_id=message_id), ours)

    assert of(b"strict", 10_000, 1) == "stored"
    assert of(b"strict", 5_000, 2) == "usm/not-in-time-window"
    assert of(b"lax", 4_990, 3) == "stored"
    assert of(b"strict", 5_000, 4) == "usm/not-in-time-window"


def test_a_device_that_was_reset_starts_anew_when_it_is_forgotten() -> None:
    forgotten: dict[bytes, int] = {}
    users = (entry(time_window="enforce"),)
    ours = SnmpDecoder(SnmpSettings(users=users), OWN, frozenset(), forgotten).restored(b"")
    assert outcome(Peer(boots=9).message(), ours) == "stored"
    forgotten[ENGINE_ID] = received(b"", 20).received_at
    assert outcome(Peer(boots=1).message(), ours, after_s=19) == "usm/not-in-time-window"
    assert outcome(Peer(boots=1).message(), ours, after_s=20) == "stored"
    assert outcome(Peer(boots=1).message(message_id=2), ours, after_s=21) == "stored"
    assert outcome(Peer(boots=1, time=9).message(), ours, after_s=22) == "usm/not-in-time-window"


def test_an_engine_that_was_forgotten_makes_room() -> None:
    forgotten: dict[bytes, int] = {}
    settings = SnmpSettings(users=(entry(),), engines_max=2)
    ours = SnmpDecoder(settings, OWN, frozenset(), forgotten)
    for name in (b"\x80first", b"\x80second"):
        assert outcome(Peer(engine_id=name).message(), ours) == "stored"
    third = Peer(engine_id=b"\x80third").message()
    assert outcome(third, ours, after_s=10) == "usm/too-many-engines"
    forgotten[b"\x80first"] = received(b"", 5).received_at
    assert outcome(third, ours, after_s=11) == "stored"
    assert set(EngineMemory.restored(ours.saved()).learned) == {b"\x80second", b"\x80third"}


@pytest.mark.parametrize("flags", [0, 1])
def test_a_lower_level_than_the_users_is_refused(flags: int) -> None:  # (4)
    ours = decoder()
    assert outcome(Peer().message(flags=flags), ours) == "usm/unsupported-security-level"
    assert ours.saved() == b""


def test_a_level_that_the_keys_do_not_allow_is_refused() -> None:
    user = entry(privacy="none", privacy_passphrase=None)
    assert outcome(Peer().message(), decoder(user)) == "usm/unsupported-security-level"


def test_odd_values_cost_nothing_in_v3_either() -> None:  # (5)
    odd = notification(
        varbind("1.3.6.1.2.1.1.3.0", tlv(0x43, b"\xff\xff\xff\xff")),
        varbind("1.3.6.1.6.3.1.1.4.1.0", tlv(6, b"\x2b\x06\x01")),
        varbind("1.3.6.1", tlv(0x40, b"")),
        varbind("1.3.6.2", integer(2**39)),
    )
    decoded = decoder().decode(received(Peer().message(odd)), NOW)
    assert verdict(decoded) == "stored negative-unsigned bad-address wide-integer"
    assert trap_of(decoded).uptime == 2**32 - 1


def test_our_engine_is_the_one_that_we_are_given() -> None:  # (10)
    """pysnmp's engine ID is another one after each start, and its boots are always 2."""
    inform = Peer(engine_id=OWN.engine_id, boots=OWN.boots, time=1_000).message(INFORM, flags=7)
    (reply,) = decoder().decode(received(inform), NOW).replies
    assert OWN.engine_id in reply.data
    assert bytes((2, 1, OWN.boots)) in reply.data


def test_a_digest_has_its_place_and_its_length() -> None:  # (11)
    """pysnmp searches for the digest's bytes. A digest that is cut, empty or longer is none."""
    peer = Peer(privacy="none")
    ours = decoder(entry(level="authNoPriv"))
    whole = peer.message(flags=1)
    at = whole.index(b"noc") + 5
    for kept in (0, 12, 23):
        cut = tlv(4, whole[at : at + kept])
        before = whole[: at - 2]
        shorter = bytearray(before + cut + whole[at + 24 :])
        removed = len(whole) - len(shorter)
        for length_at in (2, before.index(b"\x04", 20) + 1, before.index(b"\x04", 20) + 3):
            shorter[length_at] -= removed
        assert outcome(bytes(shorter), ours) == "usm/wrong-digest"
    assert outcome(whole, ours) == "stored"


def test_a_user_without_keys_is_taken_without_a_digest_and_leaves_no_trace() -> None:
    open_user = entry(auth="none", auth_passphrase=None, privacy="none", privacy_passphrase=None)
    ours = decoder(open_user)
    data = Peer().message(flags=0)
    assert (outcome(data, ours), outcome(data, ours)) == ("stored", "stored")
    assert ours.saved() == b""


@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        (Peer(user=b"nobody"), "unknown-user"),
        (Peer(user=b""), "unknown-user"),
        (Peer(user=b"x" * 300), "unknown-user"),
        (Peer(auth_passphrase="something else"), "wrong-digest"),
        (Peer(auth="sha-1"), "wrong-digest"),
        (Peer(auth="sha-512"), "wrong-digest"),
        (Peer(privacy_passphrase="something else"), "decryption-error"),
        (Peer(privacy="des"), "decryption-error"),
        (Peer(privacy="aes-256-reeder"), "decryption-error"),
        (Peer(engine_id=b"\x80abc"), "bad-engine-id"),
        (Peer(engine_id=b"\x80" * 33), "bad-engine-id"),
        (Peer(engine_id=b""), "bad-engine-id"),
    ],
)
def test_refusals(peer: Peer, reason: str) -> None:
    ours = decoder()
    decoded = ours.decode(received(peer.message()), NOW)
    assert verdict(decoded) == f"usm/{reason}"
    assert reason in REFUSAL_TEXTS
    assert decoded.replies == ()
    assert ours.saved() == b""


def test_a_source_that_the_user_may_not_have_is_refused() -> None:
    for address in ("203.0.113.9", "not an address"):
        decoded = decoder().decode(received(Peer().message(), address=address), NOW)
        assert verdict(decoded) == "usm/source-not-allowed"


def test_a_pinned_user_is_taken_from_its_engines_only() -> None:
    ours = decoder(entry(engines="pinned", engine_ids=(ENGINE_ID.hex(":"),)))
    assert outcome(Peer().message(), ours) == "stored"
    assert outcome(Peer(engine_id=b"\x80other").message(), ours) == "usm/unknown-engine"
    wrong = Peer(engine_id=b"\x80other", auth_passphrase="something else")
    assert outcome(wrong.message(), ours) == "usm/wrong-digest"


def test_engines_are_capped_and_none_gives_way() -> None:
    configured = b"\x80configured"
    ours = decoder(entry(engine_ids=(configured.hex(),)), engines_max=2)
    verdicts = [outcome(Peer(engine_id=b"\x80engine%d" % n).message(), ours) for n in range(4)]
    assert verdicts == ["stored", "stored", "usm/too-many-engines", "usm/too-many-engines"]
    assert outcome(Peer(engine_id=configured).message(), ours) == "stored"
    again = Peer(engine_id=b"\x80engine0", time=5_001).message()
    assert outcome(again, ours) == "stored"


def test_a_revoked_engine_is_refused_until_it_is_allowed_again() -> None:
    revoked = {ENGINE_ID}
    ours = SnmpDecoder(SnmpSettings(users=(entry(),)), OWN, revoked)
    assert outcome(Peer().message(), ours) == "usm/revoked-engine"
    assert verdict(ours.restored(b"").decode(received(Peer().message()), NOW)) == (
        "usm/revoked-engine"
    )
    revoked.clear()
    assert outcome(Peer().message(), ours) == "stored"


def test_one_user_name_with_several_keys() -> None:
    """Which entry it is the digest tells, or the engine, or the address."""
    old = entry("old", user="noc", auth_passphrase="the old passphrase")
    new = entry("new", user="noc")
    far = entry("far", user="noc", sources=(Cidr.from_text("198.51.100.0/24"),))
    ours = decoder(old, new, far)
    old_peer = Peer(auth_passphrase="the old passphrase", engine_id=b"\x80an-old-one")
    assert trap_of(ours.decode(received(old_peer.message()), NOW)).credential == "old"
    assert trap_of(ours.decode(received(Peer().message()), NOW)).credential == "new"
    from_far = received(Peer(time=5_001).message(), address="198.51.100.7")
    assert trap_of(ours.decode(from_far, NOW)).credential == "far"
    first = entry("first", user="noc", engines="pinned", engine_ids=(b"\x80first".hex(),))
    ours = decoder(first, new)
    assert trap_of(ours.decode(received(Peer().message()), NOW)).credential == "new"


def test_an_inform_to_another_engine_is_refused_and_not_learned() -> None:
    ours = decoder()
    assert outcome(Peer().message(INFORM), ours) == "usm/not-own-engine"
    assert ours.saved() == b""
    assert outcome(Peer().message(INFORM), decoder(own=None)) == "usm/not-own-engine"


def test_the_boots_that_never_end_are_outside_the_window() -> None:
    strict = decoder(entry(time_window="enforce"))
    assert outcome(Peer(boots=2**31 - 1).message(), strict) == "usm/not-in-time-window"
    assert outcome(Peer(boots=2**31 - 1).message()) == "stored outside-time-window"


def test_a_forwarded_community_is_masked() -> None:
    forwarded = varbind("1.3.6.1.6.3.18.1.4.0", tlv(4, b"geheim"))
    pdu = notification(header(), forwarded)
    for flags in (1, 3):
        decoded = decoder(entry(level="authNoPriv")).decode(
            received(Peer().message(pdu, flags=flags)), NOW
        )
        assert trap_of(decoded).varbinds[0].value == b"******"
        assert b"geheim" not in decoded.raw
    broken = Peer().message(tlv(0xA7, forwarded), flags=1)
    decoded = decoder(entry(level="authNoPriv")).decode(received(broken), NOW)
    assert verdict(decoded) == "malformed/bad-pdu"
    assert b"geheim" not in decoded.raw


def test_an_authentic_message_that_is_no_notification_is_kept_undecoded() -> None:
    fields = integer(9) + integer(0) + integer(0) + tlv(0x30)
    assert outcome(Peer().message(tlv(0xA2, fields))) == "malformed/unsupported-pdu"
    assert outcome(Peer().message(tlv(0xA0, fields))) == "usm/not-own-engine"


def test_the_identity_survives_another_encryption() -> None:
    first = decoder().decode(received(Peer().message(message_id=1)), NOW)
    again = decoder().decode(received(Peer(time=5_003).message(message_id=2)), NOW)
    other = decoder().decode(
        received(Peer().message(notification(header(), request_id=integer(8)))), NOW
    )
    assert first.identity is not None
    assert first.identity == again.identity
    renamed = decoder(entry("core", user="noc")).decode(received(Peer().message()), NOW)
    assert first.identity != renamed.identity
    assert first.identity != other.identity


def test_a_message_without_keys_that_is_sent_again_is_the_same_one() -> None:
    """net-snmp changes the message ID, and the flags differ."""
    open_user = entry(auth="none", auth_passphrase=None, privacy="none", privacy_passphrase=None)
    ours = decoder(open_user)
    peer = Peer(auth="none", engine_id=OWN.engine_id)
    first = ours.decode(received(peer.message(INFORM, flags=4, message_id=1)), NOW)
    again = ours.decode(received(peer.message(INFORM, flags=4, message_id=2)), NOW)
    other = ours.decode(received(peer.message(TRAP, flags=0, message_id=1)), NOW)
    assert verdict(first) == "stored"
    assert first.identity is not None
    assert first.identity == again.identity
    assert first.identity != other.identity
    assert len(again.replies) == 1


@pytest.mark.parametrize(
    ("user", "shown"),
    [(b"nobody", "nobody"), (b"", ""), (b"a\x1b[31m\n", "a\ufffd[31m\ufffd"), (b"\xff", "\ufffd")],
)
def test_a_refusal_names_the_user(user: bytes, shown: str) -> None:
    refusal = decoder().decode(received(Peer(user=user).message()), NOW).refusal
    assert refusal is not None
    assert (refusal.reason, refusal.subject) == ("unknown-user", shown)


def test_a_long_user_name_is_cut() -> None:
    refusal = decoder().decode(received(Peer(user=b"x" * 300).message()), NOW).refusal
    assert refusal is not None
    assert refusal.subject == "x" * 32


def test_without_users_what_arrives_is_seen() -> None:
    ours = SnmpDecoder(SnmpSettings())
    assert outcome(Peer().message(), ours) == "malformed/unsupported-version"
    assert ours.restored(b"") is ours


def test_a_restored_decoder_goes_on_where_the_saved_one_stood() -> None:
    """Both legs of ingest read the same records, each with a memory of its own."""
    random = Random(4)
    stream = []
    for number in range(60):
        peer = Peer(
            engine_id=b"\x80engine%d" % random.randrange(6),
            boots=random.choice((3, 3, 3, 4)),
            time=random.choice((10, 5_000, 5_000 + number)),
            auth_passphrase=random.choice(("authenticate me",) * 5 + ("another one",)),
        )
        stream.append((peer.message(message_id=random.randrange(3)), number * 10))
    whole = decoder(engines_max=4).restored(b"")
    verdicts = [outcome(data, whole, at) for data, at in stream]
    assert len(set(verdicts)) >= 4
    for cut in (0, 17, 40):
        part = decoder(engines_max=4).restored(b"")
        assert [outcome(data, part, at) for data, at in stream[:cut]] == verdicts[:cut]
        part = decoder(engines_max=4).restored(part.saved())
        assert [outcome(data, part, at) for data, at in stream[cut:]] == verdicts[cut:]
    assert whole.saved() == part.saved()


def test_two_memories_do_not_touch_each_other() -> None:
    ours = decoder()
    first, second = ours.restored(b""), ours.restored(b"")
    assert outcome(Peer().message(), first) == "stored"
    assert outcome(Peer().message(), second) == "stored"
    assert ours.saved() == b""


def test_ten_thousand_engines_with_one_user() -> None:
    ours = decoder(entry(privacy="none", privacy_passphrase=None))
    for number in range(10_000):
        peer = Peer(engine_id=b"\x80\0\0\x09\x03%06d" % number, privacy="none")
        assert outcome(peer.message(), ours) == "stored"
    saved = ours.saved()
    assert len(saved) < 1_000_000
    assert len(EngineMemory.restored(saved).learned) == 10_000


def test_truncated_at_every_byte() -> None:
    for data in (Peer().message(), Peer().message(flags=1), Peer().message(INFORM, flags=7)):
        for size in range(len(data)):
            ours = decoder(entry(level="authNoPriv"))
            decoded = ours.decode(received(data[:size]), NOW)
            assert not decoded.messages
            assert decoded.problems
            assert ours.saved() == b""


def content(decoded: Decoded) -> object:
    trap = trap_of(decoded)
    return (trap.trap_oid, trap.uptime, trap.varbinds, trap.context_name, trap.request_id)


def test_no_flipped_bit_is_ever_taken_for_something_else() -> None:
    random = Random(7)
    data = Peer().message()
    expected = content(decoder().decode(received(data), NOW))
    bits = random.sample(range(len(data) * 8), FLIPS)
    ours = decoder()
    for bit in bits:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        decoded = ours.restored(b"").decode(received(bytes(changed)), NOW)
        assert decoded.refusal is None or decoded.refusal.outcome is Outcome.USM
        assert not decoded.messages or content(decoded) == expected, bit
        assert not decoded.messages, bit


def test_the_trap_is_the_one_that_v2c_would_have_brought() -> None:
    v3 = trap_of(decoder().decode(received(Peer().message(TRAP)), NOW))
    v2 = trap_of(decoder().decode(received(v2c(IF_INDEX)), NOW))
    assert v3.varbinds == v2.varbinds
    assert (v3.trap_oid, v3.uptime) == (v2.trap_oid, v2.uptime)

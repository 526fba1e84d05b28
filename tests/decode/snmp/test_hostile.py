"""Nothing that arrives can raise: every truncation, every byte changed, random bytes, and the
shapes that brought other decoders down. `test_fuzz` has the mutants."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.snmp.corpus import ODD, PLAIN
from decode.snmp.fuzz import SEEDS, fuzzed_decoder, judged
from decode.snmp.wire import (
    header,
    integer,
    message,
    notification,
    oid,
    reason,
    tlv,
    v1_pdu,
    v2c,
    varbind,
)
from trapgate.decode.snmp import SnmpDecoder, SnmpSettings
from trapgate.decode.snmp.envelope import open_envelope
from trapgate.model import Trap

DECODER = SnmpDecoder(SnmpSettings())
CHANGED_BYTES = (0x00, 0x01, 0x1F, 0x30, 0x7F, 0x80, 0x84, 0xFF)
decoded = partial(judged, DECODER)


@pytest.mark.parametrize("name", [name for name, data in PLAIN.items() if data in SEEDS])
def test_truncated_at_every_byte(name: str) -> None:
    whole = PLAIN[name]
    assert reason(decoded(whole)) is None
    for size in range(1, len(whole)):
        assert reason(decoded(whole[:size])) == "truncated"


@pytest.mark.parametrize("name", ODD)
def test_odd_and_truncated_at_every_byte(name: str) -> None:
    whole, _ = ODD[name]
    for size in range(len(whole)):
        decoded(whole[:size])


def test_with_every_byte_changed() -> None:
    for whole in SEEDS:
        for at in range(len(whole)):
            for value in CHANGED_BYTES:
                decoded(whole[:at] + bytes((value,)) + whole[at + 1 :])


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    decoded(data)


@given(st.binary(max_size=120), st.sampled_from([0xA4, 0xA6, 0xA7]))
def test_any_pdu_of_someone_let_in(content: bytes, tag: int) -> None:
    decoded(message(tlv(tag, content), version=0 if tag == 0xA4 else 1))
    decoded(message(notification(content)))
    decoded(message(v1_pdu(content), version=0))


def test_a_community_is_masked_in_a_message_that_claims_to_be_snmpv3() -> None:
    # Found by fuzzing: SNMPv3 messages have no community to mask, so its decoder looks for none.
    answer = judged(fuzzed_decoder(), message(notification(header()), version=3))
    assert reason(answer) == "bad-v3-header"
    assert b"public" not in answer.raw


def test_an_empty_community_is_refused() -> None:
    # CVE-2014-2285: snmptrapd's Perl handler dereferenced the community of such a trap.
    answer = decoded(message(v1_pdu(), version=0, community=b""))
    assert answer.refusal is not None


def test_an_oid_of_more_parts_than_any_buffer() -> None:
    # A decoder in C with room for 128 writes behind its buffer here.
    for parts in (129, 500, 5_000):
        name = tlv(0x06, b"\x2b" + b"\x01" * parts)
        assert reason(decoded(message(v1_pdu(enterprise=name), version=0))) == "oid-too-long"
        assert reason(decoded(message(notification(tlv(0x30, name, tlv(0x05)))))) == "oid-too-long"
        value = varbind("1.3.6", name)
        (trap,) = decoded(message(notification(header(), value))).messages
        assert isinstance(trap, Trap)
        assert trap.varbinds[0].type == "unknown"


@pytest.mark.parametrize("length", ["80", "84ffffffff", "847fffffff", "88ffffffffffffffff", "ff"])
@pytest.mark.parametrize("at", ["message", "community", "pdu", "list", "variable", "name", "value"])
def test_huge_and_indefinite_lengths(at: str, length: str) -> None:
    def element(name: str, tag: int, content: bytes) -> bytes:
        if name == at:
            return bytes((tag,)) + bytes.fromhex(length) + content
        return tlv(tag, content)

    pair = element("name", 0x06, b"\x2b\x06") + element("value", 0x04, b"x")
    variables = element("list", 0x30, header() + element("variable", 0x30, pair))
    pdu = element("pdu", 0xA7, integer(1) + integer(0) + integer(0) + variables)
    community = element("community", 0x04, b"public")
    answer = decoded(element("message", 0x30, integer(1) + community + pdu))
    assert reason(answer) in (
        ("indefinite-length",) if length == "80" else ("bad-length", "truncated")
    )
    if at != "message" or length == "84ffffffff":
        assert b"public" not in answer.raw


def test_nesting_costs_one_look() -> None:
    # PROTOS c06-snmpv1 nests constructed types; nothing here recurses.
    nested = b""
    for _ in range(15_000):
        nested = tlv(0x30, nested, length_bytes=2 if len(nested) < 60_000 else 4)
        if len(nested) > 60_000:
            break
    answer = decoded(message(notification(header(), varbind("1.3.6", nested))))
    (trap,) = answer.messages
    assert isinstance(trap, Trap)
    assert trap.varbinds[0].type == "unknown"
    assert reason(decoded(nested)) is not None
    assert reason(decoded(message(nested))) == "unsupported-pdu"


def test_masking_looks_at_each_byte_about_once() -> None:
    # Each of 5,000 forwarded communities claims to reach to the end: masking all of each would
    # be 160 MB of writes for one datagram of somebody who was not let in yet.
    forwarded = bytes.fromhex("2b060106031201040004") + b"\x82\xff\xff"
    data = message(tlv(0xA7, forwarded * 5_000), community=b"unknown")
    masked = open_envelope(data).data
    assert masked.count(forwarded) == 1
    assert masked.endswith(b"*" * 13 * 4_999)


def test_the_largest_datagrams() -> None:
    # A community fits whatever the size; one long text is a trap, 10,000 variables are not.
    text = v2c(varbind("1.3.6.1", tlv(0x04, b"x" * 65_400)))
    assert len(text) <= 65_507
    assert reason(decoded(text)) is None
    many = v2c(*[varbind("1.3", tlv(0x05))] * 8_000)
    assert reason(decoded(many)) == "too-many-varbinds"
    assert reason(decoded(bytes(65_507))) == "not-ber"
    assert reason(decoded(b"\x30" * 65_507)) == "not-snmp"
    assert reason(decoded(tlv(0x30, bytes(65_000)))) == "not-snmp"
    assert (
        reason(decoded(message(v1_pdu(enterprise=oid("1.3"), agent=b""), version=0))) == "bad-pdu"
    )

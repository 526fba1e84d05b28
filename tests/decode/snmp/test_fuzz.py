"""A fuzz run of the same mutants each time, and that it gets everywhere. Longer: `make fuzz`."""

from random import Random

import pytest

from decode.snmp.fuzz import (
    COMMUNITY,
    SEEDS,
    STEPS_MIN,
    STEPS_PER_BYTE,
    campaign,
    fuzzed_decoder,
    judged,
    steps,
)
from decode.snmp.mutator import Mutator, parsed, written
from decode.snmp.wire import NOW, datagram, header, integer, oid, tlv, v2c, varbind
from trapgate.decode.snmp import MALFORMED, ODDITIES, SnmpDecoder, SnmpSettings

MUTANTS = 20_000
SEED = 1
UNREACHABLE = {"outside-time-window"}
"""Behind a digest, which no mutant has right."""


USM_REFUSALS = {"discovery", "wrong-digest", "replayed", "unknown-user", "bad-engine-id"}


def test_a_campaign_judges_well_and_gets_everywhere() -> None:
    seen = campaign(SEED, lambda number: number >= MUTANTS)
    expected = {*MALFORMED, *ODDITIES, "decoded", "unknown-community", *USM_REFUSALS} - UNREACHABLE
    assert expected <= set(seen)
    assert seen["decoded"] > MUTANTS // 10


@pytest.mark.parametrize("data", SEEDS)
def test_every_seed_is_one_message_of_one_community(data: bytes) -> None:
    assert data.count(COMMUNITY) == 1
    assert judged(fuzzed_decoder(), data)


def test_an_unchanged_tree_is_written_as_it_was() -> None:
    data = v2c(varbind("1.3.6.1", tlv(0x04, bytes(300))), tag=0xA6)
    (tree,) = parsed(data)
    assert written(tree) == data


def test_mutants_are_reproducible() -> None:
    first, second = (Mutator(SEEDS, Random(3)) for _ in range(2))
    assert [first.mutant() for _ in range(50)] == [second.mutant() for _ in range(50)]


@pytest.mark.parametrize(
    "data",
    [
        v2c(*[tlv(0x30, tlv(0x06), tlv(0x05))] * 250),
        v2c(*[tlv(0x30, tlv(0x06), tlv(0x05, length_bytes=4))] * 250),
        v2c(varbind("1.3", tlv(0x06, b"\x2b" + b"\x01" * 127)) * 250),
        v2c(tlv(0x30, tlv(0x06, b"\x2b" + b"\xff" * 600), integer(1))),
        v2c(tlv(0x30, oid("1.3"), tlv(0x06, b"\xff" * 60_000 + b"\x01"))),
        v2c(bytes.fromhex("2b060106031201040004") * 6_000),
        v2c(bytes.fromhex("2b0601060312010400048400ffff") * 4_000),
        b"\x30" * 60_000,
        v2c(header() * 128),
    ],
)
def test_the_dearest_shapes_cost_their_length(data: bytes) -> None:
    decoder = SnmpDecoder(SnmpSettings())
    executed = steps(lambda: decoder.decode(datagram(data), NOW))
    assert 0 < executed <= STEPS_MIN + STEPS_PER_BYTE * len(data)

"""Which datagram is which: the same at every gateway, and the same when it is read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import BUCKET_S, NS_PER_S, Datagram, Endpoint, Protocol
from trapgate.normalize import identity
from trapgate.normalize.identity import Identities, Identity, bucket_of

BUCKET_NS = BUCKET_S * NS_PER_S
START = 179_525_520 * BUCKET_NS


def datagram(
    data: bytes = b"x", peer: str = "10.0.0.7", at: int = START, port: int = 1
) -> Datagram:
    return Datagram(data, Endpoint(peer, port), Endpoint("10.0.0.1", 1162), "any", at)


def identities(protocol: Protocol, *stream: Datagram) -> list[tuple[str, bool]]:
    memory = Identities()
    found = [memory.of(one, protocol) for one in stream]
    return [(one.event_id, one.duplicate) for one in found]


@pytest.mark.parametrize("protocol", list(Protocol))
def test_two_gateways_agree(protocol: Protocol) -> None:
    one = Datagram(b"x", Endpoint("10.0.0.7", 1), Endpoint("10.0.0.1", 1162), "a", START)
    other = Datagram(b"x", Endpoint("10.0.0.7", 2), Endpoint("10.9.9.9", 162), "b", START + 3)
    assert identities(protocol, one) == identities(protocol, other)


@pytest.mark.parametrize(
    "other",
    [
        datagram(b"y"),
        datagram(peer="10.0.0.8"),
        datagram(at=START + 2 * BUCKET_NS),
        datagram(b"x "),
    ],
)
def test_what_makes_another_event(other: Datagram) -> None:
    (one, _), (two, repeated) = identities(Protocol.SNMP, datagram(), other)
    assert one != two
    assert not repeated


def test_the_protocol_makes_another_event() -> None:
    assert identities(Protocol.SNMP, datagram()) != identities(Protocol.SYSLOG, datagram())


def test_identical_traps_in_a_bucket_are_one() -> None:
    (one, first), (two, second), (three, third) = identities(
        Protocol.SNMP, datagram(), datagram(port=2), datagram(at=START + BUCKET_NS - 1)
    )
    assert one == two == three
    assert (first, second, third) == (False, True, True)


def test_identical_lines_are_as_many_events_with_ids_that_count() -> None:
    found = identities(Protocol.SYSLOG, *[datagram()] * 4)
    assert len({event_id for event_id, _ in found}) == 4
    assert not any(duplicate for _, duplicate in found)
    assert identities(Protocol.SYSLOG, *[datagram()] * 4) == found


def test_n_counts_per_peer_and_bytes() -> None:
    mixed = [datagram(), datagram(b"y"), datagram(peer="10.0.0.8"), datagram()]
    assert (
        identities(Protocol.SYSLOG, *mixed)[3] == identities(Protocol.SYSLOG, *[datagram()] * 2)[1]
    )


def test_a_retransmission_over_the_edge_of_a_bucket_is_one() -> None:
    stream = [datagram(at=START + number * BUCKET_NS - 1) for number in (1, 2, 3, 5)]
    found = identities(Protocol.SNMP, *stream)
    assert [repeated for _, repeated in found] == [False, True, True, False]
    assert len({event_id for event_id, _ in found}) == 4  # ids name their buckets


def test_identical_lines_in_two_buckets_are_two_events_that_count_anew() -> None:
    stream = [datagram(at=START + number * BUCKET_NS) for number in (0, 0, 1)]
    found = identities(Protocol.SYSLOG, *stream)
    assert not any(repeated for _, repeated in found)
    assert found[2:] == identities(Protocol.SYSLOG, stream[2])


def test_records_a_little_out_of_order_at_an_edge() -> None:
    late = datagram(at=START + BUCKET_NS - 1)
    turned = datagram(b"y", at=START + BUCKET_NS)
    found = identities(Protocol.SNMP, late, turned, late, turned)
    assert [repeated for _, repeated in found] == [False, False, True, True]


def test_what_the_decoder_says_is_the_same_is_the_same() -> None:
    """An SNMPv3 inform that is sent again is encrypted anew."""
    memory = Identities()
    first = memory.of(datagram(b"one"), Protocol.SNMP, b"inform 7")
    again = memory.of(datagram(b"two"), Protocol.SNMP, b"inform 7")
    other = memory.of(datagram(b"two"), Protocol.SNMP, b"inform 8")
    assert again == Identity(first.event_id, True)
    assert not other.duplicate


def test_bytes_do_not_pass_for_the_identity_of_others() -> None:
    memory = Identities()
    memory.of(datagram(b"inform 7"), Protocol.SNMP)
    assert not memory.of(datagram(b"one"), Protocol.SNMP, b"inform 7").duplicate


def test_a_clock_that_is_set_back_far_does_no_harm() -> None:
    days = [datagram(at=START + number * BUCKET_NS) for number in (100, 110, 0, 0, 110, 120)]
    found = identities(Protocol.SNMP, *days)
    assert found[3] == (found[2][0], True)
    assert found[4][0] == found[1][0]
    assert not found[5][1]


def test_an_id_sorts_by_time_and_names_its_bucket() -> None:
    stream = [datagram(at=START + number * BUCKET_NS) for number in range(300)]
    ids = [event_id for event_id, _ in identities(Protocol.SYSLOG, *stream)]
    assert ids == sorted(ids)
    assert [int(event_id[:8], 16) for event_id in ids] == [bucket_of(d.received_at) for d in stream]
    assert {len(event_id) for event_id in ids} == {32}


def test_a_flood_fills_the_memory_to_its_bound_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "BUCKET_DATAGRAMS_MAX", 3)
    flood = [datagram(bytes([number])) for number in range(10)]
    found = identities(Protocol.SNMP, *flood, *flood)
    assert [duplicate for _, duplicate in found[10:]] == [True] * 3 + [False] * 7
    assert found[19][0] == found[9][0]


STREAMS = st.lists(
    st.builds(
        datagram,
        data=st.sampled_from([b"a", b"b"]),
        peer=st.sampled_from(["10.0.0.7", "2001:db8::1"]),
        at=st.integers(min_value=0, max_value=4 * BUCKET_NS).map(lambda ns: START + ns),
    ),
    max_size=30,
).map(lambda stream: sorted(stream, key=lambda one: one.received_at))


@given(STREAMS, st.sampled_from(list(Protocol)))
def test_a_replay_gives_the_same(stream: list[Datagram], protocol: Protocol) -> None:
    assert identities(protocol, *stream) == identities(protocol, *stream)


@given(STREAMS, st.integers(min_value=0, max_value=30), st.sampled_from(list(Protocol)))
def test_a_reader_that_starts_in_the_middle_agrees_once_it_has_seen_the_bucket(
    stream: list[Datagram], start: int, protocol: Protocol
) -> None:
    rest = stream[start:]
    bucket = bucket_of(rest[0].received_at) if rest else 0
    shown = [one for one in stream[:start] if bucket_of(one.received_at) >= bucket - 1]
    found = identities(protocol, *shown, *rest)[len(shown) :]
    assert found == identities(protocol, *stream)[start:]


@given(STREAMS)
def test_ids_of_events_are_unique(stream: list[Datagram]) -> None:
    for protocol in Protocol:
        kept = [event_id for event_id, repeated in identities(protocol, *stream) if not repeated]
        assert len(set(kept)) == len(kept)


def lanes(*marks: str) -> dict[str, Identities]:
    """The memories of as many lanes, which know each other."""
    made: dict[str, Identities] = {}
    for mark in marks:
        made[mark] = Identities(mark, made)
    return made


def test_identical_lines_in_two_lanes_are_as_many_events() -> None:
    memory = lanes("", "raw-bulk")
    order = ["", "", "raw-bulk", "raw-bulk", "", "raw-bulk"]
    ids = [memory[mark].of(datagram(), Protocol.SYSLOG).event_id for mark in order]
    assert len(set(ids)) == len(ids)
    undiverted = [ids[number] for number, mark in enumerate(order) if not mark]
    assert undiverted == [each for each, _ in identities(Protocol.SYSLOG, *[datagram()] * 3)]


def test_the_ids_of_a_lane_do_not_hang_on_how_far_the_others_are() -> None:
    """They are read at different times, and again after a crash."""

    def of(order: list[str]) -> dict[str, list[str]]:
        memory = lanes("", "raw-bulk")
        found: dict[str, list[str]] = {mark: [] for mark in memory}
        for mark in order:
            found[mark].append(memory[mark].of(datagram(), Protocol.SYSLOG).event_id)
        return found

    assert of(["", "raw-bulk", "", "raw-bulk"]) == of(["raw-bulk", "raw-bulk", "", ""])


def test_traps_have_no_mark_and_copies_are_found_in_all_lanes() -> None:
    memory = lanes("", "raw-bulk", "raw-2")
    first = memory[""].of(datagram(), Protocol.SNMP)
    again = memory["raw-bulk"].of(datagram(at=START + BUCKET_NS), Protocol.SNMP)
    late = memory["raw-2"].of(datagram(), Protocol.SNMP)
    other = memory["raw-bulk"].of(datagram(b"y"), Protocol.SNMP)
    assert [one.duplicate for one in (first, again, late, other)] == [False, True, True, False]
    assert late.event_id == first.event_id


def test_a_lane_that_is_minutes_late_counts_on() -> None:
    memory = lanes("", "raw-bulk")
    bulk = memory["raw-bulk"]
    ids = [bulk.of(datagram(), Protocol.SYSLOG).event_id]
    for number in range(100):
        memory[""].of(datagram(at=START + number * BUCKET_NS), Protocol.SYSLOG)
    ids.append(bulk.of(datagram(), Protocol.SYSLOG).event_id)
    assert len(set(ids)) == 2


@given(STREAMS, st.integers(min_value=0, max_value=30), st.sampled_from(list(Protocol)))
def test_a_copy_knows_the_same_and_goes_its_own_way(
    stream: list[Datagram], start: int, protocol: Protocol
) -> None:
    memory = lanes("", "raw-bulk")
    before = [memory[""].of(one, protocol) for one in stream[:start]]
    copies: dict[str, Identities] = {}
    for mark, lane in memory.items():
        copies[mark] = lane.copied(copies)
    found = [[made[""].of(one, protocol) for one in stream[start:]] for made in (copies, memory)]
    for rest in found:
        assert [(o.event_id, o.duplicate) for o in before + rest] == identities(protocol, *stream)

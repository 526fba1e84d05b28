"""Records: both ways, cut anywhere, of another schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.listen import RecordReader, encode, listener_name, origin, peer_address
from trapgate.model import NEVER, Datagram, Endpoint

READER = RecordReader()


@given(
    data=st.binary(),
    peer=st.sampled_from(["192.0.2.1", "2001:db8::1", "fe80::1%eth0"]),
    port=st.integers(0, 65_535),
    listener=st.sampled_from(["snmp", "x" * 63]),
    received_at=st.integers(-1, NEVER),
)
def test_round_trip(data: bytes, peer: str, port: int, listener: str, received_at: int) -> None:
    local = Endpoint("::", 1162)
    record = encode(origin(listener, local), received_at, peer, port, data)
    expected = Datagram(data, Endpoint(peer, port), local, listener, received_at)
    assert READER.decode(record) == expected
    assert peer_address(record) == peer.encode()
    assert listener_name(record) == listener


def test_cut_anywhere_before_the_data() -> None:
    record = encode(origin("snmp", Endpoint("::", 1162)), 1, "192.0.2.1", 9, b"data")
    for cut in range(len(record) - len(b"data")):
        with pytest.raises(ValueError, match="a record of"):
            RecordReader().decode(record[:cut])
    assert RecordReader().decode(record[:-4]).data == b""


def test_another_schema_is_refused() -> None:
    record = encode(origin("snmp", Endpoint("::", 1162)), 1, "192.0.2.1", 9, b"data")
    with pytest.raises(ValueError, match="schema 2"):
        RecordReader().decode(b"\x02" + record[1:])


def test_peers_of_equal_bytes_are_not_mixed_up() -> None:
    """The memory of peers is keyed by bytes: other ports, and an address that is longer."""
    shared = origin("snmp", Endpoint("::", 1162))
    reader = RecordReader()
    for address, port in (("10.0.0.1", 1), ("10.0.0.1", 2), ("10.0.0.11", 1), ("10.0.0.1", 1)):
        assert reader.decode(encode(shared, 0, address, port, b"")).peer == Endpoint(address, port)

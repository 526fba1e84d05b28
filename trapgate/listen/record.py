"""The spool's form of a datagram, written by `receive` and read by `ingest`.

    schema u8 | received_at i64 | peer port u16 | peer bytes u8 | origin bytes u16
    peer address, as text | origin | data

`origin` is what all datagrams of a socket have in common: the listener's name and the local
address and port, as text, NUL between them. Addresses are text because that is what the socket
gives and the event wants; both ends remember the few that occur.
"""

import struct

from trapgate.model import Datagram, Endpoint

RECORD_SCHEMA = 1
"""Version of this form, the record's first byte."""

ENDPOINTS_CACHED_MAX = 65_536
"""Peers (address and port) that a reader remembers; then it starts over."""

ORIGINS_CACHED_MAX = 1_024
"""Listeners that a reader remembers: many times what anybody configures."""

_HEADER = struct.Struct("<BqHBH")
_MOMENT = struct.Struct("<Bq")
_SENDER = struct.Struct("<HBH")
_PORT_AT = 9
_PEER_LENGTH_AT = 11


def origin(listener: str, local: Endpoint) -> bytes:
    """The part that all datagrams of a listener share."""
    return f"{listener}\0{local.address}\0{local.port}".encode()


def encode(shared: bytes, received_at: int, address: str, port: int, data: bytes) -> bytes:
    """A datagram as a spool record. `shared` is the listener's `origin`, `address` the peer's
    canonical address, at most 255 characters of ASCII."""
    return b"".join((encode_moment(received_at), encode_sender(shared, address, port), data))


def encode_moment(received_at: int) -> bytes:
    """The first of a record's three parts, which all datagrams of a drain share."""
    return _MOMENT.pack(RECORD_SCHEMA, received_at)


def encode_sender(shared: bytes, address: str, port: int) -> bytes:
    """The second part, which all datagrams of a sender share; the data is the third."""
    peer = address.encode()
    return _SENDER.pack(port, len(peer), len(shared)) + peer + shared


def peer_address(record: bytes) -> bytes:
    """The peer's address in a record that this version wrote: a key for counting."""
    start = _HEADER.size
    return record[start : start + record[_PEER_LENGTH_AT]]


def listener_name(record: bytes) -> str:
    """The listener's name in a record that this version wrote."""
    start = _HEADER.size + record[_PEER_LENGTH_AT]
    return record[start : record.index(b"\0", start)].decode()


class RecordReader:
    """Spool records into datagrams; remembers peers and listeners."""

    def __init__(self) -> None:
        self._peers: dict[bytes, Endpoint] = {}
        self._origins: dict[bytes, tuple[str, Endpoint]] = {}

    def decode(self, record: bytes) -> Datagram:
        """One record. Raises `ValueError` if it is none, or of another schema."""
        try:
            schema, received_at, port, peer_bytes, origin_bytes = _HEADER.unpack_from(record)
        except struct.error:
            raise ValueError(f"a record of {len(record)} bytes") from None
        peer_end = _HEADER.size + peer_bytes
        data_at = peer_end + origin_bytes
        if schema != RECORD_SCHEMA or data_at > len(record):
            raise ValueError(f"a record of schema {schema}, {len(record)} bytes")
        # the key is the port and, the two lengths between, the address: contiguous in the record
        peer_key = record[_PORT_AT:peer_end]
        peer = self._peers.get(peer_key)
        if peer is None:
            peer = self._remember_peer(peer_key, record[_HEADER.size : peer_end], port)
        shared = record[peer_end:data_at]
        known = self._origins.get(shared)
        if known is None:
            known = self._remember_origin(shared)
        return Datagram(record[data_at:], peer, known[1], known[0], received_at)

    def _remember_peer(self, key: bytes, address: bytes, port: int) -> Endpoint:
        if len(self._peers) >= ENDPOINTS_CACHED_MAX:
            self._peers.clear()
        peer = self._peers[key] = Endpoint(address.decode(), port)
        return peer

    def _remember_origin(self, shared: bytes) -> tuple[str, Endpoint]:
        if len(self._origins) >= ORIGINS_CACHED_MAX:
            self._origins.clear()
        listener, address, port = shared.decode().split("\0")
        known = self._origins[shared] = (listener, Endpoint(address, int(port)))
        return known

"""What the translation of a datagram depends on beside the datagram and the configuration.

Each leg of ingest has a memory of its own: it is a function of the records that the leg has seen,
so that a leg that reads them again, after a crash or behind the other, comes to the same events.
"""

from collections.abc import Mapping
from typing import Self

import msgspec

from trapgate.model import Protocol
from trapgate.normalize.identity import Identities
from trapgate.normalize.storm import StormPolicy, Storms
from trapgate.ports import Decoder

SAVED_SCHEMA = 1
"""Version of what `Memory.saved` returns; another one is not read."""


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    decoders: Mapping[Protocol, bytes]


class Memory:
    """The memory of one leg: recent datagrams, who sends too much just now, and a decoder a
    protocol with what it remembers."""

    def __init__(
        self, decoders: Mapping[Protocol, Decoder], identities: Identities, storms: Storms
    ) -> None:
        self.decoders = decoders
        self.identities = identities
        self.storms = storms

    def saved(self) -> bytes:
        """What cannot be read again from the last seconds of the spool; empty if there is none."""
        parts = {protocol: decoder.saved() for protocol, decoder in self.decoders.items()}
        if not any(parts.values()):
            return b""
        return msgspec.msgpack.encode(_Saved(SAVED_SCHEMA, parts))

    def taken_over(self, decoders: Mapping[Protocol, Decoder], policy: StormPolicy) -> Self:
        """The same memory in the hands of newly configured decoders, under a new policy."""
        parts = {protocol: decoder.saved() for protocol, decoder in self.decoders.items()}
        self.storms.use(policy)
        return type(self)(restored(decoders, parts), self.identities, self.storms)


def restored(
    decoders: Mapping[Protocol, Decoder], parts: Mapping[Protocol, bytes]
) -> dict[Protocol, Decoder]:
    """Decoders with memories of their own, each as saved, or new."""
    return {
        protocol: decoder.restored(parts.get(protocol, b""))
        for protocol, decoder in decoders.items()
    }


def parts_of(saved: bytes) -> Mapping[Protocol, bytes]:
    """What was saved, by protocol; nothing if it is damaged or of another version."""
    if not saved:
        return {}
    try:
        read = msgspec.msgpack.decode(saved, type=_Saved)
    except msgspec.DecodeError:
        return {}
    return read.decoders if read.schema == SAVED_SCHEMA else {}

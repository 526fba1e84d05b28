"""What the translation of a datagram depends on beside the datagram and the configuration.

It is a function of the records that were seen, so that who reads them again, after a crash or
behind others, comes to the same events (`recollection`).
"""

from collections.abc import Mapping
from typing import Self

import msgspec

from trapgate.model import Protocol
from trapgate.normalize.identity import Identities
from trapgate.normalize.previous import Previous
from trapgate.normalize.storm import StormPolicy, Storms
from trapgate.ports import Decoder

SAVED_SCHEMA = 1
"""Version of what `Memory.saved` returns; another one is not read."""


class Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a memory: that of each decoder, and of the senders of syslog."""

    schema: int = SAVED_SCHEMA
    decoders: Mapping[Protocol, bytes] = {}
    previous: bytes = b""


class Memory:
    """The memory of the legs of one kind: recent datagrams, who sends too much just now, what
    senders of syslog said before, and a decoder a protocol with what it remembers."""

    def __init__(
        self,
        decoders: Mapping[Protocol, Decoder],
        identities: dict[str, Identities],
        storms: Storms,
        previous: Previous,
    ) -> None:
        self.decoders = decoders
        self._identities = identities
        self.storms = storms
        self.previous = previous

    @classmethod
    def new(
        cls, decoders: Mapping[Protocol, Decoder], policy: StormPolicy, saved: Saved
    ) -> "Memory":
        """A memory of nothing but what was saved."""
        return cls(restored(decoders, saved.decoders), {}, Storms(policy), Previous(saved.previous))

    def beside(self, decoders: Mapping[Protocol, Decoder]) -> "Memory":
        """A memory that has all in common with this one but what decoders and senders of syslog are
        remembered by: for records that those have seen."""
        return Memory(restored(decoders, {}), self._identities, self.storms, Previous())

    def identities(self, stream: str, mark: str) -> Identities:
        """The recent datagrams of a stream, whose lane has this mark. Each has its own, since they
        are not read in step."""
        found = self._identities.get(stream)
        if found is None:
            found = self._identities[stream] = Identities(mark, self._identities)
        return found

    def copied(self) -> "Memory":
        """A memory of its own that knows the same: some ten milliseconds if that is much."""
        parts = {protocol: decoder.saved() for protocol, decoder in self.decoders.items()}
        identities: dict[str, Identities] = {}
        for stream, lane in self._identities.items():
            identities[stream] = lane.copied(identities)
        return Memory(
            restored(self.decoders, parts),
            identities,
            self.storms.copied(),
            self.previous.copied(),
        )

    def saved(self) -> bytes:
        """What cannot be read again from the last seconds of the spool; empty if there is none."""
        parts = {protocol: decoder.saved() for protocol, decoder in self.decoders.items()}
        previous = self.previous.saved()
        if not previous and not any(parts.values()):
            return b""
        return msgspec.msgpack.encode(Saved(SAVED_SCHEMA, parts, previous))

    def taken_over(self, decoders: Mapping[Protocol, Decoder], policy: StormPolicy) -> Self:
        """The same memory in the hands of newly configured decoders, under a new policy."""
        parts = {protocol: decoder.saved() for protocol, decoder in self.decoders.items()}
        self.storms.use(policy)
        return type(self)(restored(decoders, parts), self._identities, self.storms, self.previous)


def restored(
    decoders: Mapping[Protocol, Decoder], parts: Mapping[Protocol, bytes]
) -> dict[Protocol, Decoder]:
    """Decoders with memories of their own, each as saved, or new."""
    return {
        protocol: decoder.restored(parts.get(protocol, b""))
        for protocol, decoder in decoders.items()
    }


def saved_of(data: bytes) -> Saved:
    """What was saved; nothing if it is damaged or of another version."""
    if not data:
        return Saved()
    try:
        read = msgspec.msgpack.decode(data, type=Saved)
    except msgspec.DecodeError:
        return Saved()
    return read if read.schema == SAVED_SCHEMA else Saved()

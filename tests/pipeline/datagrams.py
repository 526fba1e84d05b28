"""Datagrams whose first word says what becomes of them, and everything that translates them."""

from collections.abc import Callable
from typing import Self

from rules.samples import rules
from trapgate.listen import RecordReader
from trapgate.listen.record import encode, origin
from trapgate.mib import MibIndex
from trapgate.model import (
    NS_PER_S,
    Datagram,
    Decoded,
    Endpoint,
    Now,
    Outcome,
    Problem,
    Protocol,
    Refusal,
    SyslogMessage,
    Trap,
)
from trapgate.normalize.origin import Origins
from trapgate.normalize.settings import RateLimitSettings
from trapgate.normalize.sources import Sources
from trapgate.normalize.storm import StormPolicy, Storms
from trapgate.normalize.syslog import SyslogNormalizer
from trapgate.normalize.trap import TrapNormalizer
from trapgate.pipeline.translate import Translator
from trapgate.rules import Matcher

T0 = 1_800_000_000 * NS_PER_S
"""The instant from which tests count seconds; a 10-second bucket begins here."""

TRAPS, LINES = "traps", "lines"
LOCAL = Endpoint("192.0.2.1", 1162)
PROTOCOLS = {TRAPS: Protocol.SNMP, LINES: Protocol.SYSLOG}

UNLIMITED = RateLimitSettings(events_per_second=0)

decode_record = RecordReader().decode


def datagram(
    data: bytes, second: float = 0.0, *, listener: str = TRAPS, peer: str = "10.0.0.1"
) -> Datagram:
    return Datagram(data, Endpoint(peer, 50_000), LOCAL, listener, T0 + round(second * NS_PER_S))


def record(
    data: bytes, second: float = 0.0, *, listener: str = TRAPS, peer: str = "10.0.0.1"
) -> bytes:
    """The same as the raw spool has it."""
    given = datagram(data, second, listener=listener, peer=peer)
    return encode(origin(listener, LOCAL), given.received_at, peer, given.peer.port, data)


def storms() -> Storms:
    """A memory of storms that never comes to anything."""
    return Storms(StormPolicy(Sources(()), UNLIMITED))


class WordDecoder:
    """A protocol of words: `bad` cannot be decoded, `denied` is not let in, `bug` raises, `inform`
    is answered, `many COUNT ...` is so many messages, of `turns` every other one is let in (so that
    there is something to remember), `as NAME ...` is the same message as any other of that name;
    all else is a message whose code is its first word."""

    def __init__(self, protocol: Protocol, turns: int = 0) -> None:
        self.protocol = protocol
        self.decoded: list[bytes] = []
        self.turns = turns

    def decode(self, datagram: Datagram, now: Now) -> Decoded:
        self.decoded.append(datagram.data)
        data = datagram.data
        word = data.partition(b" ")[0].decode()
        match word:
            case "bad":
                return Decoded((), data, (Problem("truncated", "error", "there is no more of it"),))
            case "denied":
                refusal = Refusal(Outcome.COMMUNITY_DENIED, "unknown")
                return Decoded((), data, refusal=refusal)
            case "turns":
                self.turns += 1
                if self.turns % 2 == 0:
                    return Decoded((), data, refusal=Refusal(Outcome.USM, "not-its-turn"))
            case "as":
                name = data.split()[1]
                return Decoded((self._message(word, data),), data, identity=name)
            case "many":
                return Decoded((self._message(word, data),) * int(data.split()[1]), data)
            case "bug":
                raise ZeroDivisionError("a bug")
        answer = Datagram(b"ok", datagram.local, datagram.peer, datagram.listener, now.wall_ns)
        replies = (answer,) if word == "inform" else ()
        return Decoded((self._message(word, data),), data, replies=replies)

    def remembers(self, data: bytes) -> bool:
        return data.startswith(b"turns")

    def saved(self) -> bytes:
        return b"%d" % self.turns if self.turns else b""

    def restored(self, saved: bytes) -> Self:
        made = type(self)(self.protocol, int(saved or 0))
        made.decoded = self.decoded  # the calls of all of them
        return made

    def _message(self, word: str, data: bytes) -> Trap | SyslogMessage:
        if self.protocol is Protocol.SNMP:
            return Trap("2c", "trap", 1, "default", word, None, (), data)
        return SyslogMessage(
            format="unparsed",
            facility=None,
            severity=None,
            timestamp=None,
            clock_trusted=False,
            hostname=None,
            appname=None,
            procid=None,
            msgid=None,
            structured_data={},
            sequence=int(data.split()[1]) if word == "line" and b" " in data else None,
            provider=None,
            code=word,
            vendor_severity=None,
            fields={},
            message=data.decode(),
            raw=data,
        )


def translator(
    on_bug: Callable[[Datagram, Exception], None] = lambda *_: None,
    decoders: dict[Protocol, WordDecoder] | None = None,
    limit: RateLimitSettings = UNLIMITED,
) -> Translator:
    sources = Sources(())
    return Translator(
        protocols=PROTOCOLS,
        decoders=decoders or {protocol: WordDecoder(protocol) for protocol in Protocol},
        traps=TrapNormalizer(MibIndex(()), Origins(sources)),
        syslog=SyslogNormalizer(sources),
        sources=sources,
        storms=StormPolicy(sources, limit),
        matcher=Matcher(rules()),
        on_bug=on_bug,
    )

"""What is saved of a memory, and what is made of it."""

import pytest

from pipeline.datagrams import WordDecoder, storms
from trapgate.model import Protocol
from trapgate.normalize.previous import Previous
from trapgate.pipeline.memory import Memory, Saved, saved_of


def test_each_protocol_finds_its_own() -> None:
    decoders = {
        Protocol.SNMP: WordDecoder(Protocol.SNMP, 3),
        Protocol.SYSLOG: WordDecoder(Protocol.SYSLOG, 5),
    }
    saved = Memory(decoders, {}, storms(), Previous()).saved()
    assert saved_of(saved).decoders == {Protocol.SNMP: b"3", Protocol.SYSLOG: b"5"}


def test_nothing_to_remember_is_nothing_to_save() -> None:
    decoders = {protocol: WordDecoder(protocol) for protocol in Protocol}
    assert Memory(decoders, {}, storms(), Previous()).saved() == b""


@pytest.mark.parametrize("saved", [b"", b"\0", b"\x82", b"nonsense", b"\x81\xa6schema\x02"])
def test_what_is_damaged_is_as_good_as_nothing(saved: bytes) -> None:
    assert saved_of(saved) == Saved()

"""What is said again is looked up whole; nobody must be able to tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.snmp.corpus import IF_ENTRY, IF_INDEX, ODD, PLAIN, TRAP_OID, UPTIME
from decode.snmp.wire import NOW, datagram, header, integer, message, notification, tlv, varbind
from trapgate.decode.snmp import SnmpDecoder, SnmpSettings
from trapgate.decode.snmp import varbinds as module
from trapgate.decode.snmp.pdu import SYS_UPTIME
from trapgate.model import Decoded, Trap

CORPUS = [*PLAIN.values(), *(data for data, _ in ODD.values())]
PAYLOAD = IF_INDEX + varbind(f"{IF_ENTRY}.2.3", tlv(0x04, b"Gi0/3"))


def trapped(*varbinds: bytes) -> bytes:
    return message(notification(*varbinds))


def fresh(data: bytes) -> Decoded:
    return SnmpDecoder(SnmpSettings()).decode(datagram(data), NOW)


def trap(decoded: Decoded) -> Trap:
    (message,) = decoded.messages
    assert isinstance(message, Trap)
    return message


def test_the_second_time_is_as_the_first() -> None:
    decoder = SnmpDecoder(SnmpSettings())
    for _ in range(2):
        for data in CORPUS:
            assert decoder.decode(datagram(data), NOW) == fresh(data)


@given(st.lists(st.sampled_from(CORPUS), min_size=1, max_size=4), st.data())
def test_what_is_remembered_is_no_part_of_other_datagrams(
    given: list[bytes], data: st.DataObject
) -> None:
    decoder = SnmpDecoder(SnmpSettings())
    for each in given:
        decoder.decode(datagram(each), NOW)
        at = data.draw(st.integers(0, max(0, len(each) - 1)))
        changed = bytearray(each)
        if changed:
            changed[at] ^= data.draw(st.integers(1, 255))
        assert decoder.decode(datagram(bytes(changed)), NOW) == fresh(bytes(changed))


@pytest.mark.parametrize("uptime", [0, 1, 127, 128, 255, 256, 2**23, 2**24, 2**31 - 1])
def test_the_same_payload_with_another_uptime(uptime: int) -> None:
    decoder = SnmpDecoder(SnmpSettings())
    first = trap(decoder.decode(datagram(trapped(header(), PAYLOAD)), NOW))
    second = trap(decoder.decode(datagram(trapped(header(uptime=uptime), PAYLOAD)), NOW))
    assert second.uptime == uptime
    assert second.varbinds is first.varbinds  # so that others, too, can tell it by which it is


@pytest.mark.parametrize("uptime", [-1, 2**32 - 1, 2**32, 2**40])
def test_an_odd_uptime_is_read_with_care(uptime: int) -> None:
    decoder = SnmpDecoder(SnmpSettings())
    decoder.decode(datagram(trapped(header(), PAYLOAD)), NOW)
    odd = trapped(varbind(SYS_UPTIME, integer(uptime, 0x43)), TRAP_OID, PAYLOAD)
    assert decoder.decode(datagram(odd), NOW) == fresh(odd)


def test_what_is_odd_is_told_each_time() -> None:
    decoder = SnmpDecoder(SnmpSettings())
    repeated = trapped(UPTIME, TRAP_OID, PAYLOAD, IF_INDEX)
    for _ in range(2):
        problems = trap(decoder.decode(datagram(repeated), NOW)).problems
        assert [problem.code for problem in problems] == ["repeated-varbind"]


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAYLOADS_MAX", 3)
    decoder = SnmpDecoder(SnmpSettings())
    reader = decoder._reader
    for number in range(10):
        decoder.decode(datagram(trapped(header(), varbind("1.3.6.1.9", integer(number)))), NOW)
        assert len(reader.payloads) <= 3
    decoder.decode(datagram(trapped(header(), varbind("1.3.6.1.9", tlv(0x04, bytes(1_100))))), NOW)
    assert all(len(encoded) <= module.PAYLOAD_BYTES_MAX for encoded in reader.payloads)

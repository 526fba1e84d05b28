"""Capture files: both formats in all their forms, and files that are damaged."""

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.captures import (
    AT_NS,
    RAW,
    block,
    interface,
    option,
    packet_block,
    pcap,
    pcapng,
    section,
)
from trapgate.cli.capture import FRAME_BYTES_MAX, DamagedCapture, Frame, frames, is_capture

PACKETS = [b"first", b"", b"third packet"]


def read(whole: bytes) -> list[Frame]:
    file = BytesIO(whole)
    return list(frames(file.read(4), file))


def read_to_damage(whole: bytes) -> tuple[list[Frame], str]:
    found: list[Frame] = []
    file = BytesIO(whole)
    try:
        found.extend(frames(file.read(4), file))
    except DamagedCapture as damaged:
        return found, str(damaged)
    return found, ""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_pcap(order: str, nano: bool) -> None:
    at_ns = AT_NS if nano else AT_NS // 1_000 * 1_000
    assert read(pcap(PACKETS, link=RAW, order=order, nano=nano)) == [
        Frame(n + 1, at_ns + n * 10**9, RAW, packet) for n, packet in enumerate(PACKETS)
    ]


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng(order: str) -> None:
    assert read(pcapng(PACKETS, link=RAW, order=order)) == [
        Frame(n + 1, AT_NS + n, RAW, packet) for n, packet in enumerate(PACKETS)
    ]


def test_pcapng_with_several_interfaces_and_sections() -> None:
    binary = option(9, b"\x8a")  # 1/1024 s
    later = option(2, b"eth0") + option(14, struct.pack("<q", 100)) + option(0, b"")
    whole = (
        section()
        + interface(1)
        + interface(RAW, options=binary)
        + interface(113, options=later)
        + block(5, b"statistics")
        + packet_block(b"a", 1_500_000)
        + packet_block(b"b", 1_536, number=1)
        + packet_block(b"c", 1_000_000, number=2)
        + block(3, struct.pack("<I", 1) + b"d")
        + section(">")
        + interface(276, ">")
        + packet_block(b"e", 1, order=">")
        + block(2, struct.pack(">HHIIII", 0, 0, 0, 2, 1, 1) + b"f", ">")
    )
    assert read(whole) == [
        Frame(1, 1_500_000_000, 1, b"a"),
        Frame(2, 1_500_000_000, RAW, b"b"),
        Frame(3, 101_000_000_000, 113, b"c"),
        Frame(4, None, 1, b"d"),
        Frame(5, 1_000, 276, b"e"),
        Frame(6, 2_000, 276, b"f"),
    ]


@pytest.mark.parametrize("whole", [pcap(PACKETS), pcapng(PACKETS)], ids=["pcap", "pcapng"])
def test_cut_anywhere(whole: bytes) -> None:
    complete = read(whole)
    for size in range(4, len(whole)):
        found, damage = read_to_damage(whole[:size])
        assert found == complete[: len(found)]
        assert damage or len(found) < len(complete)
        if damage:
            assert damage.startswith("the file ends within ")
    assert len(read_to_damage(whole[:-1])[0]) == len(complete) - 1


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (
            pcap([b"a"])[:-1] + b"b" + struct.pack("<IIII", 0, 0, FRAME_BYTES_MAX + 1, 1),
            "packet 2 at byte 41 claims to have 262145 bytes",
        ),
        (section() + struct.pack("<II", 6, 8), "the block at byte 28 claims to have 8 bytes"),
        (section() + struct.pack("<II", 9, 0), "the block at byte 28 claims to have 0 bytes"),
        (section() + struct.pack("<II", 6, 1 << 30), "the block at byte 28 claims to have "),
        (section() + block(6, bytes(8)), "the block at byte 28 is too short"),
        (section() + packet_block(b"x", 0), "packet 1 names an interface that is not described"),
        (section()[:8] + bytes(20), "the section header at byte 0 has no byte order"),
        (section() + block(9, b"")[:-4] + bytes(4), "the block at byte 28 does not end where it"),
        (section() + block(9, bytes(1_000))[:-500], "the file ends within the block at byte 28"),
    ],
)
def test_damage_is_told_with_its_place(whole: bytes, said: str) -> None:
    _, damage = read_to_damage(whole)
    assert damage.startswith(said)


@given(st.sampled_from([pcap([])[:24], section() + interface()]), st.binary(max_size=200))
def test_any_bytes(start: bytes, rest: bytes) -> None:
    read_to_damage(start + rest)


@given(st.data())
def test_any_byte_changed(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([pcap(PACKETS), pcapng(PACKETS)])))
    whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read_to_damage(bytes(whole))


def test_a_capture_is_told_by_its_beginning() -> None:
    assert is_capture(pcap([])[:4])
    assert is_capture(pcapng([])[:4])
    assert not is_capture(b"3054")
    assert not is_capture(b"\x30\x54\x02\x01")
    assert not is_capture(b"")


@pytest.mark.parametrize(
    ("units", "options"),
    [
        ((1 << 64) - 1, b""),
        (0, option(14, struct.pack("<q", -(10**12)))),
        (0, option(14, struct.pack("<q", 1 << 62))),
        (0, option(14, struct.pack("<q", 253_402_300_800))),
    ],
)
def test_a_time_that_cannot_be_is_none(units: int, options: bytes) -> None:
    whole = section() + interface(RAW, options=options) + packet_block(b"a", units)
    assert read(whole) == [Frame(1, None, RAW, b"a")]


def test_the_last_time_that_can_be_written_is_one() -> None:
    late = option(14, struct.pack("<q", 253_402_300_799))
    whole = section() + interface(RAW, options=late) + packet_block(b"a", 0)
    assert read(whole) == [Frame(1, 253_402_300_799 * 10**9, RAW, b"a")]

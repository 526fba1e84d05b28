"""Frames: whole, cut, damaged, forged."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.spool import FRAME_RECORDS_MAX, SpoolUnusable
from trapgate.spool.segment import (
    SEGMENT_HEADER_BYTES,
    WINDOW_BYTES,
    Segment,
    encode_frame,
    encode_segment_header,
    frame_bytes,
    segment_name,
    segment_sequences,
)

MARKER = b"mark"


def segment_of(folder: Path, *frames: bytes) -> Segment:
    path = folder / segment_name(1)
    path.write_bytes(encode_segment_header(MARKER, 1) + b"".join(frames))
    segment = Segment.open(folder, 1)
    assert segment is not None
    return segment


@given(payloads=st.lists(st.binary(max_size=50), min_size=1, max_size=20))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes]) -> None:
    frame = encode_frame(MARKER, 7, payloads)
    assert len(frame) == frame_bytes(payloads)
    segment = segment_of(tmp_path_factory.mktemp("segment"), frame, b"behind")
    found = segment.frame_at(SEGMENT_HEADER_BYTES)
    assert found is not None
    assert found.records == list(enumerate(payloads, 7))
    assert found.end == SEGMENT_HEADER_BYTES + len(frame)
    segment.close()


@pytest.mark.parametrize("payloads", [[], [b""] * (FRAME_RECORDS_MAX + 1)])
def test_what_is_no_frame(payloads: list[bytes]) -> None:
    with pytest.raises(ValueError, match="is no frame"):
        encode_frame(MARKER, 1, payloads)


def test_every_damaged_byte_is_noticed(tmp_path: Path) -> None:
    frame = encode_frame(MARKER, 7, [b"first", b"second"])
    for index in range(len(frame)):
        damaged = bytearray(frame)
        damaged[index] ^= 0x10
        segment = segment_of(tmp_path, bytes(damaged))
        assert segment.frame_at(SEGMENT_HEADER_BYTES) is None, index
        segment.close()


def test_the_next_frame_is_found_across_windows(tmp_path: Path) -> None:
    """Wherever the marker falls at the window's edge."""
    frame = encode_frame(MARKER, 7, [b"here"])
    for short in range(len(MARKER) + 1):
        garbage = bytes(WINDOW_BYTES - short)
        segment = segment_of(tmp_path, garbage, frame)
        expected = SEGMENT_HEADER_BYTES + len(garbage)
        assert segment.next_frame(SEGMENT_HEADER_BYTES) == expected
        segment.close()


def test_a_frame_inside_a_record_is_not_found(tmp_path: Path) -> None:
    """A device sends a frame with a marker it guessed; the frame around it is then damaged."""
    forged = encode_frame(b"gues", 1, [b"forged"])
    outer = bytearray(encode_frame(MARKER, 1, [forged]))
    outer[5] ^= 1
    sound = encode_frame(MARKER, 2, [b"sound"])
    segment = segment_of(tmp_path, bytes(outer), sound)
    found = segment.next_frame(SEGMENT_HEADER_BYTES)
    assert found == SEGMENT_HEADER_BYTES + len(outer)
    segment.close()


def test_what_was_taken_back_before_the_number_was_said_is_not_there(tmp_path: Path) -> None:
    """The number is looked at first, and the file as it is then: a frame in a view from before may
    be one that is no more."""
    frames = [encode_frame(MARKER, number, [b"%d" % number]) for number in (1, 2)]
    path = tmp_path / segment_name(1)
    path.write_bytes(encode_segment_header(MARKER, 1) + b"".join(frames))

    def synced() -> int:
        os.truncate(path, SEGMENT_HEADER_BYTES + len(frames[0]))  # 2 is refused
        return 3  # and 3 is in the next segment

    segment = Segment.open(tmp_path, 1, synced)
    assert segment is not None
    first = segment.frame_at(SEGMENT_HEADER_BYTES)
    assert first is not None
    assert segment.frame_at(first.end) is None
    segment.close()


def test_a_frame_larger_than_the_window(tmp_path: Path) -> None:
    payloads = [bytes([index]) * 65_535 for index in range(40)]
    segment = segment_of(tmp_path, encode_frame(MARKER, 1, payloads))
    frame = segment.frame_at(SEGMENT_HEADER_BYTES)
    assert frame is not None
    assert [payload for _, payload in frame.records] == payloads
    segment.close()


def test_a_segment_of_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    header = bytearray(encode_segment_header(MARKER, 1))
    header[8] = 2
    (tmp_path / segment_name(1)).write_bytes(header)
    with pytest.raises(SpoolUnusable, match="has schema 2, not 1"):
        Segment.open(tmp_path, 1)


@pytest.mark.parametrize("header", [b"", b"trapgate", b"x" * SEGMENT_HEADER_BYTES])
def test_a_damaged_segment_header_is_no_segment(tmp_path: Path, header: bytes) -> None:
    (tmp_path / segment_name(1)).write_bytes(header)
    assert Segment.open(tmp_path, 1) is None


def test_only_segments_are_listed(tmp_path: Path) -> None:
    for name in ("stream", "store.cursor", segment_name(300), segment_name(7), "1.seg"):
        (tmp_path / name).touch()
    (tmp_path / (segment_name(9) + ".new")).touch()
    assert segment_sequences(tmp_path) == [7, 300]
    assert segment_sequences(tmp_path / "missing") == []

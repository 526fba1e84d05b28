"""Stream framing: a table of streams and their frames, whole and cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.listen import BadFrame, Framer
from trapgate.model import DATAGRAM_BYTES_MAX

STREAMS = [
    (b"", []),
    (b"<1>a\n", [b"<1>a"]),
    (b"<1>a\n<2>b\n", [b"<1>a", b"<2>b"]),
    (b"<1>a\r\n<2>b\0<3>c\n\0", [b"<1>a", b"<2>b", b"<3>c"]),
    (b"\n\r\n<1>a\n\n", [b"<1>a"]),
    (b"<1>a\rb\n", [b"<1>a\rb"]),
    (b"<1>no end", [b"<1>no end"]),
    (b"<1>a\n5 not counted\n", [b"<1>a", b"5 not counted"]),
    (b"4 <1>a", [b"<1>a"]),
    (b"4 <1>a6 <2>b\nc", [b"<1>a", b"<2>b\nc"]),
    (b"4 <1>a10 cut", [b"<1>a", b"cut"]),
    (b"4 <1>a1", [b"<1>a"]),
]


def frames_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    framer = Framer()
    frames: list[bytes] = []
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for start, stop in pairwise(bounds):
        frames += framer.feed(stream[start:stop])
    return frames + framer.end()


@pytest.mark.parametrize(("stream", "frames"), STREAMS)
def test_frames(stream: bytes, frames: list[bytes]) -> None:
    assert frames_of(stream, []) == frames
    assert frames_of(stream, list(range(len(stream)))) == frames


@given(
    stream=st.lists(st.sampled_from([b"<1>x", b"\n", b"\r", b"\0", b"9"])).map(b"".join),
    cuts=st.lists(st.integers(0, 200), max_size=10),
)
def test_reads_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    stream = b"<" + stream
    assert frames_of(stream, cuts) == frames_of(stream, [])


@given(
    messages=st.lists(st.binary(min_size=1, max_size=30), min_size=1),
    cuts=st.lists(st.integers(0, 2_000), max_size=10),
)
def test_counted_frames_may_hold_anything(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"%d %s" % (len(message), message) for message in messages)
    assert frames_of(stream, cuts) == messages


@pytest.mark.parametrize("excess", [0, 1, 2, 100_000])
@pytest.mark.parametrize("read_bytes", [1_000, 65_536, 1_000_000])
def test_long_frames_are_cut_and_the_rest_skipped(excess: int, read_bytes: int) -> None:
    message = b"<" + b"x" * (DATAGRAM_BYTES_MAX - 1)
    rest = b"y" * excess
    for stream in (
        message + rest + b"\n<2>next\n",
        message + rest + b"\r\n<2>next\n",
        b"%d " % (len(message) + excess) + message + rest + b"7 <2>next",
    ):
        cuts = list(range(0, len(stream), read_bytes))
        assert frames_of(stream, cuts) == [message, b"<2>next"]


@pytest.mark.parametrize(
    "bad", [b"x", b"0 ", b"-1 ", b" ", b"\n", b"123456789", b"12345678x", b"1x"]
)
def test_what_is_no_octet_count(bad: bytes) -> None:
    stream = b"4 <1>a" + bad
    framer = Framer()
    with pytest.raises(BadFrame) as whole:
        framer.feed(stream)
    assert whole.value.frames == [b"<1>a"]
    with pytest.raises(BadFrame):
        frames_of(stream, list(range(len(stream))))


def test_the_largest_count_is_accepted() -> None:
    framer = Framer()
    assert framer.feed(b"99999999 x") == []
    assert framer.end() == [b"x"]

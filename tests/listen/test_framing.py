"""Stream framing: a table of streams and their frames, whole and cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.listen import BadFrame, Framer
from trapgate.listen.framing import BAD_FRAMES_MAX
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
    "bad", [b"x", b"0 ", b"-1 ", b" ", b"123456789", b"12345678x", b"1x", b"<1>no end "]
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\0", b""])
def test_what_is_no_octet_count_is_a_frame_of_its_own(bad: bytes, end: bytes) -> None:
    stream = b"4 <1>a" + bad + b"damaged" + end + b"4 <2>b" + b"4 <3>c"
    frames = [b"<1>a", bad + b"damaged", b"<2>b", b"<3>c"]
    assert frames_of(stream, []) == frames
    assert frames_of(stream, list(range(len(stream)))) == frames


def test_a_count_in_characters_instead_of_bytes() -> None:
    """The tail of each such message is a stretch of its own; the others are whole."""
    message = "<14>Tür auf"
    stream = f"{len(message)} {message}".encode() + b"7 <14>abc"
    assert frames_of(stream * 50, []) == ["<14>Tür au".encode(), b"f", b"<14>abc"] * 50


def test_a_count_that_is_too_large() -> None:
    stream = b"7 <1>one" + b"6 <2>two" + b"6 <3>end"
    assert frames_of(stream, []) == [b"<1>one6", b" <2>two", b"<3>end"]


MIXED = [
    (b"<1>line\n7 <2>coun<3>line\n", [b"<1>line", b"<2>coun", b"<3>line"]),
    (b"7 <1>coun<2>line\n7 <3>coun", [b"<1>coun", b"<2>line", b"<3>coun"]),
    (b"4 <1>a\n4 <2>b\r\n4 <3>c\0", [b"<1>a", b"<2>b", b"<3>c"]),
    (b"<1>a\n12 monkeys\n<2>b\n", [b"<1>a", b"12 monkeys", b"<2>b"]),
    (b"2026 was a year\n<1>a\n", [b"was a year\n<1>a\n"]),
    (b"2026-11-21 text\n2026-11-22 more\n", [b"2026-11-21 text", b"2026-11-22 more"]),
    (b"4 <1>a<2>b\nplain\n12 monkeys\n", [b"<1>a", b"<2>b", b"plain", b"12 monkeys"]),
    (b"<1>a\n8 <2>b\nbbb<3>c\n\nd\n", [b"<1>a", b"<2>b\nbbb", b"<3>c", b"d"]),
    (b"4 <1>aGET / HTTP/1.1\n12 monkeys\n<2>b\nplain\n", None),
]


@pytest.mark.parametrize(("stream", "frames"), MIXED)
def test_the_form_may_change_with_each_message(stream: bytes, frames: list[bytes] | None) -> None:
    if frames is None:
        frames = [b"<1>a", b"GET / HTTP/1.1", b"12 monkeys", b"<2>b", b"plain"]
    assert frames_of(stream, []) == frames
    assert frames_of(stream, list(range(len(stream)))) == frames


def test_who_never_gets_it_right_is_given_up() -> None:
    framer = Framer()
    garbage = [b"line %d" % index for index in range(BAD_FRAMES_MAX)]
    rest = b"r" * (DATAGRAM_BYTES_MAX + 1)
    with pytest.raises(BadFrame) as given_up:
        framer.feed(b"4 <1>a" + b"\n".join(garbage) + b"\n" + rest)
    assert given_up.value.frames == [b"<1>a", *garbage, rest[:-1], b"r"]
    assert framer.bad_frames == BAD_FRAMES_MAX
    assert framer.end() == []


def test_other_forms_are_no_damage() -> None:
    framer = Framer()
    framer.feed(b"4 <1>a<2>b\nplain\n12 monkeys\n4 <3>c\r\n\0<4>d\n")
    assert framer.bad_frames == 0


def test_a_good_frame_forgives() -> None:
    framer = Framer()
    assert len(framer.feed(b"4 <1>a" + b"x\n4 <2>b" * 1_000)) == 2_001
    assert framer.bad_frames == 1_000


PARTS = [
    b"4 <1>a",
    b"9 <1>b",
    b"12 ",
    b"<2>c",
    b"<2>c\n",
    b"\n",
    b"\r",
    b"\0",
    b"7",
    b" ",
    b"x" * 9,
]


@given(
    parts=st.lists(st.sampled_from(PARTS) | st.binary(max_size=6), max_size=40),
    cuts=st.lists(st.integers(0, 400), max_size=20),
)
def test_no_byte_is_lost_however_the_stream_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    """What is between the frames are counts, spaces and line ends."""
    stream = b"".join(parts)
    frames = whole_or_given_up(stream, [])
    assert whole_or_given_up(stream, cuts) == frames
    at = 0
    for frame in frames:
        found = stream.index(frame, at)
        assert not stream[at:found].strip(b"0123456789 \r\n\0")
        at = found + len(frame)
    assert not stream[at:].strip(b"0123456789 \r\n\0")


def whole_or_given_up(stream: bytes, cuts: list[int]) -> list[bytes]:
    """The frames, with what is left if the stream is given up: the cut of that depends on the
    reads, its bytes do not."""
    framer = Framer()
    frames: list[bytes] = []
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for start, stop in pairwise(bounds):
        try:
            frames += framer.feed(stream[start:stop])
        except BadFrame as bad:
            left = bad.frames[-1] if bad.frames else b""
            return [*frames, *bad.frames[:-1], left + stream[stop:]]
    return frames + framer.end()


@pytest.mark.parametrize("read_bytes", [1_000, 65_536, 1_000_000])
def test_a_long_damaged_stretch_is_several_frames(read_bytes: int) -> None:
    size = 3 * DATAGRAM_BYTES_MAX + 7
    stream = b"4 <1>a" + b"x" * size + b"4 <2>b"
    frames = frames_of(stream, list(range(0, len(stream), read_bytes)))
    assert [len(frame) for frame in frames] == [4, *[DATAGRAM_BYTES_MAX] * 3, 7, 4]


def test_a_stretch_byte_by_byte() -> None:
    """A count may begin at each of them."""
    framer = Framer()
    framer.feed(b"4 <1>a")
    for _ in range(2_000):
        assert framer.feed(b"9") == []
        assert framer.feed(b"x") == []
    assert framer.feed(b"\n") == [b"9x" * 2_000]


def test_the_largest_count_is_accepted() -> None:
    framer = Framer()
    assert framer.feed(b"99999999 x") == []
    assert framer.end() == [b"x"]

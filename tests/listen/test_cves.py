"""What brought other syslog receivers down over TCP, by its CVE."""

import pytest

from trapgate.listen import Framer
from trapgate.listen.framing import OCTET_COUNT_DIGITS_MAX
from trapgate.model import DATAGRAM_BYTES_MAX


@pytest.mark.parametrize("digits", [9, 10, 11, 100, 100_000])
def test_cve_2022_24903(digits: int) -> None:
    """rsyslog (GHSA-ggw7-xr6h-mmr8) wrote the digits of an octet count behind the buffer that it
    collected them in: here a count that is too long is none, whole or digit by digit; what came is
    kept, the next frame is whole."""
    count = b"1" * digits + b" x\n"
    stream = b"4 <1>a" + count + b"4 <2>b"
    for read in (1, len(stream)):
        framer = Framer()
        frames = [
            frame
            for at in range(0, len(stream), read)
            for frame in framer.feed(stream[at : at + read])
        ]
        assert (frames[0], frames[-1]) == (b"<1>a", b"<2>b")
        assert b"".join(frames[1:-1]) == count[:-1]
        assert framer.bad_frames == len(frames) - 2 == -(-len(count) // DATAGRAM_BYTES_MAX)
    line = Framer()
    kept = line.feed(b"1" * digits + b" x\n5 <1>ok")
    assert kept == [count[:-1][:DATAGRAM_BYTES_MAX], b"<1>ok"]
    assert digits > OCTET_COUNT_DIGITS_MAX


@pytest.mark.parametrize("size", [DATAGRAM_BYTES_MAX + 1, 200_000, 3_000_000])
@pytest.mark.parametrize("read", [1_000, 65_536])
def test_cve_2026_19654(size: int, read: int) -> None:
    """rsyslog's imptcp lost its place after a frame that was too large, and read on behind its
    buffer: here it is cut, its rest skipped, and the next frame is whole."""
    stream = b"%d %s" % (size, b"x" * size) + b"5 <1>ok" + b"5 <2>ok"
    framer = Framer()
    frames = [f for at in range(0, len(stream), read) for f in framer.feed(stream[at : at + read])]
    assert frames == [b"x" * DATAGRAM_BYTES_MAX, b"<1>ok", b"<2>ok"]
    lines = b"<3>" + b"x" * size + b"\n<1>ok\n"
    framer = Framer()
    frames = [f for at in range(0, len(lines), read) for f in framer.feed(lines[at : at + read])]
    assert [len(frame) for frame in frames] == [DATAGRAM_BYTES_MAX, 5]
    assert frames[-1] == b"<1>ok"

"""What brought other syslog receivers down over TCP, by its CVE."""

import pytest

from trapgate.listen import BadFrame, Framer
from trapgate.listen.framing import OCTET_COUNT_DIGITS_MAX
from trapgate.model import DATAGRAM_BYTES_MAX


@pytest.mark.parametrize("digits", [9, 10, 11, 100, 100_000])
def test_cve_2022_24903(digits: int) -> None:
    """rsyslog (GHSA-ggw7-xr6h-mmr8) wrote the digits of an octet count behind the buffer that it
    collected them in: a count that is too long ends the stream, whole or digit by digit."""
    with pytest.raises(BadFrame):
        Framer().feed(b"1" * digits + b" x")
    framer = Framer()
    for _ in range(OCTET_COUNT_DIGITS_MAX):
        assert framer.feed(b"1") == []
    with pytest.raises(BadFrame):
        framer.feed(b"1")


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

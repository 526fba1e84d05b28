"""A disk that damages the spool: what is lost is counted and told, and the rest is there."""

import os
import signal
from pathlib import Path

import pytest

from system.running import Trapgate, eventually
from system.traffic import Sender, link_trap

pytestmark = pytest.mark.real

BURSTS, LINES = 10, 300
"""Each burst is some batches of its own."""

DAMAGE_BYTES = 64


@pytest.fixture
def written(trapgate: Trapgate) -> int:
    """A spool that nobody has read, of a trapgate that was killed; how many lines it holds."""
    os.kill(trapgate.process("ingest"), signal.SIGSTOP)
    with Sender(trapgate.syslog) as device:
        for burst in range(BURSTS):
            device.send_all(b"<189>line %d of %d" % (number, burst) for number in range(LINES))
            eventually(
                lambda: trapgate.counted("trapgate_listen_datagrams_total") == device.sent, "read"
            )
        trapgate.kill()
        return device.sent


def damage(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(DAMAGE_BYTES))


@pytest.mark.parametrize("place", ["middle", "end"])
def test_what_is_lost_is_counted_and_told(trapgate: Trapgate, written: int, place: str) -> None:
    """In the middle readers pass it, at the end it is cut: both while the two legs of ingest read
    together."""
    segments = [
        *trapgate.layout.raw_spool.glob("*.seg"),
        *trapgate.layout.bulk_lane(1).glob("*.seg"),
    ]
    path = max(segments, key=lambda path: path.stat().st_size)
    size_bytes = path.stat().st_size
    damage(path, size_bytes // 2 if place == "middle" else size_bytes - DAMAGE_BYTES)
    trapgate.start()
    eventually(lambda: lost(trapgate) > 0, "it is counted")
    with Sender(trapgate.snmp, "::1") as another:  # a barrier to what is lost ends with it
        another.send(link_trap(1))
    written += 1
    eventually(lambda: trapgate.accounted() + lost(trapgate) >= written, "the rest is stored")
    assert trapgate.accounted() + lost(trapgate) == written
    assert lost(trapgate) <= LINES
    assert trapgate.counted("trapgate_spool_corrupt_total") == 1
    (line,) = [each for each in trapgate.text_of("stderr").splitlines() if "spool.corrupt" in each]
    assert f"process={'ingest' if place == 'middle' else 'receive'} " in line
    assert f"file={path.name} " in line
    assert f"records={lost(trapgate)} " in line


def lost(trapgate: Trapgate) -> int:
    return trapgate.counted("trapgate_spool_corrupt_records_total")

"""The receive loop over loopback sockets and a real spool: everything sent is somewhere."""

import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from trapgate.config import Address, Cidr
from trapgate.listen import BoundListener, ListenerSettings, RecordReader, bind, encode, origin
from trapgate.model import NS_PER_S, Endpoint, Now
from trapgate.observe import Metrics, sounding
from trapgate.pipeline.diversion import PEER_RECORDS_MIN, PEER_SHARE
from trapgate.pipeline.intake import (
    CALM_NS,
    HELD_RETRY_NS,
    PIECE_BYTES_MAX,
    PIECE_RECORDS_MAX,
    PRESSED_SHARE,
    ROOM_FRAMES_MIN,
    SILENT_NS,
    Intake,
    frames,
)
from trapgate.pipeline.lanes import decode_barrier
from trapgate.pipeline.receive import BATCH_RECORDS_MAX, Changes, Receive
from trapgate.spool import (
    FRAME_RECORDS_MAX,
    Doorbell,
    SpoolReader,
    SpoolWriter,
)
from trapgate.spool.writer import KEEP_S


def listener(
    name: str, transport: str = "udp", allow: str = "any", buffer_bytes: int = 1 << 26
) -> BoundListener:
    return bind(
        ListenerSettings(
            name=name,
            protocol="syslog",
            transport="tcp" if transport == "tcp" else "udp",
            address=Address.from_text("*:0"),
            allow=(Cidr.from_text(allow),),
            receive_buffer_bytes=buffer_bytes,
        )
    )


class Site:
    """A receiver with its surroundings; the test turns it and moves its clock."""

    def __init__(
        self,
        folder: Path,
        *listeners: BoundListener,
        size_max_bytes: int = 1 << 30,
        sync: Callable[[int], None] = os.fdatasync,
        changes: Changes | None = None,
    ) -> None:
        self.folder = folder / "raw"
        self.listeners: tuple[BoundListener, ...] = listeners
        self.metrics_path = folder / "receive.prom"
        self.elapsed_ns = NS_PER_S
        self.finished = False
        self.stop_fd = os.eventfd(0)
        self.metrics = Metrics()
        self.bell = Doorbell()
        self.writer, self.bulk_writer = (
            SpoolWriter.open(
                folder / name,
                size_max_bytes=size_max_bytes,
                sync=sync,
                clock=count(2**62, (KEEP_S + 1) * NS_PER_S).__next__,  # what it wrote is old then
            )
            for name in ("raw", "raw-bulk")
        )
        self.reader = SpoolReader.open(self.folder, "store")
        self.bulk_reader = SpoolReader.open(folder / "raw-bulk", "store")
        self.intake = Intake(
            self.writer,
            self.bulk_writer,
            self.bell,
            self.metrics,
            pacer="store",
            size_max_bytes=size_max_bytes,
        )
        self.receive = Receive(
            listeners,
            self.intake,
            self.metrics,
            self.metrics_path,
            readers=("store",),
            stop=self.stop_fd,
            changes=changes,
            clock=lambda: Now(1_700_000_000 * NS_PER_S, self.elapsed_ns),
        )

    def finish(self) -> None:
        if not self.finished:
            self.finished = True
            self.receive.finish()

    def turn(self, count: int = 1) -> None:
        for _ in range(count):
            assert self.receive.turn(0)

    def send(self, count: int, data: bytes = b"trap", host: str = "127.0.0.1") -> None:
        """Datagrams of one peer to the first listener."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            for index in range(count):
                sender.sendto(b"%d " % index + data, (host, self.listeners[0].local.port))

    def connect(self, index: int) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.listeners[index].local.port))

    def records(self) -> list[bytes]:
        """The data of everything in the spool: of the first lane, then of the other."""
        return self.lane(self.reader) + self.lane(self.bulk_reader)

    def lane(self, reader: SpoolReader) -> list[bytes]:
        found: list[tuple[int, bytes]] = []
        while more := reader.read(found[-1][0] if found else 0, 10_000):
            found += more
        records = [record for _, record in found if decode_barrier(record) is None]
        return [RecordReader().decode(record).data for record in records]

    def read(self) -> float:
        return self.total("trapgate_listen_datagrams_total")

    def counted(self, listener: str) -> float:
        """Datagrams read by a listener of this name."""
        name = "trapgate_listen_datagrams_total"
        return self.metrics.registry.get_sample_value(name, {"listener": listener}) or 0.0

    def dropped(self, reason: str) -> float:
        return self.total("trapgate_listen_dropped_total", reason)

    def total(self, name: str, reason: str = "") -> float:
        labels = {"reason": reason} if reason else {}
        values = [
            self.metrics.registry.get_sample_value(name, {"listener": each.settings.name} | labels)
            for each in self.listeners
        ]
        return sum(value or 0.0 for value in values)

    def close(self) -> None:
        self.finish()
        self.reader.close()
        self.bulk_reader.close()
        self.writer.close()
        self.bulk_writer.close()
        for each in self.listeners:
            each.close()
        os.close(self.stop_fd)
        self.bell.close()


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    """Sites that are closed when the test ends."""
    sites: list[Site] = []
    yield sites
    for site in sites:
        site.close()


def test_everything_sent_is_a_record_or_counted(tmp_path: Path, sites: list[Site]) -> None:
    site = Site(tmp_path, listener("traps"), listener("lines", "tcp"), listener("more"))
    sites.append(site)
    site.turn()
    with site.connect(1) as client:
        site.turn()
        client.sendall(b"<1>a\n<2>b\n<3>to")
        site.send(100)
        site.send(50, host="::1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"other", ("127.0.0.1", site.listeners[2].local.port))
        assert not site.bell.wait(0)
        site.turn(2)
        assert site.bell.wait(0)
        client.sendall(b"rn\n")
        site.turn()
    records = site.records()
    assert len(records) == site.read() == 154
    assert Counter(records)[b"<3>torn"] == 1
    assert b"other" in records
    assert sum(record.endswith(b"trap") for record in records) == 150


def test_a_burst_is_held_by_the_kernel_while_the_loop_pauses(
    tmp_path: Path, sites: list[Site]
) -> None:
    """20,000 datagrams before the first turn: kept, or counted as the kernel's loss."""
    site = Site(tmp_path, listener("traps"))
    sites.append(site)
    site.send(20_000, bytes(150))
    for _ in range(20_000 // BATCH_RECORDS_MAX + 1):
        site.turn()
    site.elapsed_ns += NS_PER_S
    site.turn()
    assert len(site.records()) == site.read() == 20_000 - site.dropped("kernel-dropped")


def test_the_kernels_losses_are_counted(tmp_path: Path, sites: list[Site]) -> None:
    site = Site(tmp_path, listener("traps", buffer_bytes=65_536))
    sites.append(site)
    site.send(2_000)
    site.turn()
    assert 0 < site.dropped("kernel-dropped") == 2_000 - len(site.records())


def test_who_is_not_allowed_is_counted(tmp_path: Path, sites: list[Site]) -> None:
    site = Site(tmp_path, listener("traps", allow="::1"))
    sites.append(site)
    site.send(7)
    site.send(3, host="::1")
    site.turn()
    assert (site.read(), site.dropped("source-denied")) == (10, 7)
    assert len(site.records()) == 3


def test_a_full_spool_loses_by_number_and_recovers(tmp_path: Path, sites: list[Site]) -> None:
    site = Site(tmp_path, listener("traps"), size_max_bytes=100_000)
    sites.append(site)
    with capture_logs() as logs:
        for _ in range(40):
            site.send(10, bytes(1_000))
            site.turn()
        lost = site.dropped("spool-full")
        assert lost > 0
        assert len(site.records()) == 400 - lost
        assert site.writer.size_bytes <= 100_000
        site.reader.ack(site.writer.last_sequence)
        site.elapsed_ns += CALM_NS + NS_PER_S
        site.turn()  # deletes
        site.send(10, bytes(1_000))
        site.turn()
        assert site.dropped("spool-full") == lost
    assert [line["event"] for line in logs] == ["spool.full", "spool.full.over"]
    assert (logs[0]["subject"], logs[1]["lost_records"]) == ("raw", lost)


def test_an_alarm_ends_also_when_nothing_comes_any_more(tmp_path: Path, sites: list[Site]) -> None:
    """Who is told that trapgate is not ready sends elsewhere, and it must be ready again."""
    disk = Disk()
    site = Site(tmp_path, listener("traps"), sync=disk)
    sites.append(site)
    disk.broken = True
    site.send(1)
    site.turn()
    assert [str(alarm) for alarm in sounding(site.metrics, ())] == [
        "spool.write-failed (raw): the disk refuses what arrives: datagrams are lost, stream "
        "senders wait"
    ]
    site.elapsed_ns += SILENT_NS
    site.turn()
    assert len(sounding(site.metrics, ())) == 1
    site.elapsed_ns += NS_PER_S
    site.turn()
    assert sounding(site.metrics, ()) == []


def test_a_flood_does_not_take_the_last_room(tmp_path: Path, sites: list[Site]) -> None:
    """Above four fifths a peer has its share of a batch; others pass beside it."""
    site = Site(tmp_path, listener("traps"), size_max_bytes=1_000_000)
    sites.append(site)
    while site.writer.size_bytes < 810_000:
        site.send(10, bytes(8_000))
        site.turn()
    assert site.dropped("spool-full") == 0
    before = len(site.records())
    site.send(400, b"flood")
    site.send(PEER_RECORDS_MIN, b"quiet", host="::1")
    site.turn()
    share = int((400 + PEER_RECORDS_MIN) * PEER_SHARE)
    new = Counter(record.split()[1] for record in site.records()[before:])
    assert new == {b"flood": share, b"quiet": PEER_RECORDS_MIN}
    assert site.dropped("spool-full") == 400 - share


class Disk:
    """A sync that fails as long as the test says."""

    def __init__(self) -> None:
        self.broken = False

    def __call__(self, fd: int) -> None:
        if self.broken:
            raise OSError(5, "Input/output error")
        os.fdatasync(fd)


def test_a_disk_that_refuses_loses_datagrams_and_holds_streams(
    tmp_path: Path, sites: list[Site]
) -> None:
    disk = Disk()
    site = Site(tmp_path, listener("traps"), listener("lines", "tcp"), sync=disk)
    sites.append(site)
    with site.connect(1) as client:
        site.turn()
        disk.broken = True
        client.sendall(b"<1>held\n")
        site.send(5)
        site.turn()
        assert site.dropped("write-failed") == 5
        client.sendall(b"<2>unread\n")
        site.send(3)
        site.turn()
        assert site.dropped("write-failed") == 8
        assert site.read() == 9  # the second line waits in the kernel
        disk.broken = False
        site.elapsed_ns += HELD_RETRY_NS
        site.turn()
        assert site.records() == [b"<1>held"]
        site.turn()
        assert site.records() == [b"<1>held", b"<2>unread"]
    assert site.read() == 10 == len(site.records()) + site.dropped("write-failed")


def test_what_is_held_at_the_end_is_counted(tmp_path: Path, sites: list[Site]) -> None:
    disk = Disk()
    site = Site(tmp_path, listener("lines", "tcp"), sync=disk)
    sites.append(site)
    with site.connect(0) as client:
        site.turn()
        disk.broken = True
        client.sendall(b"<1>a\n<2>half")
        site.turn()
        site.finish()
    assert site.read() == site.dropped("write-failed") == 2
    assert site.records() == []


def test_stopping_takes_what_the_kernel_holds(tmp_path: Path, sites: list[Site]) -> None:
    site = Site(tmp_path, listener("traps"), listener("lines", "tcp"))
    sites.append(site)
    with site.connect(1) as client:
        site.turn()
        client.sendall(b"<1>a\n<2>half")
        site.send(3 * BATCH_RECORDS_MAX)
        os.eventfd_write(site.stop_fd, 1)
        assert not site.receive.turn(0)
        site.finish()
    kept = 3 * BATCH_RECORDS_MAX - site.dropped("kernel-dropped")
    assert len(site.records()) == site.read() == kept + 2
    assert {b"<1>a", b"<2>half"} <= set(site.records())
    published = site.metrics_path.read_text()
    assert f'trapgate_listen_datagrams_total{{listener="lines"}} {2.0}' in published


def test_running_until_stopped(tmp_path: Path, sites: list[Site]) -> None:
    site = Site(tmp_path, listener("traps"))
    sites.append(site)
    thread = threading.Thread(target=site.receive.run)
    thread.start()
    site.send(100)
    assert site.bell.wait(10)
    os.eventfd_write(site.stop_fd, 1)
    thread.join(10)
    site.finished = True
    assert not thread.is_alive()
    assert len(site.records()) == 100


def test_chores_are_done_each_second(tmp_path: Path, sites: list[Site]) -> None:
    site = Site(tmp_path, listener("traps"), size_max_bytes=80_000)
    sites.append(site)
    site.turn()
    for _ in range(4):
        site.send(10, bytes(1_000))
        site.turn()
    site.reader.ack(30)
    size_bytes = site.writer.size_bytes
    site.turn()
    assert site.writer.size_bytes == size_bytes
    site.elapsed_ns += NS_PER_S
    site.turn()
    assert site.writer.size_bytes < size_bytes
    value = site.metrics.registry.get_sample_value
    assert value("trapgate_spool_bytes", {"spool": "raw"}) == site.writer.size_bytes
    assert value("trapgate_spool_backlog_records", {"spool": "raw", "reader": "store"}) == 10
    assert "trapgate_spool_backlog_records" in site.metrics_path.read_text()


def again(bound: BoundListener, **changed: object) -> BoundListener:
    """The same socket under another descriptor, with other settings, as it is handed over."""
    sock = bound.socket.dup()
    return BoundListener(structs.replace(bound.settings, **changed), sock)


def test_other_listeners_while_it_runs(tmp_path: Path, sites: list[Site]) -> None:
    """What stays keeps its connections and its datagrams, what goes is read to its end."""
    site = Site(tmp_path, listener("traps"), listener("lines", "tcp"), listener("gone"))
    sites.append(site)
    site.turn()
    traps, lines, gone = site.listeners
    gone_port = gone.local.port
    with site.connect(1) as client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        site.turn()
        client.sendall(b"<1>a\n<2>ha")
        site.turn()
        site.send(3)
        sender.sendto(b"last", ("127.0.0.1", gone_port))
        new = listener("new")
        site.listeners = (*site.listeners, new)
        site.receive.replace([again(lines, name="rows"), new, again(traps)])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", gone_port))
        client.sendall(b"lf\n")
        sender.sendto(b"first", ("127.0.0.1", new.local.port))
        site.turn(2)
        assert Counter(site.records()) == Counter(
            [b"<1>a", b"<2>half", b"0 trap", b"1 trap", b"2 trap", b"last", b"first"]
        )
        assert site.read() + site.counted("rows") == 7


def test_a_connection_that_is_not_allowed_any_more_is_closed(
    tmp_path: Path, sites: list[Site]
) -> None:
    site = Site(tmp_path, listener("lines", "tcp"))
    sites.append(site)
    with site.connect(0) as client:
        site.turn()
        client.sendall(b"<1>a\n<2>half")
        site.turn()
        allow = (Cidr.from_text("192.0.2.0/24"),)
        site.receive.replace([again(site.listeners[0], allow=allow)])
        client.settimeout(10)
        assert client.recv(1) == b""
    assert site.records() == [b"<1>a", b"<2>half"]
    assert site.read() == 2


def test_it_is_told_of_other_listeners(tmp_path: Path, sites: list[Site]) -> None:
    told = os.eventfd(0)
    new = listener("new")

    def read() -> list[BoundListener]:
        os.eventfd_read(told)
        return [new]

    site = Site(tmp_path, changes=(told, read))
    sites.append(site)
    site.turn()
    os.eventfd_write(told, 1)
    site.turn()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"trap", ("127.0.0.1", new.local.port))
    site.turn()
    assert site.records() == [b"trap"]
    site.listeners = (new,)
    site.close()
    sites.remove(site)
    os.close(told)


def test_metrics_that_cannot_be_published_stop_nothing(tmp_path: Path, sites: list[Site]) -> None:
    site = Site(tmp_path, listener("traps"))
    sites.append(site)
    site.metrics_path.mkdir()
    site.send(1)
    site.turn()
    assert len(site.records()) == 1


def test_records_are_cut_into_frames() -> None:
    most, large = PIECE_RECORDS_MAX, bytes(PIECE_BYTES_MAX // 4 - 4)
    assert list(frames([])) == []
    assert [len(frame) for frame in frames([b""] * most)] == [most]
    assert [len(frame) for frame in frames([b""] * (2 * most + 1))] == [most, most, 1]
    assert [len(frame) for frame in frames([large] * 9)] == [4, 4, 1]
    assert [len(frame) for frame in frames([large] * 4 + [b""])] == [4, 1]
    assert [len(frame) for frame in frames([b"large", b"", b"", b"large"], 8)] == [1, 2, 1]


@pytest.mark.parametrize(("size_max_bytes", "fits"), [(1 << 30, True), (4_000_000, False)])
def test_more_than_a_frame_at_once_is_kept(
    tmp_path: Path, sites: list[Site], size_max_bytes: int, fits: bool
) -> None:
    """As when many connections end in one second; what does not fit any more is held, and that is
    a piece of what would have fitted at most."""
    site = Site(tmp_path, size_max_bytes=size_max_bytes)
    sites.append(site)
    small = encode(origin("lines", Endpoint("192.0.2.1", 514)), 0, "192.0.2.2", 1, b"")
    paced = [small] * FRAME_RECORDS_MAX + [small + bytes(65_000)] * 6
    with capture_logs():
        site.intake.put([], paced, Now(0, NS_PER_S))
    held = sum(len(lane.held) for lane in site.intake.lanes)
    assert (held == 0) == fits
    if not fits:
        room = int(size_max_bytes * PRESSED_SHARE)
        assert room - size_max_bytes // ROOM_FRAMES_MIN < site.intake.size_bytes <= room
    assert len(site.records()) == FRAME_RECORDS_MAX + 6 - held

"""The reader: any place, any pace, while the spool grows and shrinks, past damage."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate.spool import SpoolReader, SpoolWriter
from trapgate.spool.segment import SEGMENT_HEADER_BYTES, segment_name, segment_sequences


def test_a_reader_may_come_first(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    reader = SpoolReader.open(folder, "store")
    assert reader.stream == ""
    assert reader.read(0, 10) == []
    reader.ack(0, b"ledger")
    writer = SpoolWriter.open(folder)
    assert reader.stream == writer.stream
    assert reader.read(0, 10) == []
    writer.append([b"a"])
    assert reader.read(0, 10) == [(1, b"a")]
    assert folder.stat().st_mode & 0o777 == 0o700
    reader.close()
    writer.close()


def test_cursors_are_their_readers_own(tmp_path: Path) -> None:
    first, second = SpoolReader.open(tmp_path, "store"), SpoolReader.open(tmp_path, "rules")
    first.ack(5, b'{"stored":5}')
    assert first.acked() == (5, b'{"stored":5}')
    assert second.acked() == (0, b"")
    first.close()
    again = SpoolReader.open(tmp_path, "store")
    assert again.acked() == (5, b'{"stored":5}')
    again.close()
    second.close()


def test_batches_are_read_whole(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path)
    for _ in range(3):
        writer.append([b"x"] * 4)
    reader = SpoolReader.open(tmp_path, "store")
    assert [sequence for sequence, _ in reader.read(0, 1)] == [1, 2, 3, 4]
    assert [sequence for sequence, _ in reader.read(4, 5)] == [5, 6, 7, 8, 9, 10, 11, 12]
    assert reader.read(12, 5) == []
    reader.close()
    writer.close()


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=30),
    jumps=st.lists(st.integers(0, 160), min_size=1, max_size=20),
)
def test_any_place_at_any_time(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], jumps: list[int]
) -> None:
    """Reading behind any sequence gives what follows it, in order, to the end, over segments and
    over the gap that a restart of the writer leaves."""
    folder = tmp_path_factory.mktemp("spool")
    expected: list[tuple[int, bytes]] = []
    for half in (sizes[: len(sizes) // 2], sizes[len(sizes) // 2 :]):
        writer = SpoolWriter.open(folder, segment_bytes=300)
        for size in half:
            payloads = [b"payload" * size] * size
            last = writer.append(payloads).sequence
            expected += enumerate(payloads, last - size + 1)
        writer.close()
    reader = SpoolReader.open(folder, "test")
    for jump in jumps:
        after = expected[jump % len(expected)][0] - jump % 2
        found: list[tuple[int, bytes]] = []
        while more := reader.read(found[-1][0] if found else after, 3):
            found += more
        assert found == [record for record in expected if record[0] > after]
    assert reader.damaged == 0
    reader.close()


def test_following_the_writer(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path, segment_bytes=120)
    reader = SpoolReader.open(tmp_path, "store")
    after = 0
    for index in range(50):
        last = writer.append([b"%d" % index] * (index % 3 + 1)).sequence
        records = reader.read(after, 100)
        assert [payload for _, payload in records] == [b"%d" % index] * (index % 3 + 1)
        after = records[-1][0]
        assert after == last
        assert reader.read(after, 100) == []
    reader.close()
    writer.close()


def test_a_frame_that_is_still_written_is_not_there_yet(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path)
    writer.append([b"first"])
    start = writer.size_bytes
    writer.append([b"second"])
    end = writer.size_bytes
    writer.append([b"third"])
    writer.close()
    path = tmp_path / segment_name(1)
    whole = path.read_bytes()
    path.write_bytes(whole[:start])
    reader = SpoolReader.open(tmp_path, "store")
    assert reader.read(0, 10) == [(1, b"first")]
    for cut in range(start, end):
        with path.open("r+b") as file:
            file.seek(start)
            file.write(whole[start:cut])
        assert reader.read(1, 10) == []
    path.write_bytes(whole)
    assert reader.read(1, 10) == [(2, b"second"), (3, b"third")]
    assert reader.damaged == 0
    reader.close()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damage_anywhere(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever is overwritten: what is read was written, with its sequence, and batches that are
    untouched are read if their segment's header is."""
    folder = tmp_path_factory.mktemp("spool")
    writer = SpoolWriter.open(folder, segment_bytes=300)
    written: dict[int, bytes] = {}
    for index in range(12):
        last = writer.append([b"%04d" % index * 5] * 2).sequence
        written |= {last - 1: b"%04d" % index * 5, last: b"%04d" % index * 5}
    writer.close()
    sequences = segment_sequences(folder)
    victim = data.draw(st.sampled_from(sequences[:-1]))
    path = folder / segment_name(victim)
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=100))
    if at < SEGMENT_HEADER_BYTES:
        junk = b"x" * len(junk)  # not by chance the header of a newer version
        at = 0
    damaged = (content[:at] + junk + content[at + len(junk) :])[: len(content)]
    path.write_bytes(damaged)
    reader = SpoolReader.open(folder, "test")
    found: list[tuple[int, bytes]] = []
    while more := reader.read(found[-1][0] if found else 0, 3):
        found += more
    assert found == sorted(found)
    assert all(written[sequence] == payload for sequence, payload in found)
    inside = [s for s in written if victim <= s < sequences[sequences.index(victim) + 1]]
    lost = set(written) - {sequence for sequence, _ in found}
    assert lost <= set(inside)
    assert (reader.damaged > 0) == bool(lost)
    reader.close()


def test_segments_deleted_below_a_reader(tmp_path: Path) -> None:
    """A reader that nobody waits for goes on with what is left."""
    writer = SpoolWriter.open(tmp_path, segment_bytes=100)
    for _ in range(4):
        writer.append([bytes(100)])
    reader = SpoolReader.open(tmp_path, "late")
    assert reader.read(0, 1)[0][0] == 1
    (tmp_path / segment_name(1)).unlink()
    (tmp_path / segment_name(2)).unlink()
    assert reader.read(1, 1)[0][0] == 3
    assert reader.damaged == 0
    reader.close()
    writer.close()

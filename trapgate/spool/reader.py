"""The reading end of a spool: records in order from any place, past damage, and a cursor.

A reader may live in another process than the writer, start before it and outlive it: it shares
nothing with it but the folder. What the writer has not brought to disk yet is not there yet.
"""

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from trapgate.spool.cursor import Cursor, cursor_path
from trapgate.spool.damage import Damage, Damages, missing_between
from trapgate.spool.segment import SEGMENT_HEADER_BYTES, Segment, segment_name, segment_sequences
from trapgate.spool.stream import STREAM_FILE
from trapgate.spool.synced import SyncedView


class SpoolReader:
    """One named reader. Implements `trapgate.ports.SpoolReader`; for one thread."""

    def __init__(self, folder: Path, cursor: Cursor, damages: Damages) -> None:
        self._damages = damages
        self._folder = folder
        self._cursor = cursor
        self._synced = SyncedView(folder)
        self._stream = ""
        self._segment: Segment | None = None
        self._offset = 0
        self._expected = 1
        self._after = 0

    @classmethod
    def open(cls, folder: Path, name: str, damages: Damages | None = None) -> "SpoolReader":
        """Open a folder for the reader of this name, which also names its cursor's file. There
        need not be a spool yet. `damages` is shared by the spool's readers in this process."""
        return cls(folder, Cursor(cursor_path(folder, name)), damages or Damages())

    def close(self) -> None:
        """Release the files."""
        self._leave()
        self._synced.close()
        self._cursor.close()

    @property
    def damaged(self) -> int:
        """How many damaged places were met, by all who share its `damages`: stretches of a segment,
        or whole ones, where records are missing that this reader had not acknowledged."""
        return self._damages.count

    @property
    def stream(self) -> str:
        """The stream's name; "" as long as the writer has created nothing. It is known before
        the first record is."""
        if not self._stream:
            try:
                self._stream = (self._folder / STREAM_FILE).read_text().strip()
            except FileNotFoundError:
                return ""
        return self._stream

    def read(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Records behind the sequence `after`, in order, as whole batches until there are `limit`
        or more; empty at the end, and where the last batch is not complete and on disk yet.

        Sequences ascend but may have gaps. Reading on from the last record returned costs the
        same wherever that is; a jump walks the frame headers of one segment. Raises
        `SpoolUnusable` if a newer version wrote the segment.
        """
        if (self._segment is None or after != self._after) and not self._seek(after):
            return []
        records: list[tuple[int, bytes]] = []
        while len(records) < limit and self._segment is not None:
            frame = self._segment.frame_at(self._offset)
            if frame is None:
                if self._resume():
                    continue
                break
            if frame.records[-1][0] > self._segment.synced_to:
                self._synced.close()  # to be opened again: it may be another file by then
                break
            self._offset, self._expected = frame.end, frame.records[-1][0] + 1
            if frame.records[0][0] > after:
                records += frame.records
            else:
                records += [record for record in frame.records if record[0] > after]
        self._after = records[-1][0] if records else after
        return records

    def ack(self, sequence: int, ledger: bytes = b"") -> None:
        """Everything up to `sequence` is done with; `ledger` is kept with it, atomically.

        It survives this process at once and the machine a little later (see `cursor`). Raises
        `ValueError` if the ledger is over `LEDGER_BYTES_MAX`.
        """
        self._cursor.move(sequence, ledger)

    def acked(self) -> tuple[int, bytes]:
        """The last acknowledged sequence (0: none) and its ledger."""
        return self._cursor.sequence, self._cursor.ledger

    def sync(self) -> None:
        """What was acknowledged survives a power cut, too. Raises `OSError`."""
        self._cursor.sync()

    def _seek(self, after: int) -> bool:
        """Stand before the first frame with a record behind `after`; whether there is a segment."""
        sequences = segment_sequences(self._folder)
        earlier = [sequence for sequence in sequences if sequence <= after + 1]
        start = earlier[-1] if earlier else 0
        if not self._enter([sequence for sequence in sequences if sequence >= start]):
            return False
        assert self._segment is not None
        believed = self._offset, self._expected
        header = self._segment.header_at(self._offset)
        while header is not None and header.last_sequence <= after:
            believed = self._offset, self._expected
            self._offset += header.size_bytes
            self._expected = header.last_sequence + 1
            header = self._segment.header_at(self._offset)
        if header is None:  # the end, or where a damaged header has led: it is looked at whole
            self._offset, self._expected = believed
        return True

    def _resume(self) -> bool:
        """There is no sound frame here: go to the next one, in this segment or in a later one.

        Returns whether there is one to look at. Later segments are listed first: if there is one,
        this one is complete, and what it holds by now is all it will ever hold.
        """
        segment = self._segment
        assert segment is not None
        here, offset, expected = segment.first_sequence, self._offset, self._expected
        later = [sequence for sequence in segment_sequences(self._folder) if sequence > here]
        found = segment.next_frame(offset)
        if found is not None:
            header = segment.header_at(found)
            if found > offset and header is not None:
                self._meet(here, offset, found, expected, header.first_sequence - expected)
            self._offset = found
            return True
        if not later:
            return False
        end = segment.size_bytes()
        if not self._enter(later):
            return False
        if end > offset:
            self._meet(here, offset, end, expected, missing_between(expected, later[0]))
        return True

    def _enter(self, sequences: Sequence[int]) -> bool:
        """Stand at the start of the first of these segments that can be read; stay if none can."""
        skipped: list[tuple[int, int]] = []  # with their sizes
        for sequence in sequences:
            segment = Segment.open(self._folder, sequence, self._synced.sequence)
            if segment is not None:
                self._leave()
                self._segment = segment
                self._offset, self._expected = SEGMENT_HEADER_BYTES, sequence
                for (lost, end), (following, _) in pairwise([*skipped, (sequence, 0)]):
                    self._meet(lost, 0, end, lost, missing_between(lost, following))
                return True
            with suppress(FileNotFoundError):
                skipped.append((sequence, (self._folder / segment_name(sequence)).stat().st_size))
        return False

    def _meet(self, segment: int, offset: int, end: int, expected: int, records: int) -> None:
        """Between these offsets are no sound frames; `records` are missing from the sequence
        `expected` on. What this reader had acknowledged is no loss to it: it looks back."""
        after, records = expected - 1, max(0, records)
        if after + records > self._cursor.sequence:
            name = segment_name(segment)
            self._damages.meet(Damage(name, offset, end - offset, after, records))

    def _leave(self) -> None:
        if self._segment is not None:
            self._segment.close()
        self._segment = None

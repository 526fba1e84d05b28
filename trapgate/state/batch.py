"""Decisions by the hundred, as the history keeps them: a line of text for each, and the hashes of
all that they are about.

In: decisions with their instants. Out: two strings of bytes. Who looks for a subject looks for its
4 bytes among the hashes first, and reads lines only where they are: what an index would cost with
each decision is paid by the few who ask.
"""

import struct
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

import msgspec

from trapgate.model import Decision

HASH_BYTES = 4
"""Of a hash, a CRC: one in 2,000 subjects that are nowhere in a million decisions has the hash of
one that is, and is looked for in a batch in vain. Who forges one gains no more than that."""

Made = tuple[int, Decision]
"""A decision with the instant at which it was made."""

_Line = tuple[int, str, str, str, dict[str, str], tuple[str, ...]]
"""The instant, subject, verdict, reason, references and earlier subjects."""

_encode_lines = msgspec.json.Encoder().encode_lines
_encode_text = msgspec.json.Encoder().encode
_decode_line = msgspec.json.Decoder(_Line).decode


class Batch(NamedTuple):
    """`lines` has a line of JSON for each decision, the oldest first; `hashes` has the hash of each
    of their subjects, in no order and perhaps twice, in `HASH_BYTES` each."""

    hashes: bytes
    lines: bytes

    @property
    def size_bytes(self) -> int:
        """The room that it takes."""
        return len(self.hashes) + len(self.lines)


def batch_of(decisions: Sequence[Made]) -> Batch:
    """These decisions, the oldest first."""
    subjects: set[str] = set()
    for _, decision in decisions:
        subjects.add(decision.subject)
        subjects.update(decision.refs.values())
        subjects.update(decision.earlier)
    lines = [(at, d.subject, d.verdict, d.reason, d.refs, d.earlier) for at, d in decisions]
    return Batch(_hashes(subjects), _encode_lines(lines))


def joined(batches: Sequence[Batch]) -> Batch:
    """All that these have, in their order."""
    hashes, lines = zip(*batches, strict=True)
    return Batch(b"".join(hashes), b"".join(lines))


def hash_of(subject: str) -> bytes:
    """The bytes by which `has` finds a subject."""
    return _hashes((subject,))


def has(hashes: bytes, sought: bytes) -> bool:
    """Whether a hash is among those of a batch."""
    at = hashes.find(sought)
    while at % HASH_BYTES and at >= 0:  # the end of one hash and the beginning of the next
        at = hashes.find(sought, at + 1)
    return at >= 0


def newest_first(lines: bytes, subject: str | None) -> Iterator[Made]:
    """The decisions about a subject, or that refer to it (`None`: about anything). Of what was
    decided of many, those `earlier` are found but not given.

    Raises `ValueError` (`msgspec.DecodeError` is one) for lines that `batch_of` did not write.
    """
    sought = b"" if subject is None else _encode_text(subject)
    for line in _lines_with(lines, sought):
        at, about, verdict, reason, refs, earlier = _decode_line(line)
        # the text of a line may also be a verdict, a reason or the name of a reference
        if subject is None or subject == about or subject in refs.values() or subject in earlier:
            yield at, Decision(about, verdict, reason, refs)


def _hashes(subjects: Collection[str]) -> bytes:
    return struct.pack(f"<{len(subjects)}I", *map(crc32, map(str.encode, subjects)))


def _lines_with(lines: bytes, sought: bytes) -> Iterator[bytes]:
    """The lines that have these bytes, from the last to the first."""
    end = len(lines)
    while end > 0 and (at := lines.rfind(sought, 0, end - 1)) >= 0:
        start = lines.rfind(b"\n", 0, at) + 1
        yield lines[start : lines.index(b"\n", at)]
        end = start

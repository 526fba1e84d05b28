"""The words of one part's messages, in a file of their own beside it, written behind the write.

In: rows of the part. Out: the rows whose message has a phrase, newest first. The file is an FTS5
index (https://sqlite.org/fts5.html) without the texts themselves, and says how far it has come.
All of it can be made anew from the part: one that is broken is thrown away.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from trapgate.model.query import Phrase
from trapgate.query.words import words
from trapgate.store.sqlite.damage import is_broken
from trapgate.store.sqlite.schema import SEQUENCE_BITS, Lineage

WORDS_VERSION = 2
"""Kept in `PRAGMA user_version`; a file of another version is made anew. To be raised with every
change to the layout below and to what a word is (`trapgate.query.words`)."""

CACHE_KIB = 8_192
"""Of the writer: it appends, so that little is met again."""

HASH_BYTES = 8 << 20
"""Words that FTS5 gathers before it writes them as a segment: those of the largest batch, so that a
batch is one segment."""

CHECKPOINT_PAGES = 4_000
"""16 MB of journal before it is copied into the file: each copying is two syncs of the disk."""

MERGE_PAGES = 250
"""Pages that one step of a merge writes: a tenth of a second, between two looks at what is new."""

BUSY_TIMEOUT_S = 5.0
"""The writer waits for nobody but the recovery after a crash."""

_SUFFIXES = ("", "-wal", "-shm")
"""The database comes first: without it nobody finds the others."""

_LAYOUT = (
    # Our words joined by blanks are what this tokenizer makes tokens of: it splits at ASCII's
    # blanks and signs, of which no word has any, and changes capital letters, of which none has any
    # either. What is not ASCII it takes as it is.
    """
    CREATE VIRTUAL TABLE words USING fts5(
        message, content = '', columnsize = 0, detail = full, tokenize = 'ascii'
    )
    """,
    f"INSERT INTO words (words, rank) VALUES ('hashsize', {HASH_BYTES})",
    # Up to which row each stream of the part is indexed, and what the number stood for there.
    """
    CREATE TABLE upto (
        stream INTEGER PRIMARY KEY,
        text TEXT NOT NULL,
        late INTEGER NOT NULL,
        seq INTEGER NOT NULL
    )
    """,
    f"PRAGMA user_version = {WORDS_VERSION}",
)

_ADVANCE = """
    INSERT INTO upto VALUES (?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq
"""

NEWEST_FIRST = """
    SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC
"""
"""An expression and a range of rows, which FTS5 walks backwards as they are asked for."""


def words_path(part: Path) -> Path:
    """The file of a part's words: `events-DAY.words.sqlite`, `events-DAY.2.words.sqlite` ..."""
    return part.with_suffix(".words.sqlite")


def complaint_path(part: Path) -> Path:
    """Where a reader leaves word that the words of a part are broken: only their writer mends."""
    return part.with_suffix(".words.broken")


def discard(part: Path) -> None:
    """Delete a part's words, with what was said against them; none there: nothing happens."""
    path = words_path(part)
    for suffix in _SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    complaint_path(part).unlink(missing_ok=True)


def is_spoilt(error: sqlite3.Error) -> bool:
    """Whether this says that opening or writing words can only succeed with a new file. Damage may
    show as rows that are there twice, or as a table that is not there, too."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return is_broken(error) or code in (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR)


class WordsReader:
    """One connection to the words of one part; raises `sqlite3.Error` as it comes.

    It sees the state of one instant, which may be ahead of or behind what a reader of the part
    sees: a `seq` that this one has not is to be passed over, a row beyond `upto` to be read. One
    thread uses it.
    """

    def __init__(self, connection: sqlite3.Connection, part: Path) -> None:
        self._connection = connection
        self._part = part
        connection.execute("BEGIN")  # what `upto` says holds for all that is asked
        self._streams, self._upto = _indexed(connection)

    @classmethod
    def open(cls, part: Path) -> Self | None:
        """Open the words of the part with this path; `None` if there are none yet, or none that can
        be used."""
        path = words_path(part)
        if not path.exists():  # first: it may be made while it is not found
            return None
        try:
            connection = _connect(path, "ro")
        except sqlite3.OperationalError:
            if path.exists():
                raise
            return None
        try:
            if _version(connection) == WORDS_VERSION:
                return cls(connection, part)
        except sqlite3.Error as error:
            connection.close()
            if not is_spoilt(error):
                raise
            _complain(part)
            return None
        connection.close()
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def upto(self, stream: int) -> int:
        """The highest `seq` of this stream (its number in the part) that is indexed, as are all
        below it; the place before the stream's first if none is."""
        return self._upto.get(stream, stream << SEQUENCE_BITS)

    def belongs_to(self, streams: Mapping[int, Lineage]) -> bool:
        """Whether the part, whose streams these are, is the one that was indexed, and no row came
        late since then, or before: `upto` holds for it. A place in a stream is one event for ever,
        so this is all there is to it."""
        return self._streams.items() <= streams.items()

    def newest_first(self, phrase: Phrase, first: int, last: int) -> Iterator[int]:
        """The rows in [first, last] whose message has the phrase, the highest `seq` first.

        They are found as they are asked for: a page of a word that is in millions of rows takes a
        millisecond, wherever the range is. Not so for a prefix: all rows of all words that begin
        with it are gathered first, some 0.2 s for a million of them.
        """
        match = match_expression(phrase)
        if not match:
            return
        try:
            for (seq,) in self._connection.execute(NEWEST_FIRST, (match, first, last)):
                yield seq
        except sqlite3.Error as error:
            if is_broken(error):
                _complain(self._part)
            raise


def match_expression(phrase: Phrase) -> str:
    """A phrase in the query syntax of FTS5: one quoted string, in which no word can mean anything
    but itself; empty for a phrase without words, which no message has."""
    text = " ".join(words(" ".join(phrase.words)))
    return text and (f'"{text}" *' if phrase.prefix else f'"{text}"')


class WordsWriter:
    """The one writer of the words of one part; raises `sqlite3.Error` and `OSError` as they come.

    A batch and how far the index has come with it are one transaction: whenever the process ends,
    nothing is missing and nothing is there twice. The journal is not synced with every batch: a
    power cut may cost the last ones, whole, and they are made again.
    """

    def __init__(self, connection: sqlite3.Connection, part: Path) -> None:
        self.part = part
        self._connection = connection
        self._inode = words_path(part).stat().st_ino
        self._streams, self._upto = _indexed(connection)

    @classmethod
    def open(cls, part: Path) -> Self:
        """Open the words of a part, made if they are not there, readable by their owner only. Those
        of another version are made anew."""
        path = words_path(part)
        if not path.exists():
            discard(part)  # a new file must never meet the journal of an old one
        connection = _open_to_write(path)
        try:
            if _version(connection) != WORDS_VERSION:
                connection.close()
                discard(part)
                connection = _open_to_write(path)
            return cls(connection, part)
        except BaseException:
            connection.close()
            raise

    def upto(self, stream: int) -> int:
        """As `WordsReader.upto`."""
        return self._upto.get(stream, stream << SEQUENCE_BITS)

    def still_there(self) -> bool:
        """Whether the open file is the one that readers find."""
        try:
            return words_path(self.part).stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def belongs_to(self, streams: Mapping[int, Lineage]) -> bool:
        """As `WordsReader.belongs_to`."""
        return self._streams.items() <= streams.items()

    def add(self, rows: Sequence[tuple[int, str]], streams: Mapping[int, Lineage]) -> None:
        """Index the messages of these rows (`seq`, message), the next of their streams and in the
        order of their places, whole or not at all."""
        upto = {seq >> SEQUENCE_BITS: seq for seq, _ in rows}
        with _transaction(self._connection) as connection:
            connection.executemany(
                "INSERT INTO words (rowid, message) VALUES (?, ?)", _documents(rows)
            )
            connection.executemany(_ADVANCE, [(n, *streams[n], seq) for n, seq in upto.items()])
        self._upto.update(upto)
        self._streams.update((number, streams[number]) for number in upto)

    def merge(self) -> bool:
        """Do one step towards one segment, in which each word is looked up once; returns whether
        there is more to do. For a part that is complete: FTS5 keeps a growing one at a few."""
        before = self._connection.total_changes
        self._connection.execute(
            "INSERT INTO words (words, rank) VALUES ('merge', ?)", (-MERGE_PAGES,)
        )
        # the statement itself counts as one change, work that was done as more
        return self._connection.total_changes - before > 1

    def close(self) -> None:
        """Fold the journal into the file, as far as no reader is in the way; safe twice."""
        self._connection.close()


def _indexed(connection: sqlite3.Connection) -> tuple[dict[int, Lineage], dict[int, int]]:
    """Which streams are indexed, and up to which row."""
    rows = connection.execute("SELECT stream, text, late, seq FROM upto").fetchall()
    streams = {stream: Lineage(text, late) for stream, text, late, _ in rows}
    return streams, {stream: seq for stream, _, _, seq in rows}


def _documents(rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for seq, message in rows:
        yield seq, " ".join(words(message))


def _open_to_write(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    connection = _connect(path, "rw")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # a page that is free need not be overwritten: the part has the same words
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if _version(connection) == 0:
            with _transaction(connection):
                for statement in _LAYOUT:
                    connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        uri=True,
    )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk may have ended it already
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _complain(part: Path) -> None:
    with suppress(OSError):  # the next reader will
        complaint_path(part).touch(mode=0o600)

"""The words of one part: what is found, in which order, and what survives."""

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.events import event
from store.parts import STREAM, place
from trapgate.model.query import Phrase
from trapgate.query import words
from trapgate.query.predicate import predicate
from trapgate.store.sqlite.schema import Lineage
from trapgate.store.sqlite.words import (
    NEWEST_FIRST,
    WordsReader,
    WordsWriter,
    complaint_path,
    discard,
    is_spoilt,
    match_expression,
    words_path,
)

STREAMS = {STREAM: Lineage("raw-1", 0)}
LAST = place((1 << 44) - 1)

TEXTS = st.text() | st.lists(st.sampled_from("Link down DOWN dow ß ss ΣΑΣ é 1 gi0/1".split())).map(
    " ".join
)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "events-2026-11-21.2.sqlite"


def index(part: Path, messages: Sequence[str], first: int = 1) -> None:
    """Messages as the next rows of the part."""
    with closing(WordsWriter.open(part)) as writer:
        writer.add([(place(first + n), text) for n, text in enumerate(messages)], STREAMS)


def found(part: Path, phrase: Phrase, first: int = place(1), last: int = LAST) -> list[int]:
    """The sequences of the rows that have a phrase."""
    reader = WordsReader.open(part)
    assert reader is not None
    with reader:
        return [seq - place(0) for seq in reader.newest_first(phrase, first, last)]


def says(*sought: str, prefix: bool = False) -> Phrase:
    return Phrase("message", sought, prefix)


def test_beside_its_part(part: Path) -> None:
    index(part, ["Link down"])
    assert words_path(part).name == "events-2026-11-21.2.words.sqlite"
    assert words_path(part).stat().st_mode & 0o777 == 0o600


def test_newest_first_and_within_the_range(part: Path) -> None:
    index(part, ["Link down", "Link up", "link DOWN", "down link", "Link downed"])
    assert found(part, says("link")) == [5, 4, 3, 2, 1]
    assert found(part, says("link", "down")) == [3, 1]
    assert found(part, says("link", "down", prefix=True)) == [5, 3, 1]
    assert found(part, says("link"), place(2), place(4)) == [4, 3, 2]
    assert found(part, says("absent")) == []


def test_of_several_streams_in_turns(part: Path) -> None:
    streams = {1: Lineage("raw-1", 0), 2: Lineage("bulk-1", 0)}
    with closing(WordsWriter.open(part)) as writer:
        for turn in range(1, 4):
            rows = [(place(turn, stream), "Link down") for stream in streams]
            writer.add(rows, streams)
    reader = WordsReader.open(part)
    assert reader is not None
    with reader:
        assert (reader.upto(1), reader.upto(2)) == (place(3), place(3, 2))
        both = list(reader.newest_first(says("down"), place(2), place(2, 2)))
    assert both == [place(2, 2), place(1, 2), place(3), place(2)]


def test_none_yet(part: Path) -> None:
    assert WordsReader.open(part) is None
    words_path(part).touch()  # just being made
    assert WordsReader.open(part) is None
    WordsWriter.open(part).close()
    reader = WordsReader.open(part)
    assert reader is not None
    with reader:
        assert reader.upto(7) == place(0, 7)


def test_a_reader_sees_one_instant(part: Path) -> None:
    index(part, ["down"])
    reader = WordsReader.open(part)
    assert reader is not None
    with reader:
        index(part, ["down"], first=2)
        assert reader.upto(STREAM) == place(1)
        assert list(reader.newest_first(says("down"), 0, LAST)) == [place(1)]


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_the_tokens_are_our_words(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "events-2026-11-21.sqlite"
        index(part, texts)
        with closing(sqlite3.connect(words_path(part))) as connection:
            connection.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, words, instance)")
            tokens = connection.execute("SELECT term FROM v ORDER BY doc, offset").fetchall()
    assert [term for (term,) in tokens] == [word for text in texts for word in words(text)]


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS, st.booleans())
def test_finds_what_the_predicate_finds(texts: list[str], sought: str, prefix: bool) -> None:
    phrase = Phrase("message", words(sought), prefix)
    if not phrase.words:
        return
    meets = predicate(phrase)
    expected = [n for n, text in enumerate(texts, 1) if meets(event(n, message=text))]
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "events-2026-11-21.sqlite"
        index(part, texts)
        assert found(part, phrase) == expected[::-1]


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        (says("link", "down"), '"link down"'),
        (says("link", "dow", prefix=True), '"link dow" *'),
        (says('" OR link*', "NEAR("), '"or link near"'),
        (says(), ""),
        (says("--", prefix=True), ""),
    ],
)
def test_the_expression_is_one_string(phrase: Phrase, expected: str) -> None:
    assert match_expression(phrase) == expected


def test_nothing_has_a_phrase_without_words(part: Path) -> None:
    index(part, ["Link down"])
    assert found(part, says()) == []


def test_a_page_is_found_without_the_rest(part: Path) -> None:
    """Nothing is sorted, and the index itself takes order and range: what lies outside of the range
    and behind the page is not read."""
    index(part, ["Link down"])
    with closing(sqlite3.connect(words_path(part))) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {NEWEST_FIRST}", ('"down"', 1, 2)).fetchall()
    assert [step[-1] for step in plan] == ["SCAN words VIRTUAL TABLE INDEX 192:M1><"]


def test_belongs_to_one_part(part: Path) -> None:
    index(part, ["down"])
    with closing(WordsWriter.open(part)) as writer:
        reader = WordsReader.open(part)
        assert reader is not None
        with reader:
            for each in (writer, reader):
                assert each.belongs_to({**STREAMS, 2: Lineage("raw-2", 0)})
                assert not each.belongs_to({STREAM: Lineage("raw-2", 0)})
                assert not each.belongs_to({STREAM: Lineage("raw-1", 1)})
                assert not each.belongs_to({})


def test_a_batch_is_whole_or_not_at_all(part: Path) -> None:
    index(part, ["down"])
    with closing(WordsWriter.open(part)) as writer:
        with pytest.raises(KeyError):
            writer.add([(place(2), "down"), (place(1, 2), "down")], STREAMS)
        assert writer.upto(STREAM) == place(1)
    assert found(part, says("down")) == [1]
    index(part, ["down", "down"], first=2)
    assert found(part, says("down")) == [3, 2, 1]


def test_a_full_disk_costs_nothing(part: Path) -> None:
    index(part, ["down"])
    rows = [(place(n), f"down n{n}") for n in range(2, 3_000)]
    with closing(WordsWriter.open(part)) as writer:
        writer._connection.execute("PRAGMA max_page_count = 6")
        with pytest.raises(sqlite3.OperationalError, match="full") as caught:
            writer.add(rows, STREAMS)
        assert not is_spoilt(caught.value)
        assert writer.upto(STREAM) == place(1)
        assert found(part, says("down")) == [1]
        writer._connection.execute("PRAGMA max_page_count = 1000000")
        writer.add(rows, STREAMS)
    assert found(part, says("down")) == list(range(2_999, 0, -1))


def test_one_of_another_version_is_made_anew(part: Path) -> None:
    index(part, ["down"])
    with closing(sqlite3.connect(words_path(part))) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert WordsReader.open(part) is None
    WordsWriter.open(part).close()
    assert found(part, says("down")) == []


def test_a_broken_one_is_complained_of_and_made_anew(part: Path) -> None:
    index(part, ["down"])
    words_path(part).write_bytes(b"no database" * 1_000)
    assert WordsReader.open(part) is None
    assert complaint_path(part).exists()
    discard(part)
    assert not complaint_path(part).exists()
    WordsWriter.open(part).close()
    assert found(part, says("down")) == []


def test_one_without_its_tables_is_complained_of(part: Path) -> None:
    index(part, ["down"])
    with closing(sqlite3.connect(words_path(part))) as connection:
        connection.execute("DROP TABLE upto")
    assert WordsReader.open(part) is None
    assert complaint_path(part).exists()


def test_one_that_breaks_later_is_complained_of(part: Path) -> None:
    index(part, [f"down n{n}" for n in range(10_000)])
    with closing(sqlite3.connect(words_path(part))) as connection:
        connection.execute("UPDATE words_data SET block = x'00' WHERE id > 10")
        connection.commit()
    with pytest.raises(sqlite3.DatabaseError):
        found(part, says("down"))
    assert complaint_path(part).exists()


def test_notices_that_its_file_is_gone(part: Path) -> None:
    with closing(WordsWriter.open(part)) as writer:
        assert writer.still_there()
        words_path(part).unlink()
        assert not writer.still_there()
        words_path(part).touch()
        assert not writer.still_there()


def test_merging_ends_with_one_segment(part: Path) -> None:
    for n in range(30):
        index(part, [f"Link {n} down {n + k}" for k in range(100)], first=n * 100 + 1)
    before = found(part, says("link"))

    def segments() -> int:
        with closing(sqlite3.connect(words_path(part))) as connection:
            (count,) = connection.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()
        return int(count)

    assert segments() > 1
    with closing(WordsWriter.open(part)) as writer:
        steps = 0
        while writer.merge():
            steps += 1
            assert steps < 100
        assert not writer.merge()
    assert segments() == 1
    assert found(part, says("link")) == before == list(range(3_000, 0, -1))


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from store.parts import STREAM, place
from trapgate.store.sqlite.schema import Lineage
from trapgate.store.sqlite.words import WordsWriter
writer = WordsWriter.open(Path(sys.argv[1]))
while True:
    first = writer.upto(STREAM) + 1
    writer.add([(first + n, "Link down") for n in range(50)], {STREAM: Lineage("raw-1", 0)})
    print(writer.upto(STREAM), flush=True)
"""


def test_kill(part: Path) -> None:
    tests = str(Path(__file__).parents[2])
    for batches in (3, 40, 5):
        command = [sys.executable, "-c", KILLED, str(part), tests]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(batches):
                told = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().split()
        told = max([told, *map(int, rest[:-1])])
        with closing(WordsWriter.open(part)) as writer:
            reached = writer.upto(STREAM)
        assert reached >= told
        assert found(part, says("link", "down")) == list(range(reached - place(0), 0, -1))

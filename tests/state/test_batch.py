"""A batch of decisions is text and hashes, and both find what is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import Decision
from trapgate.state.batch import HASH_BYTES, Batch, batch_of, has, hash_of, joined, newest_first

Made = tuple[int, Decision]

# few texts, so that they meet: subjects, verdicts and names of references among each other
TEXTS = st.sampled_from(["", "a", "ab", 'a"b', "a\\", "a\nb", "[1]", '","', "ä", "\x00", "\u2028"])
DECISIONS = st.builds(
    Decision,
    TEXTS,
    TEXTS,
    TEXTS,
    st.dictionaries(TEXTS, TEXTS, max_size=3),
    st.lists(TEXTS, max_size=3).map(tuple),
)
MADE = st.tuples(st.integers(0, 2**62), DECISIONS)


def concerns(decision: Decision, subject: str) -> bool:
    return subject in (decision.subject, *decision.refs.values(), *decision.earlier)


def without_earlier(made: Made) -> Made:
    at, decision = made
    return at, Decision(decision.subject, decision.verdict, decision.reason, decision.refs)


@given(st.lists(st.lists(MADE, min_size=1, max_size=4), min_size=1, max_size=4), TEXTS)
def test_what_concerns_a_subject_is_found_and_nothing_else(
    parts: list[list[Made]], subject: str
) -> None:
    batch = joined([batch_of(part) for part in parts])
    made = [each for part in parts for each in part]
    expected = [without_earlier(each) for each in reversed(made) if concerns(each[1], subject)]
    assert list(newest_first(batch.lines, subject)) == expected
    assert has(batch.hashes, hash_of(subject)) == bool(expected)
    assert list(newest_first(batch.lines, None)) == [without_earlier(m) for m in reversed(made)]


def test_batches_joined_are_what_one_would_have_been() -> None:
    made = [(at, Decision(f"event {at}", "raised", "down", {"alert": f"a{at}"})) for at in range(9)]
    one, two = batch_of(made), joined([batch_of(made[:4]), batch_of(made[4:])])
    assert two.lines == one.lines
    assert two.size_bytes == one.size_bytes == len(one.lines) + 18 * HASH_BYTES
    assert joined([one]) == one


def test_a_subject_has_one_hash_in_a_batch() -> None:
    same = Decision("a", "v", "r", {"x": "a", "y": "b"}, ("a", "b"))
    assert len(batch_of([(1, same), (2, same)]).hashes) == 2 * HASH_BYTES


def test_a_hash_is_found_where_a_hash_begins_only() -> None:
    assert has(b"abcdefgh", b"efgh")
    assert not has(b"abcdefgh", b"cdef")
    assert has(b"xabcdabcabcd", b"abcd"), "behind the same bytes out of step"
    assert not has(b"", b"abcd")


def test_the_file_means_the_same_on_every_machine() -> None:
    """What a file of this schema has: changing it is a new version of the schema."""
    decision = Decision("a", "raised", "it is down", {"alert": "a"}, ("b",))
    hashes, lines = batch_of([(7, decision)])
    assert lines == b'[7,"a","raised","it is down",{"alert":"a"},["b"]]\n'
    assert {hashes[:4], hashes[4:]} == {b"\x43\xbe\xb7\xe8", b"\xf9\xef\xbe\x71"}


@pytest.mark.parametrize(
    "lines", [b"no JSON\n", b"[1]\n", b'[1,"a","v","r",{},[]]', b'[1,"\xff","v","r",{},[]]\n']
)
def test_lines_that_are_not_ours_are_refused(lines: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(newest_first(lines, None))


def test_no_lines_have_no_decisions() -> None:
    assert list(newest_first(b"", None)) == []
    assert list(newest_first(b"", "a")) == []
    assert Batch(b"", b"").size_bytes == 0

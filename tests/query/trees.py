"""Query trees for hypothesis: any that a query can mean."""

from hypothesis import strategies as st

from trapgate.model.query import (
    And,
    Network,
    Not,
    Or,
    Phrase,
    Present,
    Query,
    Range,
    Wildcard,
    Word,
)
from trapgate.query import words

KEYWORDS = st.sampled_from(("event.code", "host.name", "snmp.vb.ifDescr", "labels.a b:c"))
NUMBERS = st.sampled_from(("event.severity", "source.port", "snmp.uptime"))
TEXTS = st.one_of(
    st.sampled_from(("a", "ab", "and", "OR", "", "*", '"', "\\", "a b", "x:y", "é")),
    st.text(max_size=6),
)
WORDS = st.one_of(st.sampled_from(("a b", "Gi0/1", "not")), st.text(max_size=8)).map(words)
ADDRESSES = st.ip_addresses().map(str)


def _wildcard(field: str, pieces: list[str]) -> Wildcard | Present:
    """No empty piece between two stars: `a**b` means `a*b`."""
    first, *middle, last = pieces
    inner = [piece for piece in middle if piece]
    pattern = (first, *inner, last)
    return Present(field) if pattern == ("", "") else Wildcard(field, pattern)


LEAVES: st.SearchStrategy[Query] = st.one_of(
    st.builds(Word, KEYWORDS, TEXTS),
    st.builds(Word, NUMBERS, st.integers(-(10**15), 10**15).map(str)),
    st.builds(Word, st.just("source.ip"), st.ip_addresses(v=4).map(str)),
    st.builds(_wildcard, KEYWORDS, st.lists(TEXTS, min_size=2, max_size=4)),
    st.builds(Present, st.one_of(KEYWORDS, NUMBERS, st.just("message"))),
    st.builds(Phrase, st.just("message"), WORDS.filter(bool), st.booleans()),
    st.builds(
        Range,
        NUMBERS,
        st.sampled_from(("<", "<=", ">", ">=")),
        st.one_of(st.integers(-1000, 1000).map(float), st.floats(-1e17, 1e17)),
    ),
    st.builds(Network, st.just("source.ip"), st.sampled_from(("10.0.0.0/8", "2001:db8::/32"))),
)


def _several(
    trees: st.SearchStrategy[Query],
) -> st.SearchStrategy[tuple[Query, ...]]:
    return st.lists(trees, min_size=2, max_size=3).map(tuple)


TREES: st.SearchStrategy[Query] = st.recursive(
    LEAVES,
    lambda trees: st.one_of(
        st.builds(Not, trees),
        st.builds(And, _several(trees)),
        st.builds(Or, _several(trees)),
    ),
    max_leaves=6,
)

"""Events and queries for the contract between the back ends: everything that can make a
difference, out of few names and values, so that queries meet events."""

from collections.abc import Mapping
from ipaddress import ip_network

from hypothesis import strategies as st

from query.events import event
from trapgate.model import Event, FieldValue, Problem, unmapped
from trapgate.model.query import (
    And,
    Everything,
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

KEYWORDS = (
    *("event.code", "event.dataset", "event.id", "event.module", "host.name", "error.code"),
    *("interface.name", "snmp.trap.oid", "snmp.varbinds", "snmp.vb.ifDescr", "snmp.vb.a.b"),
    *('snmp.vb.a"b', "snmp.vb.a\\b", "snmp.vb.a\nb", "snmp.vb.é 😀", "snmp.vb.a=b", "snmp.vb.a"),
    *("labels.site", "labels.a=b", "labels.a", 'labels."', "labels.a.b"),
    "log.syslog.structured_data.x@1.y[z]",
)
NUMBERS = ("event.severity", "source.port", "snmp.uptime", "process.pid")
ADDRESSES = ("source.ip", "host.ip", "snmp.agent_address")
TEXTS = ("message", "error.message")

_ODD_TEXTS = (
    *("", "a", "A", "ab", "b", "a b", " a", "a ", "a*b", "a?b", "[a]", "a=b", "b=c", "=", "*", "?"),
    *('"', "\\", "\\*", "'", "%", "_", "{}", "é", "e\u0301", "ß", "ss", "İ", "😀", "\U0001d400"),
    *("a\nb", "\t", "\x1b", "\x7f", "\u2028", "true", "false", "True", "null", "7", "-7", "007"),
    *("7.0", "snmp", "snmp.trap", "syslog.network", "1.3.6.1.4.1.9.5", "1.3.6.1.4.1.9.0.5"),
    *("1.3.6.1.4.1.9", "a" * 4_096, "😀" * 4_096),
)
_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
"""JSON in SQLite 3.40 ends at a NUL, and UTF-8 has no lone surrogates: no event has either."""

_SHORT = st.text(_CHARACTERS, max_size=6)
_USUAL = st.sampled_from(("a", "ab", "b", "a b", "a*b", "7", "true", "1.3.6.1.4.1.9.5"))
VALUES = st.one_of(_USUAL, _USUAL, _USUAL, st.sampled_from(_ODD_TEXTS), st.text("ab*?"), _SHORT)

_INTEGERS = st.one_of(
    st.sampled_from((0, 1, -1, 3, 7, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 10**17, 10**18 - 1)),
    st.integers(-9, 9),
)

_ADDRESSES = st.sampled_from(
    (
        *("10.0.0.1", "10.255.255.255", "11.0.0.0", "0.0.0.0", "255.255.255.255", "127.0.0.1"),
        *("::", "::1", "::ffff:10.0.0.1", "::a00:1", "2001:db8::1", "2001:db9::", "fe80::1"),
        *("fe80::1%eth0", "fe80::1%", "10.0.0.1%x", "ffff:" * 7 + "ffff"),
        *("", "nonsense", "10.0.0", "10.0.0.1/32", "010.0.0.1"),
    )
)
_NETWORKS = st.sampled_from(
    (
        *("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/31", "10.0.0.1/32", "10.255.255.254/31"),
        *("128.0.0.0/1", "::/0", "::/96", "::ffff:0:0/96", "::ffff:10.0.0.0/104", "2001:db8::/32"),
        *("2001:db8::/31", "fe80::/10", "fe80::1/128", "8000::/1"),
    )
).map(lambda text: str(ip_network(text)))  # as the parser writes them

_WORD = st.sampled_from(
    (
        *(
            "a",
            "ab",
            "abc",
            "abcd",
            "abcde",
            "abcdef",
            "b",
            "link",
            "LINK",
            "links",
            "down",
            "0",
            "1",
        ),
        *("12", "Gi0", "straße", "STRASSE", "é", "e\u0301", "１２", "\U0001d400", "a" * 300),
        *("\U0001d400" * 200, "ﬁ", "İ", "ǅ", "²", "٣", "東京"),
    )
)
_FEW = st.sampled_from(("a", "A", "ab", "b"))
_GAP = st.sampled_from(
    (" ", " ", " ", "/", "-", "_", ", ", "", "\n", "\u3000", "\x1f", "'", "=", "😀")
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """A few words with something between them."""
    word = st.one_of(_FEW, _FEW, _FEW, _WORD)  # in many orders: a phrase is one of them
    parts = draw(st.lists(st.tuples(_GAP, word), max_size=6))
    return "".join(gap + word for gap, word in parts) + draw(_GAP)


MESSAGES = st.one_of(_texts(), _texts(), _SHORT)

_KEYWORD_VALUES: st.SearchStrategy[FieldValue] = st.one_of(
    VALUES, VALUES, _INTEGERS, st.booleans(), st.lists(VALUES, max_size=3).map(tuple)
)
_NUMBER_VALUES: st.SearchStrategy[FieldValue] = st.one_of(
    _INTEGERS, _INTEGERS, st.sampled_from((True, False, "7", ("7",), ()))
)
_ADDRESS_VALUES: st.SearchStrategy[FieldValue] = st.one_of(
    _ADDRESSES, st.lists(_ADDRESSES, max_size=2).map(tuple)
)


def _inside(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Fields that are in `Event.fields`."""
    columns = ("event.code", "event.dataset", "event.id", "event.module", "event.severity")
    others = ("host.name", "error.code", "source.port", "source.ip")
    return st.sampled_from(
        [n for n in names if n not in columns + others and not n.startswith("labels.")]
    )


def _fields() -> st.SearchStrategy[Mapping[str, FieldValue]]:
    return st.builds(
        lambda *parts: {name: value for part in parts for name, value in part.items()},
        st.dictionaries(_inside(KEYWORDS), _KEYWORD_VALUES, max_size=4),
        st.dictionaries(_inside(NUMBERS), _NUMBER_VALUES, max_size=2),
        st.dictionaries(_inside(ADDRESSES), _ADDRESS_VALUES, max_size=2),
        # nobody can name it, and it stands in no query's way
        st.dictionaries(st.sampled_from(("syslog.unknown", "message", "event.code")), VALUES),
    )


_LABELS = st.dictionaries(
    st.sampled_from([name.removeprefix("labels.") for name in KEYWORDS if "labels." in name]),
    VALUES,
    max_size=3,
)
_PROBLEMS = st.lists(
    st.builds(Problem, VALUES, st.just("error"), MESSAGES), max_size=2
).map(tuple)  # fmt: skip

EVENTS: st.SearchStrategy[Event] = st.builds(
    event,
    id=st.sampled_from(("e1", "e2", "E1")),
    code=VALUES,
    kind=st.sampled_from(("snmp.trap", "syslog.network")),
    device=VALUES,
    address=_ADDRESSES,
    port=st.sampled_from((0, 7, 50_162)),
    severity=st.sampled_from((None, 0, 3, 7)),
    labels=_LABELS,
    fields=_fields(),
    message=MESSAGES,
    problems=_PROBLEMS,
)


_SHORT_VALUES = st.one_of(
    st.sampled_from([text for text in _ODD_TEXTS if len(text) < 50]),
    st.sampled_from(("a", "ab", "a b", "a*b", "IF-MIB::linkDown", "1.3.6.1.4.1.9.5")),
)


@st.composite
def _wildcards(draw: st.DrawFn) -> Wildcard | Present:
    """A value with stars in place of some of its characters, as the parser makes it: no empty piece
    between two stars."""
    field, value = draw(st.sampled_from(KEYWORDS)), draw(_SHORT_VALUES)
    cuts = sorted(draw(st.lists(st.integers(0, len(value)), min_size=2, max_size=6)))
    cuts = [0, *cuts[: len(cuts) // 2 * 2], len(value)]
    first, *middle, last = [value[cuts[n] : cuts[n + 1]] for n in range(0, len(cuts), 2)]
    pattern = (first, *(piece for piece in middle if piece), last)
    return Present(field) if pattern == ("", "") else Wildcard(field, pattern)


_PHRASES = MESSAGES.map(words).filter(bool)
_BOUNDS = st.one_of(
    _INTEGERS.map(float),
    st.sampled_from((2.5, -0.5, 1e300, -1e300, 1e-9, 9.3e18, -9.3e18)),
)

CONDITIONS: st.SearchStrategy[Query] = st.one_of(
    st.builds(Word, st.sampled_from(KEYWORDS), VALUES),
    st.builds(Word, st.sampled_from(KEYWORDS), VALUES),
    st.builds(Word, st.sampled_from(NUMBERS), _INTEGERS.filter(lambda n: abs(n) < 10**18).map(str)),
    st.builds(Word, st.sampled_from(NUMBERS), st.sampled_from(("2.5", "1e+17", "1e+300"))),
    st.builds(Word, st.sampled_from(ADDRESSES), st.ip_addresses().map(unmapped).map(str)),
    st.builds(Word, st.sampled_from(ADDRESSES), st.sampled_from(("10.0.0.1", "::1", "fe80::1"))),
    _wildcards(),
    _wildcards(),
    st.builds(Present, st.sampled_from(KEYWORDS + NUMBERS + ADDRESSES + TEXTS)),
    st.builds(Phrase, st.sampled_from(TEXTS), _PHRASES, st.booleans()),
    st.builds(Phrase, st.sampled_from(TEXTS), _PHRASES, st.booleans()),
    st.builds(Range, st.sampled_from(NUMBERS), st.sampled_from(("<", "<=", ">", ">=")), _BOUNDS),
    st.builds(Network, st.sampled_from(ADDRESSES), _NETWORKS),
    st.just(Everything()),
)


def _several(queries: st.SearchStrategy[Query]) -> st.SearchStrategy[tuple[Query, ...]]:
    return st.lists(queries, min_size=2, max_size=4).map(tuple)


def _connected(conditions: st.SearchStrategy[Query], leaves: int) -> st.SearchStrategy[Query]:
    return st.recursive(
        conditions,
        lambda queries: st.one_of(
            st.builds(Not, queries),
            st.builds(And, _several(queries)),
            st.builds(Or, _several(queries)),
        ),
        max_leaves=leaves,
    )


QUERIES = _connected(CONDITIONS, 8)

_SIMPLE: st.SearchStrategy[Query] = st.sampled_from(
    (
        *(Word("event.code", "a"), Word("event.code", "b"), Present("host.name")),
        *(Word("event.severity", "3"), Phrase("message", ("down",))),
    )
)

CONNECTIVES = _connected(_SIMPLE, 20)
"""Deep trees of few conditions, which `CONNECTED` events meet in every combination."""

CONNECTED = [
    event(code=code, device=device, severity=severity, message=message)
    for code in ("a", "b", "")
    for device in ("r1", "")
    for severity in (3, None)
    for message in ("down", "")
]

import pytest

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
from trapgate.query import QueryError, parse_query
from trapgate.query.parser import CONDITIONS_MAX, DEPTH_MAX, QUERY_CHARS_MAX
from trapgate.query.values import PHRASE_WORDS_MAX, WILDCARD_CHARS_MAX

A, B, C = (Word("event.code", name) for name in "abc")
SEVERITIES = Or((Word("log.syslog.severity.code", "0"), Word("log.syslog.severity.code", "7")))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Everything()),
        ("  ", Everything()),
        ("*", Everything()),
        ("*:*", Everything()),
        ("event.code:a", A),
        ("event.code: a", A),
        ('event.code:"a"', A),
        ("event.code:IF-MIB::linkDown", Word("event.code", "IF-MIB::linkDown")),
        ('event.code:"a b:* \\"c\\" \\\\"', Word("event.code", 'a b:* "c" \\')),
        ('event.code:""', Word("event.code", "")),
        (r"event.code:a\*\ b", Word("event.code", "a* b")),
        ('event.code:"or"', Word("event.code", "or")),
        (r"event.code:\or", Word("event.code", "or")),
        ("event.code:order", Word("event.code", "order")),
        ("event.code:*", Present("event.code")),
        ('event.code:"*"', Word("event.code", "*")),
        ("event.code:a*", Wildcard("event.code", ("a", ""))),
        ("event.code:*a***b*", Wildcard("event.code", ("", "a", "b", ""))),
        ("snmp.vb.1.3.6.1.4.1.9.2:x", Word("snmp.vb.1.3.6.1.4.1.9.2", "x")),
        (r"log.syslog.structured_data.a\:b@1.c:x", Word("log.syslog.structured_data.a:b@1.c", "x")),
        ("source.ip:10.0.0.0/8", Network("source.ip", "10.0.0.0/8")),
        ("source.ip:2001:DB8::/32", Network("source.ip", "2001:db8::/32")),
        ("source.ip:2001:DB8:0::1", Word("source.ip", "2001:db8::1")),
        ("source.ip:::ffff:10.0.0.1", Word("source.ip", "10.0.0.1")),
        ("source.ip:fe80::1%eth0", Word("source.ip", "fe80::1%eth0")),
        ("event.severity:03", Word("event.severity", "3")),
        ("event.severity:3.50", Word("event.severity", "3.5")),
        ("event.severity >= 3", Range("event.severity", ">=", 3)),
        ("event.severity:>=3", Range("event.severity", ">=", 3)),
        ("event.severity: < -2.5e1", Range("event.severity", "<", -25)),
        ("message:Down", Phrase("message", ("down",))),
        (
            'message:"changed  state, to Down"',
            Phrase("message", ("changed", "state", "to", "down")),
        ),
        ("message:dow*", Phrase("message", ("dow",), prefix=True)),
        ("message:Gi0/1*", Phrase("message", ("gi0", "1"), prefix=True)),
        ("message:*", Present("message")),
        ("event.code:a or event.code:b and event.code:c", Or((A, And((B, C))))),
        ("event.code:a AND event.code:b Or event.code:c", Or((And((A, B)), C))),
        ("not event.code:a and event.code:b", And((Not(A), B))),
        ("NOT NOT event.code:a", Not(Not(A))),
        ("not (event.code:a and event.code:b)", Not(And((A, B)))),
        ("(event.code:a or event.code:b)and(event.code:c)", And((Or((A, B)), C))),
        ("event.severity:err", Word("event.severity", "3")),
        ("event.severity <= Warning", Range("event.severity", "<=", 4)),
        ("log.syslog.severity.code:(emerg or 7)", SEVERITIES),
        ("event.code:(a or b and c)", Or((A, And((B, C))))),
        ("event.code:(a and (b or not c))", And((A, Or((B, Not(C)))))),
        ('event.code:("c d" or a)', Or((Word("event.code", "c d"), A))),
        ("((event.code:a))", A),
    ],
)
def test_a_query_is_read_as_its_tree(text: str, tree: Query) -> None:
    assert parse_query(text) == tree


@pytest.mark.parametrize(
    ("text", "offset", "summary", "help"),
    [
        ("down", 0, '"down" has no field', "write message:down"),
        ('"a b"', 0, "this value has no field", 'write message:"a b"'),
        ("event.code", 0, '"event.code" has no value', "write event.code:value"),
        ("evnt.code:x", 0, 'there is no field "evnt.code"', 'did you mean "event.code"?'),
        ("not host:x", 4, 'there is no field "host"', 'did you mean "host.name"?'),
        ("snmp.vb:x", 0, 'there is no field "snmp.vb"', 'name the part after "snmp.vb."'),
        ("snmp.vb.:x", 0, 'there is no field "snmp.vb."', 'name the part after "snmp.vb."'),
        ("zzz:x", 0, 'there is no field "zzz"', ""),
        ("snmp.vb.*:x", 0, "a star can stand in values", "write message:snmp.vb.*"),
        ("event.code=a", 10, 'there is no operator "="', "write event.code:value"),
        ("event.code != a", 11, 'there is no operator "="', "write event.code:value"),
        ("event.code:", 11, 'a value of "event.code" must stand here', ""),
        ("event.code:()", 12, 'a value of "event.code" must stand here, not ")"', ""),
        ("event.code:or", 11, "not a keyword", "in quotes"),
        ("event.code:a b", 13, 'must follow, not "b"', "in quotes"),
        ("event.code:(a b)", 14, 'must follow, not "b"', "in quotes"),
        ("event.code:a{b}", 12, 'must follow, not "{"', ""),
        ("event.code:a and", 16, "but the query ends", ""),
        ("event.code:a and or", 17, 'but "or" stands here', ""),
        ("not", 3, "but the query ends", ""),
        (">3", 0, 'but ">" stands here', ""),
        ("(event.code:a", 0, 'this "(" is not closed', ""),
        ("event.code:a)", 12, 'this ")" closes nothing', ""),
        ('event.code:"a', 11, "this quote is not closed", ""),
        ("event.code:a\\", 12, "nothing follows this backslash", ""),
        ("event.code > 3", 13, "is no number", "write event.code:value"),
        ("message > 3", 10, "is no number", ""),
        ("event.severity:x", 15, '"x" is not a number', "or a name: emerg, alert, crit, err"),
        ("source.port:err", 12, '"err" is not a number', ""),
        ("event.severity:" + "9" * 20, 15, "is too long for a number, which has 64 bits", "18"),
        ("event.severity:*x", 15, "takes no wildcards", "event.severity >= 3"),
        ("event.severity >", 16, "a number must follow", ""),
        ("event.severity:1e999", 15, "is too large", ""),
        ("source.ip:foo", 10, "is not an IP address", "10.0.0.0/8"),
        ("source.ip:10.*", 10, "takes no wildcards", "source.ip:10.0.0.0/8"),
        ("source.ip:10.0.0.1/8", 10, "bits set behind its prefix", "write 10.0.0.0/8"),
        ("source.ip:x/8", 10, "is not a network", "10.0.0.0/8"),
        ("message:*x", 8, "a star may only end a word", "message:begin*"),
        ("message:a*b", 8, "a star may only end a word", ""),
        ("message:a-*", 8, "ends no word", 'write message:"a"'),
        ('message:"--"', 8, "no letter and no digit", ""),
        ("*:x", 3, "a value needs a field", "message:word"),
    ],
)
def test_what_is_no_query_is_refused_with_its_place(
    text: str, offset: int, summary: str, help: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert (caught.value.offset, summary in caught.value.summary) == (offset, True)
    assert help in caught.value.help


def test_depth_is_limited() -> None:
    fits = "(" * DEPTH_MAX + "event.code:a" + ")" * DEPTH_MAX
    assert parse_query(fits) == A
    with pytest.raises(QueryError, match="deep"):
        parse_query(f"({fits})")
    with pytest.raises(QueryError, match="deep"):
        parse_query("not " * 5_000 + "event.code:a")


def test_conditions_are_limited() -> None:
    fits = "event.code:(" + " or ".join(["a"] * CONDITIONS_MAX) + ")"
    assert parse_query(fits) == Or((A,) * CONDITIONS_MAX)
    with pytest.raises(QueryError, match="conditions"):
        parse_query(f"{fits} and event.code:b")


def test_length_is_limited() -> None:
    with pytest.raises(QueryError, match="characters"):
        parse_query("event.code:a".ljust(QUERY_CHARS_MAX + 1))


def test_values_with_stars_are_bounded() -> None:
    fits = "a*".ljust(WILDCARD_CHARS_MAX, "b")
    assert parse_query(f"host.name:{fits}") == Wildcard("host.name", ("a", fits[2:]))
    with pytest.raises(QueryError, match="at most 96 characters") as caught:
        parse_query(f"host.name:{fits}b")
    assert caught.value.offset == len("host.name:")


def test_what_no_store_can_write_is_refused() -> None:
    with pytest.raises(QueryError, match="not Unicode") as caught:
        parse_query("host.name:r\udcff")
    assert caught.value.offset == len("host.name:r")


def test_phrases_are_bounded() -> None:
    fits = "message:" + "-".join(["a"] * PHRASE_WORDS_MAX)
    assert parse_query(fits) == Phrase("message", ("a",) * PHRASE_WORDS_MAX)
    with pytest.raises(QueryError, match="at most 256 words"):
        parse_query(fits + "-a")

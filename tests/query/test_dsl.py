"""What the DSL looks like; what it means is in `test_contract`."""

import pytest

from trapgate.query import parse_query
from trapgate.query.dsl import Dsl, query_dsl

CODE_A: Dsl = {"term": {"trapgate.pairs": {"value": "event.code=a"}}}
CODE_B: Dsl = {"term": {"trapgate.pairs": {"value": "event.code=b"}}}
HOST: Dsl = {"term": {"trapgate.pairs": {"value": "host.name=r1"}}}
SEVERITY = "trapgate.numbers.event.severity"
MESSAGE = "trapgate.words.message"


def between(least: int, most: int) -> Dsl:
    return {"range": {SEVERITY: {"gte": least, "lte": most}}}


@pytest.mark.parametrize(
    ("text", "dsl"),
    [
        ("*", {"match_all": {}}),
        ("event.code:a", CODE_A),
        (
            "event.code:1.3.6.1.4.1.9.1",
            {
                "terms": {
                    "trapgate.pairs": [
                        "event.code=1.3.6.1.4.1.9.0.1",
                        "event.code=1.3.6.1.4.1.9.1",
                    ]
                }
            },
        ),
        ("event.code:(a or b)", {"terms": {"trapgate.pairs": ["event.code=a", "event.code=b"]}}),
        ("event.code:*", {"prefix": {"trapgate.pairs": {"value": "event.code="}}}),
        (
            r"event.code:a*\*?",
            {"wildcard": {"trapgate.pairs": {"value": r"event.code=a*\*\?"}}},
        ),
        ("event.severity:3", between(3, 3)),
        ("event.severity:3.5", {"match_none": {}}),
        ("event.severity < 3", between(-(2**63), 2)),
        ("event.severity < 2.5", between(-(2**63), 2)),
        ("event.severity <= 2.5", between(-(2**63), 2)),
        ("event.severity > 2.5", between(3, 2**63 - 1)),
        ("event.severity > 3", between(4, 2**63 - 1)),
        ("event.severity >= 3", between(3, 2**63 - 1)),
        ("event.severity > 1e300", {"match_none": {}}),
        ("event.severity < 1e300", between(-(2**63), 2**63 - 1)),
        (
            "source.ip:10.0.0.0/8",
            {"prefix": {"trapgate.addresses": {"value": "source.ip=400001010"}}},
        ),
        ("source.ip:::/0", {"prefix": {"trapgate.addresses": {"value": "source.ip=6"}}}),
        ("message:Down", {"term": {MESSAGE: {"value": "down"}}}),
        ("message:Do*", {"prefix": {MESSAGE: {"value": "do"}}}),
        ('message:"link down"', {"match_phrase": {MESSAGE: {"query": "link down"}}}),
    ],
)
def test_conditions(text: str, dsl: Dsl) -> None:
    assert query_dsl(parse_query(text)) == dsl


def test_a_phrase_that_ends_in_a_beginning_is_exact() -> None:
    clauses = [
        {"span_term": {MESSAGE: {"value": "link"}}},
        {"span_term": {MESSAGE: {"value": "gi0"}}},
        {"span_multi": {"match": {"prefix": {MESSAGE: {"value": "1"}}}}},
    ]
    assert query_dsl(parse_query("message:link-Gi0/1*")) == {
        "span_near": {"clauses": clauses, "slop": 0, "in_order": True}
    }


def test_connectives_share_a_bool() -> None:
    found = query_dsl(
        parse_query("host.name:r1 and not event.code:a and (event.code:b or (* and not *))")
    )
    neither: Dsl = {"bool": {"filter": [{"match_all": {}}], "must_not": [{"match_all": {}}]}}
    assert found == {
        "bool": {
            "filter": [HOST],
            "must_not": [CODE_A],
            "should": [CODE_B, neither],
            "minimum_should_match": 1,
        }
    }


@pytest.mark.parametrize("first", ["flat", "deep"])
def test_two_ors_are_both_asked(first: str) -> None:
    """Only one of them can share the `bool` with the rest: the deeper one."""
    flat = "(event.code:a or (host.name:r1 and *))"
    deep = "(event.code:b or (host.name:r1 and (event.code:a or not *)))"
    text = f"{flat} and {deep}" if first == "flat" else f"{deep} and {flat}"
    both: Dsl = {"bool": {"filter": [HOST, {"match_all": {}}]}}
    nothing: Dsl = {"bool": {"must_not": [{"match_all": {}}]}}
    deepest: Dsl = {
        "bool": {"filter": [HOST], "should": [CODE_A, nothing], "minimum_should_match": 1}
    }
    assert query_dsl(parse_query(text)) == {
        "bool": {
            "filter": [{"bool": {"should": [CODE_A, both], "minimum_should_match": 1}}],
            "should": [CODE_B, deepest],
            "minimum_should_match": 1,
        }
    }


def test_not_of_an_or_is_none_of_them() -> None:
    expected = {"bool": {"must_not": [CODE_A, HOST]}}
    assert query_dsl(parse_query("not (event.code:a or host.name:r1)")) == expected
    assert query_dsl(parse_query("not not event.code:a")) == {"bool": {"filter": [CODE_A]}}


def test_a_value_beyond_every_term_is_nobodys() -> None:
    long = "😀" * 8_192
    assert query_dsl(parse_query(f'host.name:"{long}"')) == {"match_none": {}}
    assert query_dsl(parse_query(f'host.name:(r1 or "{long}")')) == HOST

"""Matchers are read, printed and judged as Alertmanager does it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.alerting.matchers import (
    MATCHERS_TEXT_MAX,
    Matcher,
    MatcherError,
    Matchers,
    Operator,
    anchored,
    parse_matchers,
)

OPERATORS: tuple[Operator, ...] = ("=", "!=", "=~", "!~")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("foo=bar", '{foo="bar"}'),
        ('foo="bar"', '{foo="bar"}'),
        ("  foo =  bar  ", '{foo="bar"}'),
        ("foo=", '{foo=""}'),
        ('foo=""', '{foo=""}'),
        ("foo!=bar", '{foo!="bar"}'),
        ('foo=~"b.*"', '{foo=~"b.*"}'),
        ('foo!~"b|c"', '{foo!~"b|c"}'),
        ("a:b_C9=d", '{a:b_C9="d"}'),
        ("{foo=bar}", '{foo="bar"}'),
        ("{foo=bar", '{foo="bar"}'),
        ("foo=bar}", '{foo="bar"}'),
        ('{foo="bar",}', '{foo="bar"}'),
        ("{}", "{}"),
        ("", "{}"),
        ('foo="a,b",c="d"', '{c="d",foo="a,b"}'),
        ('b="1",a="2"', '{a="2",b="1"}'),
        ('a="2",a!="1",a="1"', '{a="1",a!="1",a="2"}'),
        (r'foo="a\"b"', r'{foo="a\"b"}'),
        (r'foo="a\\b"', r'{foo="a\\b"}'),
        (r'foo="a\nb"', r'{foo="a\nb"}'),
        ('foo="a\nb"', r'{foo="a\nb"}'),
        ("foo='bar'", "{foo=\"'bar'\"}"),
        ("foo=🙂", '{foo="🙂"}'),
        # names that only the UTF-8 grammar takes
        ("föö=bar", '{föö="bar"}'),
        ("1foo=bar,", '{1foo="bar"}'),
        ('"foo"="bar"', '{foo="bar"}'),
        ('{"foo bar"=~"b.*",c!=d}', '{c!="d","foo bar"=~"b.*"}'),
        ('"foo bar"="a\\tb"', r'{"foo bar"="a\tb"}'),
        (r'"\xf0\x9f\x99\x82"="\101"', '{🙂="A"}'),
        (r'"ü"="\U0001F642\u00e9"', '{ü="🙂é"}'),
        # both grammars read these and disagree: the classic one wins
        (r'foo="\d+"', r'{foo="\\d+"}'),
        (r'foo="\xf0\x9f"', r'{foo="\\xf0\\x9f"}'),
        (r'foo="\t"', r'{foo="\\t"}'),
        ("{foo=bar}}", '{foo="bar}"}'),
        ("foo==bar,", '{foo="=bar"}'),
    ],
)
def test_it_is_read_and_printed(text: str, printed: str) -> None:
    assert str(Matchers(parse_matchers(text))) == printed


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "=bar",
        'foo="bar',
        'foo=bar"',
        'foo="b"ar"',
        "foo=a,,b=c",
        '"foo"',
        '"foo"="bar"}',
        '{"foo"="bar"',
        '"foo"="bar" "c"="d"',
        r'"foo"="\xf0"',
        r'"foo"="\ud800"',
        r'"foo"="\U00110000"',
        r'"foo"="\q"',
        '"foo"="a\nb"',
        "a" * MATCHERS_TEXT_MAX + "=b",
    ],
)
def test_it_is_no_matcher(text: str) -> None:
    with pytest.raises(MatcherError):
        parse_matchers(text)


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(MatcherError, match=r"^bad matcher format: foo$"):
        parse_matchers("foo")
    with pytest.raises(MatcherError, match=r"matcher value contains unescaped double quote: b\"a"):
        parse_matchers('foo=b"a')
    with pytest.raises(MatcherError, match='"a\\(" is not a regular expression: missing'):
        Matchers((Matcher("foo", "a(", "=~"),))


@given(
    st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,5}", fullmatch=True), TEXT, st.sampled_from(OPERATORS)
)
def test_a_classic_matcher_is_read_as_it_is_printed(
    name: str, value: str, operator: Operator
) -> None:
    matcher = Matcher(name, value, operator)
    assert parse_matchers(str(matcher)) == (matcher,)


@given(TEXT.map(lambda text: f"a {text}"), TEXT, st.sampled_from(OPERATORS))
def test_any_name_is_read_as_it_is_printed(name: str, value: str, operator: Operator) -> None:
    matcher = Matcher(name, value, operator)
    assert parse_matchers(f"{{{matcher},a=b}}") == (matcher, Matcher("a", "b"))


@given(st.text(max_size=40))
def test_any_text_is_matchers_or_an_error(text: str) -> None:
    try:
        found = parse_matchers(text)
    except MatcherError:
        return
    for matcher in found:
        assert matcher.operator in OPERATORS


@pytest.mark.parametrize(
    ("text", "labels", "meets"),
    [
        ("foo=bar", {"foo": "bar"}, True),
        ("foo=bar", {"foo": "barn"}, False),
        ("foo=bar", {}, False),
        ("foo=", {}, True),
        ("foo=", {"foo": ""}, True),
        ("foo!=bar", {"foo": "baz"}, True),
        ("foo!=bar", {"foo": "bar"}, False),
        ("foo!=bar", {}, True),
        ("foo!=", {}, False),
        ("foo=~b.*", {"foo": "bar"}, True),
        ("foo=~b", {"foo": "bar"}, False),
        ("foo=~r", {"foo": "bar"}, False),
        ("foo=~a|b", {"foo": "b"}, True),
        ("foo=~a|b", {"foo": "ab"}, False),
        ("foo=~.+", {}, False),
        ("foo=~.*", {}, True),
        ("foo!~b.*", {"foo": "bar"}, False),
        ("foo!~b.*", {}, True),
        ("foo!~.*", {}, False),
        ("foo=~b", {"foo": "b\n"}, False),
        ("foo=bar,c=d", {"foo": "bar", "c": "d"}, True),
        ("foo=bar,c=d", {"foo": "bar"}, False),
        ("foo=bar,c!=d", {"foo": "bar"}, True),
    ],
)
def test_labels_meet_matchers(text: str, labels: dict[str, str], meets: bool) -> None:
    assert Matchers(parse_matchers(text)).match(labels) is meets


def test_no_matchers_take_everything() -> None:
    assert Matchers().match({})
    assert Matchers().match({"foo": "bar"})


def test_a_pattern_is_met_by_whole_values() -> None:
    wanted = anchored("team-(a|b)")
    assert wanted("team-a")
    assert not wanted("team-ab")
    assert not wanted("my team-a")


@pytest.mark.parametrize("pattern", [r"a\Q.b", "(?<=a)b", r"(a)\1", "a)(b", "*"])
def test_what_re2_refuses_is_an_error(pattern: str) -> None:
    with pytest.raises(MatcherError, match="is not a regular expression"):
        anchored(pattern)


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not anchored("(a*)*b")("a" * 50_000)

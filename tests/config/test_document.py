"""YAML text → nodes with places, or problems with places; never an exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.config import Mapped, Node, Scalar, Sequenced, parse
from trapgate.config.document import NODES_MAX
from trapgate.model import Span


def plain(node: Node | None) -> object:
    """The tree without its places."""
    match node:
        case Scalar():
            return None if node.null else node.text
        case Sequenced():
            return [plain(item) for item in node.items]
        case Mapped():
            return {key.text: plain(value) for key, value in node.entries}
    return "unreadable"


def read(text: str) -> object:
    node, problems = parse(text, "a.yml")
    assert problems == ()
    return plain(node)


def complaints(text: str) -> list[str]:
    _, problems = parse(text, "a.yml")
    return [f"{problem.span}: {problem.summary}" for problem in problems]


def test_scalars_stay_text() -> None:
    assert read("{a: 12:30, b: no, c: 00:1b:21:00:00:01, d: 1e3, e: 0x1f, f: 2026-11-21}") == {
        "a": "12:30",
        "b": "no",
        "c": "00:1b:21:00:00:01",
        "d": "1e3",
        "e": "0x1f",
        "f": "2026-11-21",
    }


@pytest.mark.parametrize("text", ["a:", "a: ~", "a: null", "a: NULL"])
def test_what_is_null(text: str) -> None:
    assert read(text) == {"a": None}


@pytest.mark.parametrize("text", ['a: ""', 'a: "null"', "a: '~'"])
def test_a_quoted_value_is_never_null(text: str) -> None:
    assert read(text) != {"a": None}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file_is_an_empty_mapping(text: str) -> None:
    node, problems = parse(text, "a.yml")
    assert problems == ()
    assert plain(node) in ({}, None)


def test_every_node_knows_its_place() -> None:
    node, _ = parse("one: 1\ntwo:\n  - x\n  - {three: 3}\n", "a.yml")
    assert isinstance(node, Mapped)
    (key_one, one), (_, two) = node.entries
    assert (key_one.span, one.span) == (Span("a.yml", 1, 1), Span("a.yml", 1, 6))
    assert isinstance(two, Sequenced)
    assert [item.span for item in two.items] == [Span("a.yml", 3, 5), Span("a.yml", 4, 5)]


def test_a_key_given_twice() -> None:
    assert complaints("a: 1\nb: 2\na: 3\n") == ['a.yml:3:1: "a" is given twice (first in line 1)']
    node, _ = parse("a: 1\na: 2\n", "a.yml")
    assert plain(node) == {"a": "1"}


def test_anchors_and_aliases() -> None:
    assert read("a: &x {n: 1}\nb: *x\n") == {"a": {"n": "1"}, "b": {"n": "1"}}


def test_merge_keys_bring_what_the_mapping_has_not() -> None:
    text = "a: &a {n: 1, m: 1}\nb: &b {n: 2, k: 2}\nc:\n  <<: [*a, *b]\n  m: own\n"
    assert read(text) == {
        "a": {"n": "1", "m": "1"},
        "b": {"n": "2", "k": "2"},
        "c": {"m": "own", "n": "1", "k": "2"},
    }


def test_a_merged_mapping_may_merge_itself() -> None:
    text = "a: &a {n: 1}\nb: &b\n  <<: *a\n  m: 2\nc:\n  <<: *b\n"
    assert read(text) == {
        "a": {"n": "1"},
        "b": {"m": "2", "n": "1"},
        "c": {"m": "2", "n": "1"},
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [1, 2\n", "a.yml:2:1: while parsing a flow sequence did not find expected ',' or ']'"),
        ("a: b: c\n", "a.yml:1:5: mapping values are not allowed in this context"),
        ("a: *nowhere\n", "a.yml:1:4: found undefined alias"),
        ("<<: text\n", 'a.yml:1:5: "<<" must name a mapping'),
        ("<<: [{a: 1}, text]\n", 'a.yml:1:14: "<<" must name a mapping'),
        ("? [a, b]\n: 1\n", "a.yml:1:3: a key must be a single value"),
        ("a: 1\n---\nb: 2\n", "a.yml:2:1: expected a single document in the stream"),
        ("a: \x00\n", "a.yml: not YAML"),
        ("\ud800", "a.yml: not YAML"),
        ("[" * 101, "a.yml:1:101: nested more than 100 levels deep"),
        ("[" * 300_000, "a.yml:1:101: nested more than 100 levels deep"),
        ("- " * 101, "a.yml:1:201: nested more than 100 levels deep"),
    ],
)
def test_what_cannot_be_read(text: str, complaint: str) -> None:
    node, problems = parse(text, "a.yml")
    assert node is None
    (found,) = [f"{problem.span}: {problem.summary}" for problem in problems]
    assert found.startswith(complaint.partition(" but ")[0])


def test_a_hundred_levels_are_read() -> None:
    assert read("[" * 100 + "]" * 100)


def test_a_colon_in_a_plain_value_gets_a_hint() -> None:
    _, (problem,) = parse("summary: link: down\n", "a.yml")
    assert problem.help == 'put the value in quotes: a plain value must not contain ": "'


@pytest.mark.parametrize(("innermost", "level_form"), [("[x]", "[%s]"), ("{}", "{<<: [%s]}")])
def test_an_alias_bomb_ends_at_the_bound(innermost: str, level_form: str) -> None:
    lines = [f"a0: &a0 {innermost}"]
    for level in range(1, 10):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} " + level_form % aliases)
    assert [line.partition(": ")[2] for line in complaints("\n".join(lines))] == [
        f"more than {NODES_MAX} nodes"
    ]


@pytest.mark.parametrize("text", ["&a [*a]", "&a {b: *a}", "a: &a\n  <<: *a\n", "&a\n<<: [*a]\n"])
def test_an_alias_of_what_holds_it_is_a_problem(text: str) -> None:
    node, problems = parse(text, "a.yml")
    assert node is None
    assert [problem.severity for problem in problems] == ["error"]


TEXTS = (
    st.text(st.sampled_from("ab:-?,[]{}#&*!|>'\"%@` \t\n<~\x00\ud800é"), max_size=40) | st.text()
)


@given(TEXTS)
def test_it_never_raises(text: str) -> None:
    node, problems = parse(text, "a.yml")
    assert node is not None or problems
    assert all(problem.span is not None for problem in problems)

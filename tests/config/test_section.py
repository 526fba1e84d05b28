"""A file's text → typed settings, or every problem at once, each at its place."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.config import (
    NOWHERE,
    Duration,
    Loaded,
    Misfit,
    Node,
    Scalar,
    Section,
    Sequenced,
    load,
)
from trapgate.model import Span


class Names(msgspec.Struct, frozen=True):
    """One name or a list of them: a type that may be written in two shapes."""

    names: tuple[str, ...]

    @classmethod
    def from_node(cls, node: Node) -> Self:
        match node:
            case Scalar():
                return cls((node.text,))
            case Sequenced():
                return cls(tuple(item.text for item in node.items if isinstance(item, Scalar)))
        raise Misfit(f"must be a name or a list of names, not {node.kind}", node.span, "as: [a, b]")


class Child(Section, frozen=True, kw_only=True):
    name: str
    size: int = 1


class Parent(Section, frozen=True, kw_only=True):
    title: str
    port: int | None = None
    ratio: float = 0.5
    enabled: bool = True
    mode: Literal["fast", "safe"] = "safe"
    wait: Duration = Duration(0)
    names: Names = Names(())
    child: Child = Child(name="only")
    children: tuple[Child, ...] = ()
    labels: Mapping[str, str] = {}
    by_name: Mapping[str, Child] = {}
    class_: str = msgspec.field(default="", name="class")

    later: ClassVar[Mapping[str, str]] = {"colour": "colours come later"}


def read(text: str) -> Parent:
    loaded = load(text, "a.yml", Parent)
    assert loaded.problems == ()
    assert loaded.value is not None
    return loaded.value


def complaints(text: str) -> list[str]:
    loaded = load(text, "a.yml", Parent)
    return [
        f"{problem.span}: {problem.summary} [{problem.code}]"
        + (f" ({problem.help})" if problem.help else "")
        for problem in loaded.problems
    ]


def test_every_kind_of_value() -> None:
    text = """
title: T
port: 162
ratio: 1e-1
enabled: off
mode: fast
wait: 1m30s
names: [a, b]
child: {name: x, size: 2}
children: [{name: y}]
labels: {site: ber1, n: 5}
by_name: {k: {name: z}}
class: c
"""
    assert read(text) == Parent(
        title="T",
        port=162,
        ratio=0.1,
        enabled=False,
        mode="fast",
        wait=Duration(90_000_000_000),
        names=Names(("a", "b")),
        child=Child(name="x", size=2),
        children=(Child(name="y"),),
        labels={"site": "ber1", "n": "5"},
        by_name={"k": Child(name="z")},
        class_="c",
    )


def test_nothing_given_is_the_default() -> None:
    empty = "title: T\nport:\nchildren:\nlabels: ~\nby_name: null\n"
    assert read(empty) == read("title: T") == Parent(title="T")


def test_each_problem_has_its_place_and_all_are_told_at_once() -> None:
    text = """\
titel: T
port: many
ratio: half
enabled: perhaps
mode: quick
wait: soon
names: {a: b}
child: {size: 2}
children:
  - {name: a, sice: 3}
  - text
  - {name: [a]}
labels: [a]
by_name: {k: {name: z, size: x}}
colour: red
"""
    assert complaints(text) == [
        'a.yml:1:1: unknown key "titel" in the file [unknown-key] (did you mean "title"?)',
        'a.yml:2:7: "port": "many" is not a whole number [value]',
        'a.yml:3:8: "ratio": "half" is not a number [value]',
        'a.yml:4:10: "enabled": "perhaps" is neither true nor false [value]',
        'a.yml:5:7: "mode": "quick" is not one of "fast", "safe" [value]',
        'a.yml:6:7: "wait": "soon" is not a duration; write 30s, 5m, 1h30m or 500ms [value]',
        'a.yml:7:8: "names": must be a name or a list of names, not a mapping [value] (as: [a, b])',
        'a.yml:8:8: "child" needs "name" [missing-key]',
        'a.yml:10:15: unknown key "sice" in an item of "children" [unknown-key] '
        '(did you mean "size"?)',
        'a.yml:11:5: an item of "children" must be a mapping, not a single value [type]',
        'a.yml:12:12: "name" must be a single value, not a list [type]',
        'a.yml:13:9: "labels" must be a mapping, not a list [type]',
        'a.yml:14:30: "size": "x" is not a whole number [value]',
        'a.yml:15:1: "colour" is not supported yet: colours come later [not-supported-yet]',
        'a.yml:1:1: the file needs "title" [missing-key]',
    ]


@pytest.mark.parametrize("line", ["xyz: 1", "colour: red", "title: U"])
def test_what_is_not_read_leaves_the_rest_to_be_checked_further(line: str) -> None:
    loaded = load(f"title: T\n{line}\n", "a.yml", Parent)
    assert loaded.value == Parent(title="T")
    assert [problem.severity for problem in loaded.problems] == ["error"]


def test_a_value_that_cannot_be_read_leaves_nothing_to_check() -> None:
    assert load("title: T\nport: many\n", "a.yml", Parent).value is None
    assert load("port: 1\n", "a.yml", Parent).value is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- title: T", "a.yml:1:1: the file must be a mapping, not a list [type]"),
        ("text", "a.yml:1:1: the file must be a mapping, not a single value [type]"),
        ("title:", 'a.yml:1:7: "title" has no value [type]'),
        ("title: {a: b}", 'a.yml:1:8: "title" must be a single value, not a mapping [type]'),
        ("title: T\nchildren: x", 'a.yml:2:11: "children" must be a list, not a single value'),
        ("title: T\ntitle: U", 'a.yml:2:1: "title" is given twice (first in line 1)'),
        ("title: T\nxyz: 1", 'a.yml:2:1: unknown key "xyz" in the file [unknown-key]'),
        ("title: T\nclass_: 1", 'a.yml:2:1: unknown key "class_" in the file [unknown-key] (did'),
        ("title: T\nwhere: 1", 'a.yml:2:1: unknown key "where" in the file [unknown-key]'),
        ("title: T\nlater: 1", 'a.yml:2:1: unknown key "later" in the file [unknown-key]'),
        ("title: T\nport: 1_0", 'a.yml:2:7: "port": "1_0" is not a whole number [value]'),
        ("title: T\nratio: nan", 'a.yml:2:8: "ratio": "nan" is not a number [value]'),
    ],
)
def test_one_problem(text: str, complaint: str) -> None:
    (found,) = complaints(text)
    assert found.startswith(complaint)


def test_a_section_knows_where_it_and_its_keys_stood() -> None:
    value = read("title: T\nchild:\n  name: x\n")
    assert value.where.key("title") == Span("a.yml", 1, 1)
    assert value.child.where.span == Span("a.yml", 3, 3)
    assert value.child.where.key("size") == value.child.where.span
    assert value.child.problem("name", "is wrong").span == Span("a.yml", 3, 3)
    assert value.children == ()
    assert Child(name="x").where == NOWHERE


def test_two_sections_that_differ_in_their_place_only_are_equal() -> None:
    one, other = read("title: T"), read("\n\ntitle: T")
    assert one == other
    assert one.where.span != other.where.span
    assert one != read("title: U")


def test_a_merged_key_is_at_home_where_it_is_written() -> None:
    text = "title: T\nlabels: &l {size: 7}\nchild: {<<: *l, name: n}\n"
    value = read(text)
    assert value.child.size == 7
    assert value.child.where.key("size") == Span("a.yml", 2, 13)


WORDS = st.sampled_from(
    ["title", "port", "child", "children", "labels", "by_name", "names", "wait", "colour", "<<"]
)
NODES = st.recursive(
    st.sampled_from(["1", "x", "~", "''", "1h", "fast", "&a", "*a", "99999999999999999999999"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
        | st.dictionaries(WORDS, inner, max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"
        )
    ),
    max_leaves=12,
)


@given(NODES | st.text(max_size=30))
def test_any_text_is_a_value_or_problems(text: str) -> None:
    loaded: Loaded[Parent] = load(text, "a.yml", Parent)
    assert loaded.value is not None or loaded.problems
    assert all(problem.span is not None for problem in loaded.problems)

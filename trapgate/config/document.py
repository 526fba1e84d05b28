"""YAML text → a tree of nodes that know their place.

Scalars stay text: what `12:30`, `no` or a MAC address means is the schema's business, not
YAML 1.1's. Anchors, aliases and merge keys (`<<`) work; a key given twice is a problem.
"""

from collections.abc import Iterator
from typing import ClassVar

import msgspec
import yaml

from trapgate.model import Problem, Span

NODES_MAX = 500_000
"""A file's nodes, aliases followed: no honest file comes near, and an alias bomb ends here."""

NESTING_MAX = 100
"""Levels of lists and mappings: a deep routing tree has 20. Beyond some ten thousand the YAML
library overflows the stack, which ends the process."""


class Scalar(msgspec.Struct, frozen=True):
    """One value as written. `quoted` tells `"5"` from `5`, `null` is an empty or `~` value."""

    text: str
    quoted: bool
    span: Span

    kind: ClassVar[str] = "a single value"

    @property
    def null(self) -> bool:
        return not self.quoted and self.text in ("", "~", "null", "Null", "NULL")


class Sequenced(msgspec.Struct, frozen=True):
    items: tuple["Node", ...]
    span: Span

    kind: ClassVar[str] = "a list"


class Mapped(msgspec.Struct, frozen=True):
    """Keys in the order of the file, each with the place of the key itself."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    span: Span

    kind: ClassVar[str] = "a mapping"


Node = Scalar | Sequenced | Mapped


class _Broken(Exception):
    """Ends the reading of a file that cannot be made sense of."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.summary)
        self.problem = problem


def parse(text: str, file: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """Read one YAML document; an empty one is an empty mapping.

    Never raises: what cannot be read is `None` and its problem. Problems beside a node (a key
    given twice) leave the rest usable.
    """
    try:
        too_deep = _too_deep(text, file)
        if too_deep is not None:
            return None, (too_deep,)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        return None, (_syntax_problem(error, file),)
    except (yaml.YAMLError, UnicodeError) as error:
        return None, (Problem("yaml", "error", f"not YAML: {error}", Span(file)),)
    if root is None:
        return Mapped((), Span(file, 1, 1)), ()
    reader = _Reader(file)
    try:
        node = reader.node(root)
    except _Broken as broken:
        return None, (*reader.problems, broken.problem)
    except RecursionError:  # an alias of what holds it
        return None, (Problem("yaml", "error", "nested without end", Span(file, 1, 1)),)
    return node, tuple(reader.problems)


def _too_deep(text: str, file: str) -> Problem | None:
    """A first pass over the text, without a stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > NESTING_MAX:
                summary = f"nested more than {NESTING_MAX} levels deep"
                mark = event.start_mark
                span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file)
                return Problem("yaml", "error", summary, span)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file)
    summary = " ".join(part for part in (error.context, error.problem) if part) or "not YAML"
    hint = ""
    if error.problem and "mapping values are not allowed" in error.problem:
        hint = 'put the value in quotes: a plain value must not contain ": "'
    return Problem("yaml", "error", summary, span, hint)


class _Reader:
    """One walk over PyYAML's nodes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.count = 0

    def node(self, raw: yaml.Node) -> Node:
        span = self.counted(raw)
        if isinstance(raw, yaml.ScalarNode):
            return Scalar(raw.value, bool(raw.style), span)
        if isinstance(raw, yaml.SequenceNode):
            return Sequenced(tuple(self.node(item) for item in raw.value), span)
        entries: dict[str, tuple[Scalar, Node]] = {}
        for key, value in self.merged(raw):
            if key.text in entries:
                first = entries[key.text][0].span
                self.problems.append(
                    Problem(
                        "duplicate-key",
                        "error",
                        f'"{key.text}" is given twice (first in line {first.line})',
                        key.span,
                        "keep one of them",
                    )
                )
                continue
            entries[key.text] = (key, value)
        return Mapped(tuple(entries.values()), span)

    def merged(self, raw: yaml.Node) -> Iterator[tuple[Scalar, Node]]:
        """The mapping's own entries, then those that `<<` brings and it has not itself."""
        own: set[str] = set()
        merges: list[yaml.Node] = []
        for raw_key, raw_value in raw.value:
            if not isinstance(raw_key, yaml.ScalarNode):
                summary = "a key must be a single value"
                raise _Broken(Problem("yaml", "error", summary, self.span(raw_key)))
            if raw_key.tag == "tag:yaml.org,2002:merge":
                merges.append(raw_value)
                continue
            own.add(raw_key.value)
            key = Scalar(raw_key.value, bool(raw_key.style), self.span(raw_key))
            yield key, self.node(raw_value)
        for merge in merges:
            sources = merge.value if isinstance(merge, yaml.SequenceNode) else [merge]
            for source in sources:
                self.counted(source)
                if not isinstance(source, yaml.MappingNode):
                    summary = '"<<" must name a mapping'
                    raise _Broken(Problem("yaml", "error", summary, self.span(source)))
                for key, value in self.merged(source):
                    if key.text not in own:
                        own.add(key.text)
                        yield key, value

    def counted(self, raw: yaml.Node) -> Span:
        """The place of a node that is about to be read, if it is not one too many."""
        self.count += 1
        span = self.span(raw)
        if self.count > NODES_MAX:
            raise _Broken(Problem("yaml", "error", f"more than {NODES_MAX} nodes", span))
        return span

    def span(self, raw: yaml.Node) -> Span:
        return Span(self.file, raw.start_mark.line + 1, raw.start_mark.column + 1)

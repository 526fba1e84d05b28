"""What a template may contain: an allow-list of syntax, judged and rewritten before it compiles.

Two things are rewritten: `labels.x` becomes `labels["x"]` (a label may be called `items`, which is
also a method of Python's dict), and what a `for` runs over is bounded.
"""

from collections.abc import Collection
from typing import NoReturn

from jinja2 import meta, nodes
from jinja2.visitor import NodeTransformer

from trapgate.config import did_you_mean
from trapgate.template.errors import TemplateError
from trapgate.template.sandbox import BOUND, FILTERS, TESTS

LOOPS_NESTED_MAX = 2
"""Labels within a list of things is two; more is a program."""

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Name,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Filter,
    nodes.Test,
    nodes.Call,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Pow,
    nodes.Concat,
)

_LOOP = ("first", "index", "index0", "last", "length", "revindex", "revindex0")
"""What `loop.` offers inside a `for`."""


def check(
    tree: nodes.Template, names: Collection[str], labels: Collection[str]
) -> tuple[nodes.Template, tuple[str, ...]]:
    """The tree, rewritten, and the event's fields that it mentions, sorted, each once.

    `names` are the top-level variables that exist, `labels` the labels. Raises `TemplateError` at
    the first thing that is not allowed or does not exist.
    """
    checker = _Checker(labels)
    checker.visit(tree)
    unknown = meta.find_undeclared_variables(tree) - {*names, "range"}
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            hint = did_you_mean(name.name, names) or f"there are {', '.join(names)}"
            fail(f'there is no variable "{name.name}"', name, hint)
    return tree, tuple(sorted(checker.captures))


class _Checker(NodeTransformer):
    """One walk over a template's tree. Jinja2's visitor calls `visit_X` for a node of type X."""

    def __init__(self, labels: Collection[str]) -> None:
        self.labels = labels
        self.captures: set[str] = set()
        self.loops = 0

    def generic_visit(self, node: nodes.Node, *args: object, **named: object) -> nodes.Node:
        if not isinstance(node, _ALLOWED):
            summary = f'"{type(node).__name__.lower()}" is not allowed in a template'
            fail(summary, node, "a template prints {{ }}, chooses {% if %} and repeats {% for %}")
        return super().generic_visit(node, *args, **named)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.recursive:
            fail("a recursive loop is not allowed in a template", node)
        if self.loops >= LOOPS_NESTED_MAX:
            fail(f"loops are nested more than {LOOPS_NESTED_MAX} deep", node)
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        node.iter = nodes.Filter(
            node.iter, BOUND, [], [], None, None, lineno=node.lineno, environment=node.environment
        )
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        known("filter", node.name, FILTERS, node)
        return self.generic_visit(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        known("test", node.name, TESTS, node)
        return self.generic_visit(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        named = isinstance(node.node, nodes.Name) and node.node.name == "range"
        if not named or node.kwargs or node.dyn_args or node.dyn_kwargs:
            fail("only range(number) can be called", node, "use a filter: x | upper")
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        if node.name == "range":
            fail("range is a function", node, "write range(3)")
        if node.name == "self":
            fail('there is no variable "self"', node)  # Jinja2's, for blocks
        if node.name == "event":
            # which fields a match carries is known before it happens
            fail("an event's fields are read one by one", node, 'write event["host.name"]')
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        owner = owner_of(node)
        if owner == "loop":
            known("attribute of loop", node.attr, _LOOP, node)
            return node
        if owner != "labels":
            event = any(name.name == "event" for name in node.find_all(nodes.Name))
            hint = 'write event["host.name"]' if event else did_you_mean(owner, ("labels", "loop"))
            hint = hint or "use a filter: x | upper"
            fail(f'there is no attribute "{node.attr}"', node, hint)
        known("label", node.attr, self.labels, node)
        key = nodes.Const(node.attr, lineno=node.lineno, environment=node.environment)
        return nodes.Getitem(
            node.node, key, "load", lineno=node.lineno, environment=node.environment
        )

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        owner = owner_of(node)
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        if owner == "event":
            if not isinstance(key, str):
                hint = 'write event["host.name"]'
                fail("an event's field must be named by a constant text", node, hint)
            self.captures.add(key)
            return node
        if owner == "labels" and isinstance(key, str):
            known("label", key, self.labels, node)
        return self.generic_visit(node)


def owner_of(node: nodes.Getattr | nodes.Getitem) -> str:
    """The variable whose attribute or item this is; "" if it is none."""
    return node.node.name if isinstance(node.node, nodes.Name) else ""


def known(what: str, name: str, known: Collection[str], node: nodes.Node) -> None:
    """Raises `TemplateError` unless the name is one of these."""
    if name not in known:
        hint = did_you_mean(name, known) or f"there are {', '.join(sorted(known))}"
        fail(f'there is no {what} "{name}"', node, hint)


def fail(summary: str, node: nodes.Node, help: str = "") -> NoReturn:
    """Raises `TemplateError` at a node's line."""
    raise TemplateError(summary, node.lineno, help)

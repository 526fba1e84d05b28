"""Nodes → typed settings: one `Section` struct per component, beside the component's code.

A section is a frozen struct whose fields are the keys of a YAML mapping. Fields may be `str`,
`int`, `float`, `bool`, literals, types with `from_text` (see `values`) or `from_node` (for what
may be written in several shapes), sections, `tuple[T, ...]` for lists, `Mapping[str, T]`, each also
`| None`. An unknown key, a missing one, a wrong type: each is a problem, and reading goes on, so
that a user sees all of them at once.
"""

from collections.abc import Mapping
from functools import cache
from math import inf, nan
from types import NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from trapgate.config.document import Mapped, Node, Scalar, Sequenced, parse
from trapgate.config.suggest import choice_meant, did_you_mean
from trapgate.model import Problem, Span

T = TypeVar("T")
S = TypeVar("S", bound="Section")


class Where(msgspec.Struct, frozen=True, eq=False):
    """Where a section stood: its own place and that of each of its keys. Two sections that differ
    only in their place are equal."""

    span: Span
    keys: Mapping[str, Span] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Where)

    def __hash__(self) -> int:
        return 0

    def key(self, name: str) -> Span:
        """The place of a key, else of the section."""
        return self.keys.get(name, self.span)


NOWHERE = Where(Span("(built in)"))


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all settings. `later` names keys that exist in the format and are not built yet:
    each is refused by name, with what it says here."""

    later: ClassVar[Mapping[str, str]] = {}

    where: Where = NOWHERE

    def problem(self, key: str, summary: str, help: str = "", code: str = "value") -> Problem:
        """An error at one of this section's keys."""
        return Problem(code, "error", summary, self.where.key(key), help)


class Misfit(Exception):
    """Raised by a type's `from_node(node)`, for what may be written in several shapes."""

    def __init__(self, summary: str, span: Span, help: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.span = span
        self.help = help


class Loaded(msgspec.Struct, Generic[T]):
    """What was read, and everything that is wrong with it.

    `value` is there as soon as every known key could be read, so that later checks can say what
    they find in the same go; whether it may be used the problems tell. `legible` is the same, with
    the default for each value that could not be read: to be checked, never to be used.
    """

    value: T | None
    problems: tuple[Problem, ...]
    legible: T | None = None


def load(text: str, file: str, kind: type[S]) -> Loaded[S]:
    """Read a file's text as `kind`. Never raises on any text."""
    node, problems = parse(text, file)
    if node is None:
        return Loaded(None, problems)
    builder = _Builder(list(problems))
    value = builder.section(node, kind, "the file")
    whole = all(problem.code in _HARMLESS for problem in builder.problems)
    return Loaded(value if whole else None, tuple(builder.problems), value)


_HARMLESS = {"unknown-key", "not-supported-yet", "duplicate-key"}
"""Errors that leave the value whole: what was not read is not part of it."""


class _Absent(Exception):
    """This value has a problem; it is in the list already."""


class _Builder:
    """One walk over a document, collecting problems on the way."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def fail(self, code: str, summary: str, span: Span, help: str = "") -> _Absent:
        self.problems.append(Problem(code, "error", summary, span, help))
        return _Absent()

    def section(self, node: Node, kind: type[S], name: str) -> S | None:
        if isinstance(node, Scalar) and node.null:
            node = Mapped((), node.span)
        if not isinstance(node, Mapped):
            self.fail("type", f"{name} must be a mapping, not {node.kind}", node.span)
            return None
        hints = field_types(kind)
        required = {field.name for field in msgspec.structs.fields(kind) if field.required}
        values: dict[str, Any] = {}
        for key, value in node.entries:
            if key.text in kind.later:
                summary = f'"{key.text}" is not supported yet: {kind.later[key.text]}'
                self.fail("not-supported-yet", summary, key.span)
            elif key.text not in hints:
                hint = did_you_mean(key.text, hints)
                self.fail("unknown-key", f'unknown key "{key.text}" in {name}', key.span, hint)
            else:
                attribute, hint_type = hints[key.text]
                try:
                    values[attribute] = self.value(value, hint_type, f'"{key.text}"')
                except _Absent:
                    if attribute in required:
                        values[attribute] = None
        self.require(node, kind, values, name)
        where = Where(node.span, {key.text: key.span for key, _ in node.entries})
        try:
            return kind(where=where, **values)
        except TypeError:
            return None  # a required key is missing: said by `require`

    def require(
        self, node: Mapped, kind: type["Section"], values: Mapping[str, Any], name: str
    ) -> None:
        for field in msgspec.structs.fields(kind):
            if field.required and field.name not in values:
                summary = f'{name} needs "{field.encode_name}"'
                self.fail("missing-key", summary, node.span)

    def value(self, node: Node, hint: Any, name: str) -> Any:
        origin, arguments = get_origin(hint), get_args(hint)
        if hasattr(hint, "from_node"):
            return self.shaped(node, hint, name)
        if origin in (Union, UnionType):
            if isinstance(node, Scalar) and node.null:
                return None
            (inner,) = [argument for argument in arguments if argument is not NoneType]
            return self.value(node, inner, name)
        if origin is tuple:
            return self.items(node, arguments[0], name)
        if origin is not None and issubclass(_class_of(origin), Mapping):
            return self.mapping(node, arguments[1], name)
        if isinstance(hint, type) and issubclass(hint, Section):
            section = self.section(node, hint, name)
            if section is None:
                raise _Absent
            return section
        return self.scalar(node, hint, name)

    def items(self, node: Node, hint: Any, name: str) -> tuple[Any, ...]:
        if isinstance(node, Scalar) and node.null:
            return ()
        if not isinstance(node, Sequenced):
            raise self.fail("type", f"{name} must be a list, not {node.kind}", node.span)
        values = []
        for item in node.items:
            try:
                values.append(self.value(item, hint, f"an item of {name}"))
            except _Absent:
                continue
        return tuple(values)

    def mapping(self, node: Node, hint: Any, name: str) -> Mapping[str, Any]:
        if isinstance(node, Scalar) and node.null:
            return {}
        if not isinstance(node, Mapped):
            raise self.fail("type", f"{name} must be a mapping, not {node.kind}", node.span)
        values = {}
        for key, value in node.entries:
            try:
                values[key.text] = self.value(value, hint, f'"{key.text}" in {name}')
            except _Absent:
                continue
        return values

    def shaped(self, node: Node, hint: Any, name: str) -> Any:
        try:
            return hint.from_node(node)
        except Misfit as misfit:
            raise self.fail(
                "value", f"{name}: {misfit.summary}", misfit.span, misfit.help
            ) from None

    def scalar(self, node: Node, hint: Any, name: str) -> Any:
        if not isinstance(node, Scalar):
            raise self.fail("type", f"{name} must be a single value, not {node.kind}", node.span)
        if node.null:
            raise self.fail("type", f"{name} has no value", node.span)
        try:
            return _convert(node.text, hint)
        except ValueError as error:
            help = choice_meant(node.text, get_args(hint)) if get_origin(hint) is Literal else ""
            raise self.fail("value", f"{name}: {error}", node.span, help) from None


def _convert(text: str, hint: Any) -> Any:
    if hint is str:
        return text
    if hint is bool:
        return _boolean(text)
    if hint in (int, float):
        return _number(text, hint)
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        if text not in choices:
            words = ", ".join(f'"{choice}"' for choice in choices)
            raise ValueError(f'"{text}" is not one of {words}')
        return text
    return hint.from_text(text)


def _number(text: str, kind: type[int] | type[float]) -> int | float:
    """Python's numbers, but for `1_000`, other scripts' digits, `inf` and `nan`."""
    try:
        number = kind(text) if text.isascii() and "_" not in text else nan
    except ValueError:
        number = nan
    if not -inf < number < inf:
        raise ValueError(f'"{text}" is not {"a whole number" if kind is int else "a number"}')
    return number


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("true", "yes", "on"):
        return True
    if lowered in ("false", "no", "off"):
        return False
    raise ValueError(f'"{text}" is neither true nor false')


def _class_of(origin: Any) -> type:
    return origin if isinstance(origin, type) else object


@cache
def field_types(kind: type[Section]) -> Mapping[str, tuple[str, Any]]:
    """The keys of a section: YAML name → (attribute, type). `where` is not a key."""
    hints = get_type_hints(kind)
    return {
        field.encode_name: (field.name, hints[field.name])
        for field in msgspec.structs.fields(kind)
        if field.name != "where"
    }

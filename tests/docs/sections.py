"""Settings → their reference: what the code says about each key, as Markdown.

A key's text is the docstring under its attribute, which only the source has: it is read by `ast`.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from trapgate.config import Address, ByteSize, Cidr, Duration, Section
from trapgate.config.section import field_types
from trapgate.rules.settings import Key, Text

VALUES: Mapping[type, tuple[str, str]] = {
    str: ("text", "Any text. Quote it where YAML would read something else into it."),
    int: ("whole number", "`5`."),
    bool: ("yes or no", "`true` or `false`."),
    Duration: ("duration", "`1h30m`, `500ms`, `2w`, `0`: as Prometheus writes durations."),
    ByteSize: ("size", "`512MiB`, `20GiB`, or a bare number of bytes."),
    Cidr: (
        "network",
        "`10.0.0.0/8`, `2001:db8::/32`, a single address, `private` (loopback, link-local and "
        "private ranges, carrier NAT among them) or `any`.",
    ),
    Address: (
        "address",
        "`host:port` with an IP address as host: `127.0.0.1:9093`, `[::1]:514`; `*:1162` is "
        "every address, IPv4 and IPv6.",
    ),
    Text: ("text", "Any text. Quote it where YAML would read something else into it."),
    Key: (
        "fields",
        "A field (`host.name`), a list of fields, or a mapping from label to field. Where a field "
        "stands, a list of fields means: the first that the event has.",
    ),
}
"""What a user calls the types, and how values are written."""

_UNITS = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def setting_texts(kind: type[Section]) -> Mapping[str, str]:
    """The docstrings of a section's attributes, on one line each."""
    (class_,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(class_, ast.ClassDef)
    texts: dict[str, str] = {}
    for statement, following in zip(class_.body, class_.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            texts[statement.target.id] = " ".join(following.value.value.split())
    return texts


def inner_section(hint: Any) -> type[Section] | None:
    """The section that a setting's type leads to, if it does."""
    if isinstance(hint, type) and issubclass(hint, Section):
        return hint
    return next((found for a in get_args(hint) if (found := inner_section(a))), None)


def sections(kind: type[Section], path: str = "") -> Iterator[tuple[str, type[Section]]]:
    """A section and all below it, depth first, each once, with its dotted path in the file."""
    yield from _sections(kind, path, set())


def _sections(
    kind: type[Section], path: str, seen: set[type[Section]]
) -> Iterator[tuple[str, type[Section]]]:
    seen.add(kind)
    yield path, kind
    for key, (_, hint) in field_types(kind).items():
        inner = inner_section(hint)
        if inner is not None and inner not in seen:
            yield from _sections(inner, f"{path}.{key}" if path else key, seen)


def type_in_words(hint: Any, anchors: Mapping[type[Section], str]) -> str:
    """A setting's type as a user would say it; sections are links."""
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Section):
        return f"[mapping](#{anchors[hint]})"
    if origin in (Union, UnionType):
        (inner,) = [argument for argument in arguments if argument is not NoneType]
        return type_in_words(inner, anchors)
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin is tuple:
        return f"list of: {type_in_words(arguments[0], anchors)}"
    if origin is not None:
        return f"mapping from names to: {type_in_words(arguments[1], anchors)}"
    return VALUES[hint][0]


def yaml_of(value: object) -> str:
    """A value as a user would write it, in YAML's flow style."""
    match value:
        case Section():
            keys = {
                field.encode_name: getattr(value, field.name)
                for field in msgspec.structs.fields(value)
                if field.name != "where"
                and (field.required or getattr(value, field.name) != field.default)
            }
            return yaml_of(keys)
        case Mapping():
            return "{" + ", ".join(f"{key}: {yaml_of(of)}" for key, of in value.items()) + "}"
        case tuple():
            return "[" + ", ".join(yaml_of(item) for item in value) + "]"
        case bool():
            return "true" if value else "false"
        case ByteSize():
            unit, size = next((u for u in _UNITS if value and not value % u[1]), ("", 1))
            return f"{value // size}{unit}"
        case Cidr():
            return value.text
        case Address():
            return f'"{value}"'
    return str(value) if value != "" else '""'


def default_of(kind: type[Section], attribute: str) -> str:
    """The default for a table: a setting without one is required, `None` and sections that are
    all default have nothing to show."""
    (field,) = [field for field in msgspec.structs.fields(kind) if field.name == attribute]
    if field.required:
        return "**required**"
    value = field.default
    if value is msgspec.NODEFAULT:
        assert callable(field.default_factory)
        value = field.default_factory()
    if value is None or (isinstance(value, Section) and yaml_of(value) == "{}"):
        return ""
    if isinstance(value, Key):
        return "" if not value.parts else str(value)
    return f"`{yaml_of(value)}`"

"""The schema of rule files: groups of rules, in the shape of Prometheus' rule files."""

import re
from collections.abc import Mapping
from typing import ClassVar, Self

import msgspec

from trapgate.config import Mapped, Misfit, Node, Scalar, Section, Sequenced
from trapgate.model import Span

_NOT_IN_LABEL = re.compile(r"[^a-zA-Z0-9_]")


class Text(msgspec.Struct, frozen=True):
    """A text that is read further (a query, a template), with its place in the file."""

    text: str
    span: Span

    @classmethod
    def from_node(cls, node: Node) -> Self:
        """Any single value. Raises `Misfit` for anything else."""
        if not isinstance(node, Scalar):
            raise Misfit(f"must be a text, not {node.kind}", node.span)
        return cls("" if node.null else node.text, node.span)


class KeyPart(msgspec.Struct, frozen=True):
    """One entry of `by`: a label and the fields of which the first present gives its value."""

    label: str
    fields: tuple[Text, ...]
    span: Span


class Key(msgspec.Struct, frozen=True):
    """`by`: what tells one alert of a rule from another.

    Written as a mapping from label to field, or as a list of fields, whose labels are then the
    fields' names with `_` for what a label cannot have (`host.name`: `host_name`); a single field
    needs no list. Where a field stands, a list of fields means: the first that the event has.
    """

    parts: tuple[KeyPart, ...] = ()

    @classmethod
    def from_node(cls, node: Node) -> Self:
        """Raises `Misfit` for any other shape."""
        if isinstance(node, Mapped):
            return cls(tuple(KeyPart(key.text, _fields(of), key.span) for key, of in node.entries))
        items = node.items if isinstance(node, Sequenced) else (node,)
        return cls(tuple(_unnamed(item) for item in items))


def _unnamed(node: Node) -> KeyPart:
    fields = _fields(node)
    return KeyPart(_NOT_IN_LABEL.sub("_", fields[0].text), fields, node.span)


def _fields(node: Node) -> tuple[Text, ...]:
    items = node.items if isinstance(node, Sequenced) else (node,)
    fields = []
    for item in items:
        if not isinstance(item, Scalar) or item.null:
            hint = "write a field (host.name) or a list of fields"
            raise Misfit("a field's name must stand here", item.span, hint)
        fields.append(Text(item.text, item.span))
    if not fields:
        raise Misfit("this list of fields is empty", node.span)
    return tuple(fields)


class RuleSettings(Section, frozen=True, kw_only=True):
    """One rule: which events raise an alert, which clear it."""

    later: ClassVar[Mapping[str, str]] = {
        "expr": "rules over windows of time need periodic queries; use match and clear",
        "for": "an alert is raised by its first event",
        "keep_firing_for": "an alert ends with its clear",
        "flap": "every raise and clear is told; group_interval keeps the notifications apart",
        "expire": "an alert without a clear fires until its rule is removed",
        "extract": "fields come from the decoders; rules cannot add any",
    }

    alert: str
    """The alert's name, its label `alertname`."""

    match: Text
    """A query: an event that meets it raises the alert, or repeats it if it is raised."""

    clear: Text | None = None
    """A query: an event that meets it ends the alert with the same `by` values. An event that
    meets both clears."""

    by: Key = Key()
    """The fields whose values tell the rule's alerts apart; each becomes a label. Without it the
    rule has one alert, whichever device raises it."""

    labels: Mapping[str, Text] = {}
    """Labels added to the alert. A template may use `labels` (those of `by`) and `event`; the
    values are fixed when the alert is raised."""

    annotations: Mapping[str, Text] = {}
    """Texts for humans, rendered anew at each repeat: `labels`, `event` and `count` are known."""


class RuleGroup(Section, frozen=True, kw_only=True):
    """Rules that belong together."""

    later: ClassVar[Mapping[str, str]] = {
        "interval": "only rules over windows of time (expr) need it",
        "limit": "the number of a rule's alerts is not limited by group",
        "query_offset": "only rules over windows of time (expr) need it",
    }

    name: str
    """The group's name. It is part of its rules' identity: renaming it ends their alerts."""

    labels: Mapping[str, Text] = {}
    """Labels for the alerts of all its rules, plain text; a rule's own labels win."""

    rules: tuple[RuleSettings, ...] = ()
    """The rules."""


class RuleFile(Section, frozen=True, kw_only=True):
    """A file of rules."""

    groups: tuple[RuleGroup, ...] = ()
    """The groups."""

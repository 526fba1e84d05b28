"""Rule files → rules, or everything that is wrong with them at once."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from trapgate.config import load
from trapgate.model import RULE_LABEL, By, Problem, Rule, Span
from trapgate.model.query import Everything, Query
from trapgate.query import QueryError, check_field, parse_query, required_codes
from trapgate.rules.settings import Key, RuleFile, RuleGroup, RuleSettings, Text
from trapgate.rules.texts import annotation_template, label_template
from trapgate.template import Template, TemplateError

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# Alertmanager's classic label names, which every peer takes

UID_BYTES = 8
"""64 bits: no two of a user's rules meet, and the state's keys stay short."""


def build_rules(files: Mapping[str, str]) -> tuple[tuple[Rule, ...], tuple[Problem, ...]]:
    """Read rule files (name → text) in their order.

    The rules without errors, and all problems; with an error among them the caller uses none.
    Never raises on any text.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    for file, text in files.items():
        loaded = load(text, file, RuleFile)
        problems.extend(loaded.problems)
        for group in loaded.value.groups if loaded.value else ():
            builder = _Builder(group, text.splitlines())
            rules.extend(builder.rules())
            problems.extend(builder.problems)
    return tuple(rules), (*problems, *_duplicates(rules))


def rule_uid(group: str, alert: str, match: str, clear: str, by: Sequence[By]) -> str:
    """A rule's identity, 16 hex digits: the same as long as nothing that decides what its state
    means is changed. Blanks and line breaks in queries do not count, so that a query may be
    wrapped; labels, annotations and the file's name do not either."""
    parts = [[part.label, *part.fields] for part in by]
    identity = [group, alert, " ".join(match.split()), " ".join(clear.split()), parts]
    return blake2b(msgspec.json.encode(identity), digest_size=UID_BYTES).hexdigest()


def _duplicates(rules: Sequence[Rule]) -> Iterator[Problem]:
    seen: dict[str, Rule] = {}
    for rule in rules:
        first = seen.setdefault(rule.uid, rule)
        if first is not rule:
            summary = f'alert "{rule.alert}" is the same rule as in {first.span}'
            hint = "keep one of them; labels and annotations do not make it another"
            yield Problem("duplicate-rule", "error", summary, rule.span, hint)


class _Builder:
    """Builds one group's rules, collecting problems on the way."""

    def __init__(self, group: RuleGroup, lines: Sequence[str]) -> None:
        self.group = group
        self.lines = lines
        self.problems: list[Problem] = []

    def fail(self, code: str, summary: str, span: Span, help: str = "") -> None:
        self.problems.append(Problem(code, "error", summary, span, help))

    def rules(self) -> Iterator[Rule]:
        """The group's rules that have no errors."""
        if not self.group.name:
            self.fail("value", "a group needs a name", self.group.where.key("name"))
        self.check_group_labels()
        common = len(self.problems)
        for settings in self.group.rules:
            before = len(self.problems)
            rule = self.rule(settings)
            errors = any(problem.severity == "error" for problem in self.problems[before:])
            if rule is not None and not errors and not common:
                yield rule

    def rule(self, settings: RuleSettings) -> Rule | None:
        if not settings.alert:
            self.fail("value", "an alert needs a name", settings.where.key("alert"))
        match = self.query("match", settings.match)
        clear = self.query("clear", settings.clear) if settings.clear else None
        by = self.key(settings.by)
        self.check_clear(settings)
        labels = {name: text.text for name, text in self.group.labels.items()}
        labels |= {name: text.text for name, text in settings.labels.items()}
        captures = self.templates(settings, by, labels)
        if match is None:
            return None
        return Rule(
            uid=rule_uid(
                self.group.name,
                settings.alert,
                settings.match.text,
                settings.clear.text if settings.clear else "",
                by,
            ),
            group=self.group.name,
            alert=settings.alert,
            match=match,
            clear=clear,
            by=by,
            labels=labels,
            annotations={name: text.text for name, text in settings.annotations.items()},
            captures=captures,
            span=settings.where.span,
        )

    def query(self, key: str, text: Text) -> Query | None:
        try:
            query = parse_query(text.text)
        except QueryError as error:
            place = self.place(text, error.offset)
            self.fail("query", f"{key}: {error.summary}", place, error.help)
            return None
        if isinstance(query, Everything):
            hint = "write event.code:* for all events that have a code"
            self.fail("query", f"{key}: every event would meet it", text.span, hint)
        elif required_codes(query) == frozenset():
            hint = "join alternatives with or"
            self.fail("query", f"{key}: no event has two codes at once", text.span, hint)
        return query

    def place(self, text: Text, offset: int) -> Span:
        """The place of a character of a value: exact where the value stands in one line as it is,
        else where the value starts."""
        span = text.span
        line = self.lines[span.line - 1] if 0 < span.line <= len(self.lines) else ""
        start = span.column - 1
        start += line[start : start + 1] in ("'", '"')
        if not text.text or not line.startswith(text.text[: offset + 1], start):
            return span
        return Span(span.file, span.line, start + offset + 1)

    def check_clear(self, settings: RuleSettings) -> None:
        if settings.clear is None:
            summary = f'alert "{settings.alert}" has no "clear": it fires until its rule is removed'
            hint = 'add a "clear" query for the event that ends it'
            span = settings.where.span
            self.problems.append(Problem("never-clears", "warning", summary, span, hint))
        elif settings.clear.text.split() == settings.match.text.split():
            summary = '"clear" is the same query as "match": nothing would ever be raised'
            self.fail("query", summary, settings.clear.span)

    def key(self, key: Key) -> tuple[By, ...]:
        seen = set()
        for part in key.parts:
            self.check_label(part.label, part.span)
            if part.label in seen:
                hint = "give one of them another name: {name: field}"
                self.fail("label", f'"by" has the label "{part.label}" twice', part.span, hint)
            seen.add(part.label)
            for field in part.fields:
                self.check_event_field("by", field.text, field.span)
        return tuple(By(part.label, tuple(text.text for text in part.fields)) for part in key.parts)

    def check_label(self, name: str, span: Span) -> None:
        if not _LABEL.fullmatch(name):
            hint = "letters, digits and _ make a label, and no digit starts one"
            self.fail("label", f'"{name}" cannot be a label', span, hint)
        elif name == RULE_LABEL:
            self.fail("label", f'the label "{RULE_LABEL}" is the name in "alert"', span)

    def check_event_field(self, what: str, field: str, span: Span) -> None:
        try:
            check_field(field)
        except QueryError as error:
            self.fail("field", f"{what}: {error.summary}", span, error.help)

    def check_group_labels(self) -> None:
        for name, text in self.group.labels.items():
            self.check_label(name, text.span)
            if "{{" in text.text or "{%" in text.text:
                hint = "put the template into the labels of its rules"
                self.fail("template", "a group's labels are plain text", text.span, hint)

    def templates(
        self, settings: RuleSettings, by: Sequence[By], labels: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Check labels and annotations; the event's fields that they mention."""
        captures: set[str] = set()
        taken = {part.label for part in by}
        for name in labels:
            if name in taken:
                span = settings.labels[name].span if name in settings.labels else None
                hint = "give one of them another name"
                where = span or settings.where.key("by")
                self.fail("label", f'the label "{name}" is one of "by" already', where, hint)
        for name, text in settings.labels.items():
            self.check_label(name, text.span)
            captures.update(self.template(name, text, lambda t: label_template(t, by)))
        for name, text in settings.annotations.items():
            self.check_label(name, text.span)
            captures.update(self.template(name, text, lambda t: annotation_template(t, by, labels)))
        return tuple(sorted(captures))

    def template(
        self, name: str, text: Text, compiled: Callable[[str], Template]
    ) -> tuple[str, ...]:
        try:
            template = compiled(text.text)
        except TemplateError as error:
            line = f" (line {error.line} of it)" if error.line > 1 else ""
            self.fail("template", f'"{name}"{line}: {error.summary}', text.span, error.help)
            return ()
        for field in template.captures:
            self.check_event_field(f'"{name}"', field, text.span)
        return template.captures

"""A rule's labels and annotations: compiled once, rendered for each alert."""

from collections.abc import Mapping, Sequence

import msgspec

from trapgate.model import RULE_LABEL, By, Labels, Rule
from trapgate.template import RenderFailure, Template

LABEL_VARIABLES = ("labels", "event")
"""Labels are fixed at the raise, when `count` is always 1."""


class Rendered(msgspec.Struct, frozen=True):
    """Texts by name, and how many of them could not be rendered (their text says why)."""

    texts: Labels
    failures: int


def key_labels(by: Sequence[By]) -> tuple[str, ...]:
    """The labels that templates of labels know."""
    return (RULE_LABEL, *(part.label for part in by))


def label_template(text: str, by: Sequence[By]) -> Template:
    """The template of a label. Raises `TemplateError`."""
    return Template.compile(text, labels=key_labels(by), names=LABEL_VARIABLES)


def annotation_template(text: str, by: Sequence[By], labels: Mapping[str, object]) -> Template:
    """The template of an annotation. Raises `TemplateError`."""
    return Template.compile(text, labels=(*key_labels(by), *labels))


class RuleTexts:
    """The templates of one rule."""

    def __init__(self, rule: Rule) -> None:
        self._alert = rule.alert
        self._by = rule.by
        self._labels = {name: label_template(text, rule.by) for name, text in rule.labels.items()}
        self._annotations = {
            name: annotation_template(text, rule.by, rule.labels)
            for name, text in rule.annotations.items()
        }

    def labels(self, key: Sequence[str], captured: Mapping[str, str]) -> Rendered:
        """All labels of a new alert; empty ones are left out, as everywhere in Prometheus."""
        known = {RULE_LABEL: self._alert} | {
            part.label: value for part, value in zip(self._by, key, strict=False) if value
        }
        rendered = _render(self._labels, known, captured, 1)
        full = known | {name: text for name, text in rendered.texts.items() if text}
        return Rendered(full, rendered.failures)

    def annotations(self, labels: Labels, captured: Mapping[str, str], count: int) -> Rendered:
        """All annotations of an alert that was raised `count` times."""
        return _render(self._annotations, labels, captured, count)


def _render(
    templates: Mapping[str, Template], labels: Labels, captured: Mapping[str, str], count: int
) -> Rendered:
    texts, failures = {}, 0
    for name, template in templates.items():
        try:
            texts[name] = template.render(labels=labels, event=captured, count=count)
        except RenderFailure as failure:
            texts[name] = f"<error: {failure.reason}>"  # a page with a hole beats no page
            failures += 1
    return Rendered(texts, failures)

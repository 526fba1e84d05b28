"""Plain templates say what Jinja2 would say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.template import Template
from trapgate.template.check import check
from trapgate.template.plain import plain_pieces
from trapgate.template.sandbox import OUTPUT_CHARS_MAX, SANDBOX, cut
from trapgate.template.template import VARIABLES

LABELS = ("device", "interface", "items")

PLAIN = (
    "{{ labels.device }}: interface {{ labels.interface }} is down",
    '{{ event["message"] }}{% if count > 1 %} ({{ count }} times){% endif %}',
    "{{ labels['device'] -}}  \n x {# said by nobody #}{{ count }}\n",
    "{% if count > 1 %}{% if count > 3 %}often{% endif %} again{% endif %}",
)
OTHERS = (
    "{{ labels.device | upper }}",
    "{% if count > 1 %}again{% else %}first{% endif %}",
    "{% if count >= 2 %}again{% endif %}",
    "{% if labels.device %}x{% endif %}",
    "{{ labels.device ~ count }}",
    "{{ count + 1 }}",
    "{% for c in labels.device %}{{ c }}{% endfor %}",
)

values = st.dictionaries(st.sampled_from(("device", "interface", "message")), st.text(max_size=30))


def _by_jinja(text: str, labels: dict[str, str], event: dict[str, str], count: int) -> str:
    code = SANDBOX.from_string(check(SANDBOX.parse(text), VARIABLES, LABELS)[0])
    return cut(code.generate(labels=labels, event=event, count=count))


@pytest.mark.parametrize("text", [*PLAIN, *OTHERS])
@given(labels=values, event=values, count=st.integers(1, 5))
def test_the_text_is_that_of_jinja(
    text: str, labels: dict[str, str], event: dict[str, str], count: int
) -> None:
    rendered = Template.compile(text, labels=LABELS).render(labels=labels, event=event, count=count)
    assert rendered == _by_jinja(text, labels, event, count)


@pytest.mark.parametrize(
    ("text", "plain"), [(t, True) for t in PLAIN] + [(t, False) for t in OTHERS]
)
def test_which_templates_are_plain(text: str, plain: bool) -> None:
    tree, _ = check(SANDBOX.parse(text), VARIABLES, LABELS)
    assert (plain_pieces(tree.body) is not None) is plain


def test_a_plain_text_is_cut_too() -> None:
    template = Template.compile("{{ labels.device }}", labels=LABELS)
    text = template.render(labels={"device": "x" * 2 * OUTPUT_CHARS_MAX}, event={}, count=1)
    assert len(text) == OUTPUT_CHARS_MAX


def test_a_missing_label_with_the_name_of_a_method_is_empty() -> None:
    template = Template.compile("[{{ labels.items }}]", labels=LABELS)
    assert template.render(labels={}, event={}, count=1) == "[]"

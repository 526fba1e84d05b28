import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.template import OUTPUT_CHARS_MAX, RenderFailure, Template, TemplateError
from trapgate.template.sandbox import LOOP_ITEMS_MAX, NUMBER_MAX, TEXT_CHARS_MAX
from trapgate.template.template import REASON_CHARS_MAX, TEMPLATE_CHARS_MAX

LABELS = {"device": "r1", "interface": "Gi0/1", "items": "dict method"}


def render(text: str, *, count: int = 3, **event: str) -> str:
    fields = {"message": "changed state to down"} | event
    return Template.compile(text, labels=LABELS).render(labels=LABELS, event=fields, count=count)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("plain text", "plain text"),
        ("", ""),
        ("{{ labels.device }} {{ labels['interface'] | upper }} ({{ count }}x)", "r1 GI0/1 (3x)"),
        ("{{ labels.items }}", "dict method"),
        ('{{ event["message"] }}', "changed state to down"),
        ('[{{ event["missing"] }}]', "[]"),
        ('{{ event["missing"] | default("none") }}', "none"),
        ('{% if event["missing"] %}a{% elif count > 2 %}b{% else %}c{% endif %}', "b"),
        ('{{ "many" if count >= 2 else "one" }}', "many"),
        ("{% for n in range(3) %}{{ n }}{% endfor %}", "012"),
        ("{% for name in labels %}{{ labels[name] }};{% endfor %}", "r1;Gi0/1;dict method;"),
        (
            "{% for name, value in labels | dictsort %}"
            "{{ name }}={{ value }}{{ ' ' if not loop.last }}{% endfor %}",
            "device=r1 interface=Gi0/1 items=dict method",
        ),
        ('{{ ["a", "b"] | join(", ") }}', "a, b"),
        ('{{ labels.interface | replace("Gi", "GigabitEthernet") }}', "GigabitEthernet0/1"),
        ('{{ "-" * 5 }} {{ 2 ** 10 }} {{ count % 2 }} {{ count * 2 }}', "----- 1024 1 6"),
        ("{{ event['message'][:7] }}", "changed"),
        ("{{ count is odd }} {{ labels.device is string }}", "True True"),
        ("<b>{{ labels.device }}</b>", "<b>r1</b>"),
        ("{% raw %}{{ x }}{% endraw %}{# comment #}", "{{ x }}"),
    ],
)
def test_a_template_renders(text: str, out: str) -> None:
    assert render(text) == out


def test_values_are_data_not_templates() -> None:
    evil = "{{ labels.device }}{% for %}<script>"
    assert render('{{ event["message"] }}', message=evil) == evil


def test_captures_are_the_fields_that_a_template_mentions() -> None:
    text = '{{ event["b"] }}{% if event["a.x"] %}{{ event["b"] | upper }}{% endif %}'
    assert Template.compile(text, labels=()).captures == ("a.x", "b")
    assert Template.compile("no fields", labels=()).captures == ()


@pytest.mark.parametrize(
    ("text", "line", "summary", "help"),
    [
        ("{{ labels.device", 1, "unexpected end of template", ""),
        ("a\n{{ lables }}", 2, 'there is no variable "lables"', 'did you mean "labels"?'),
        ("{{ lables.device }}", 1, "there is no attribute", 'did you mean "labels"?'),
        ("{{ labels.devise }}", 1, 'there is no label "devise"', 'did you mean "device"?'),
        ('{{ labels["vrf"] }}', 1, 'there is no label "vrf"', "there are device, interface"),
        ("{{ value }}", 1, 'there is no variable "value"', "there are labels, event, count"),
        ("\n\n{{ x | uper }}", 3, 'there is no filter "uper"', 'did you mean "upper"?'),
        ("{{ 1 is evn }}", 1, 'there is no test "evn"', 'did you mean "even"?'),
        ("{{ event }}", 1, "one by one", 'event["host.name"]'),
        ("{{ event.host.name }}", 1, 'no attribute "name"', 'event["host.name"]'),
        ("{{ event[labels.device] }}", 1, "constant text", 'event["host.name"]'),
        ("{% set x = 1 %}", 1, "not allowed", "{% for %}"),
        ('{% include "x" %}', 1, "not allowed", ""),
        ('{% import "x" as y %}', 1, "not allowed", ""),
        ('{% extends "x" %}', 1, "not allowed", ""),
        ("{% macro x() %}{% endmacro %}", 1, "not allowed", ""),
        ("{% block x %}{% endblock %}", 1, "not allowed", ""),
        ("{% filter upper %}{% endfilter %}", 1, "not allowed", ""),
        ("{% with %}{% endwith %}", 1, "not allowed", ""),
        ("{{ {} }}", 1, "not allowed", ""),
        ("{% for x in labels recursive %}{% endfor %}", 1, "recursive", ""),
        ("{{ labels.device.upper() }}", 1, "only range(number) can be called", "x | upper"),
        ("{{ labels.device.__class__ }}", 1, "no attribute", ""),
        ('{{ ""["__class__"].__mro__ }}', 1, "no attribute", ""),
        ("{{ range(*labels) }}", 1, "only range(number) can be called", ""),
        ("{{ range }}", 1, "range is a function", ""),
        ("{{ self }}", 1, 'no variable "self"', ""),
        ("{% for x in labels %}{{ loop.previtem }}{% endfor %}", 1, "attribute of loop", ""),
        ('{{ "x" | attr("y") }}', 1, 'there is no filter "attr"', ""),
        ("{% for x in 1,2 %}" * 3 + "{% endfor %}" * 3, 1, "loops are nested more than 2 deep", ""),
        ("{{" + "(" * 4_000 + "1" + ")" * 4_000 + "}}", 1, "nested too deeply", ""),
        ("{% if 1 %}" * 150 + "{% endif %}" * 150, 1, "nested too deeply", ""),
        ("x" * (TEMPLATE_CHARS_MAX + 1), 1, "characters", ""),
    ],
)
def test_what_a_template_may_not_do_is_refused(
    text: str, line: int, summary: str, help: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        Template.compile(text, labels=LABELS)
    assert summary in caught.value.summary
    assert (caught.value.line, help in caught.value.help) == (line, True)


def test_variables_can_be_withheld() -> None:
    with pytest.raises(TemplateError, match="count"):
        Template.compile("{{ count }}", labels=(), names=("labels", "event"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ labels.device + 1 }}", "concatenate"),
        ('{{ event["missing"] + 1 }}', '"missing" has no value'),
        (f"{{% for x in range({LOOP_ITEMS_MAX + 1}) %}}{{% endfor %}}", "a range of more than"),
        ('{% for x in event["long"] %}{% endfor %}', "a loop over more than"),
        ('{{ "x" * 10000000000 }}', "a text of more than"),
        ('{{ 10000000000 * "x" }}', "a text of more than"),
        ("{{ [1] * 2 }}", "a product of lists"),
        ("{{ 9 ** 999 }}", "a power of too large numbers"),
        (f"{{{{ {NUMBER_MAX + 1} * 2 }}}}", "a product of too large numbers"),
        ('{{ "%1000000000d" % 1 }}', '"%" on a text'),
        ('{{ event["long"] | replace("x", event["long"]) }}', "a text of more than"),
        ('{{ event["long"] | join(event["long"]) }}', "a loop over more than"),
    ],
)
def test_what_cannot_be_rendered_says_why(text: str, reason: str) -> None:
    with pytest.raises(RenderFailure) as caught:
        render(text, long="x" * 4_096)
    assert reason in caught.value.reason
    assert len(caught.value.reason) <= REASON_CHARS_MAX


def test_output_is_cut() -> None:
    whole = "x" * OUTPUT_CHARS_MAX
    assert render('{{ event["long"] }}', long=whole) == whole
    assert render('{{ event["long"] }}y', long=whole) == whole[:-1] + "…"
    assert render("y" * (OUTPUT_CHARS_MAX + 1)) == "y" * (OUTPUT_CHARS_MAX - 1) + "…"


def test_a_loop_that_prints_much_is_cut_early() -> None:
    loops = "{% for a in range(100) %}{% for b in range(100) %}{{ event['long'] }}"
    out = render(f"{loops}{{% endfor %}}{{% endfor %}}", long="x" * TEXT_CHARS_MAX)
    assert len(out) == OUTPUT_CHARS_MAX


@given(
    st.lists(
        st.sampled_from(
            "{{ }} {% %} for if in endfor endif x labels . event [ ] 'a' | upper ( ) * ** 9 range "
            "count ~ __class__ set = , self".split()
        ),
        max_size=14,
    )
)
def test_any_text_is_refused_or_renders_or_fails(parts: list[str]) -> None:
    try:
        out = render(" ".join(parts))
    except (TemplateError, RenderFailure):
        return
    assert len(out) <= OUTPUT_CHARS_MAX

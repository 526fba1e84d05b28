import pytest

from trapgate.query import FieldKind, QueryError, check_field, field_kind
from trapgate.query.fields import FIELD_CHARS_MAX, FIELDS, PREFIXES


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("event.code", "keyword"),
        ("event.severity", "number"),
        ("source.ip", "ip"),
        ("message", "text"),
        ("snmp.vb.ifDescr", "keyword"),
        ("labels.site", "keyword"),
        ("labels", None),
        ("labels.", None),
        ("host", None),
    ],
)
def test_fields_have_kinds(field: str, kind: FieldKind | None) -> None:
    assert field_kind(field) == kind


def test_a_fixed_field_below_a_prefix_is_a_keyword_too() -> None:
    assert {FIELDS[field] for field in FIELDS if field.startswith(PREFIXES)} == {"keyword"}


def test_an_unknown_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(QueryError) as caught:
        check_field("severity", offset=7)
    assert (caught.value.offset, caught.value.help) == (7, 'did you mean "event.severity"?')


def test_a_name_that_is_too_long_for_an_index_is_refused() -> None:
    longest = "labels.".ljust(FIELD_CHARS_MAX, "x")
    assert check_field(longest) == "keyword"
    with pytest.raises(QueryError, match="at most 200 characters"):
        check_field(longest + "x")
    assert field_kind(longest + "x") is None

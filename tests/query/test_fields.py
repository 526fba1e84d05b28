import pytest

from trapgate.query import FieldKind, QueryError, check_field, field_kind
from trapgate.query.fields import FIELD_CHARS_MAX, FIELDS, MEANT, NOT_ASKED, PREFIXES


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


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("code", "event.code"),
        ("DEVICE", "host.name"),
        ("sender", "source.ip"),
        ("severity", "event.severity"),
        ("host", "host.name"),
        ("appname", "log.syslog.appname"),
    ],
)
def test_the_heading_of_a_table_and_a_usual_word_are_understood(written: str, meant: str) -> None:
    with pytest.raises(QueryError) as caught:
        check_field(written)
    assert caught.value.help == f'did you mean "{meant}"?'


def test_every_word_that_is_understood_names_a_field() -> None:
    assert set(MEANT.values()) <= FIELDS.keys()
    assert not {*MEANT, *NOT_ASKED} & FIELDS.keys()


@pytest.mark.parametrize(
    ("field", "instead"),
    [
        ("@timestamp", "--since and --until"),
        ("event.created", "--since and --until"),
        ("received", "--since and --until"),
        ("event.kind", "leave it out"),
        ("ecs.version", "leave it out"),
        ("event.original", "message:word"),
    ],
)
def test_what_every_document_has_is_asked_for_in_another_way(field: str, instead: str) -> None:
    with pytest.raises(QueryError, match=f'^queries do not ask for "{field}"$') as caught:
        check_field(field, offset=3)
    assert caught.value.offset == 3
    assert instead in caught.value.help

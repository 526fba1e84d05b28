import pytest

from query.events import event
from trapgate.model import FieldValue
from trapgate.query import field_text, read_field, read_text


def test_a_field_is_read_from_where_it_is() -> None:
    one = event(
        device="", labels={"site": "ber1"}, fields={"host.name": "not asked", "snmp.uptime": 7}
    )
    names = ("host.name", "event.code", "event.severity", "labels.site", "snmp.uptime", "vlan.id")
    assert [read_field(name)(one) for name in names] == [
        *(None, "IF-MIB::linkDown", None, "ber1", 7, None),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("a", "a"), (3, "3"), (2.5, "2.5"), (False, "false"), (("a", "b"), "a, b")],
)
def test_a_value_has_one_text(value: FieldValue | None, text: str) -> None:
    assert field_text(value) == text
    fields: dict[str, FieldValue] = {} if value is None else {"interface.name": value}
    assert read_text("interface.name")(event(fields=fields)) == text

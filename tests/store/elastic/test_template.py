"""The bodies of the templates."""

from typing import Any

from trapgate.query.fields import FIELDS, field_kind
from trapgate.query.indexed import INDEX_FIELDS
from trapgate.store.elastic.template import MAPPINGS, component_template, index_template


def mapping_of(field: str) -> Any:
    found: Any = MAPPINGS
    for part in field.split("."):
        found = found["properties"][part]
    return found


def test_every_field_has_a_mapping_of_its_kind() -> None:
    types = {"keyword": "keyword", "number": "long", "ip": "ip", "text": "text"}
    for field in set(FIELDS) - {"event.start", "event.end"}:
        kind = field_kind(field)
        assert kind is not None
        assert mapping_of(field)["type"] == types[kind]


def test_what_is_indexed_for_queries_is_not_stored() -> None:
    found: Any = MAPPINGS
    assert found["_source"]["excludes"] == [f"trapgate.{name}" for name in INDEX_FIELDS]
    for name in INDEX_FIELDS:
        assert mapping_of(f"trapgate.{name}") == INDEX_FIELDS[name]


def test_retention_is_the_lifecycles_or_a_policys() -> None:
    own: Any = component_template(30, None)
    assert own["template"]["lifecycle"] == {"data_retention": "30d"}
    assert "index.lifecycle.name" not in own["template"]["settings"]
    theirs: Any = component_template(30, "mine")
    assert "lifecycle" not in theirs["template"]
    assert theirs["template"]["settings"]["index.lifecycle.name"] == "mine"


def test_documents_are_kept_as_they_are() -> None:
    """A newer server would choose a mode that makes documents anew from what is indexed."""
    own: Any = component_template(30, None)
    assert own["template"]["settings"]["index.mode"] == "standard"


def test_the_checksum_tells_one_from_another() -> None:
    sums = {
        str(body["_meta"]) for body in (component_template(30, None), component_template(31, None))
    }
    assert len(sums) == 2
    assert component_template(30, None) == component_template(30, None)


def test_the_users_own_comes_last() -> None:
    found: Any = index_template("lab")
    assert found["composed_of"] == ["trapgate-lab@package", "trapgate-lab@custom"]
    assert found["index_patterns"] == ["logs-snmp.trap-lab", "logs-syslog.network-lab"]

"""The templates on a genuine server: made, brought up to date, left alone where they are newer."""

from typing import Any

import msgspec
import pytest

from store.elastic.stores import Bench, bench
from store.events import event
from trapgate.store import StoreUnavailable
from trapgate.store.elastic.install import install
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.template import MAPPINGS

pytestmark = pytest.mark.real

PACKAGE = "/_component_template/trapgate-{ns}@package"
INDEX = "/_index_template/trapgate-{ns}"


def component(store: Bench) -> Any:
    answer: Any = store.request("GET", PACKAGE)
    return answer["component_templates"][0]["component_template"]


def indexes(store: Bench) -> list[str]:
    answer: Any = store.request("GET", "/logs-snmp.trap-{ns}/_mapping")
    return sorted(answer)


def test_the_first_write_makes_them(store: Bench) -> None:
    store.store.write([event(1)])
    answer: Any = store.request("GET", INDEX)
    (template,) = answer["index_templates"]
    assert template["index_template"]["priority"] == 200
    assert component(store)["template"]["lifecycle"]["data_retention"] == "30d"
    mapping: Any = store.request("GET", "/logs-snmp.trap-{ns}/_mapping")
    (index,) = mapping.values()
    assert index["mappings"]["_meta"]["managed_by"] == "trapgate"


def test_another_retention_is_taken_over(store: Bench, elasticsearch_url: str) -> None:
    store.store.write([event(1)])
    with bench(elasticsearch_url, store.namespace, retention_days=7) as again:
        again.store.write([event(2)])
        assert component(again)["template"]["lifecycle"]["data_retention"] == "7d"
    assert len(indexes(store)) == 1


def changed(field: str, kind: str) -> dict[str, Any]:
    """The mappings of another version."""
    other: Any = dict(MAPPINGS)
    other["properties"] = {**other["properties"], field: {"type": kind}}
    other["_meta"] = {"version": 1, "checksum": "other"}
    found: dict[str, Any] = other
    return found


def test_fields_that_are_new_are_added(store: Bench) -> None:
    store.store.write([event(1)])
    install(store.cluster, store.settings, 30, changed("extra", "keyword"))
    (name,) = indexes(store)
    answer: Any = store.request("GET", f"/{name}/_mapping")
    mapping = answer[name]["mappings"]
    assert mapping["properties"]["extra"] == {"type": "keyword"}
    assert mapping["_meta"]["checksum"] == "other"


def test_a_field_that_has_another_type_takes_another_index(store: Bench) -> None:
    store.store.write([event(1)])
    install(store.cluster, store.settings, 30, changed("message", "keyword"))
    assert len(indexes(store)) == 2
    store.store.write([event(2)])
    assert store.ids() == sorted([event(1).id, event(2).id])


def test_what_a_newer_trapgate_has_made_stays(store: Bench, elasticsearch_url: str) -> None:
    store.store.write([event(1)])
    found = component(store)
    body = {"template": found["template"], "_meta": {**found["_meta"], "version": 99}}
    store.request("PUT", PACKAGE, body)
    with bench(elasticsearch_url, store.namespace, retention_days=7) as again:
        again.store.write([event(2)])
        kept = component(again)
        assert {"template": kept["template"], "_meta": kept["_meta"]} == body


def test_a_template_that_is_in_the_way_is_told(store: Bench) -> None:
    same = {
        "index_patterns": [f"logs-snmp.trap-{store.namespace}"],
        "priority": 200,
        "data_stream": {},
    }
    store.request("PUT", "/_index_template/theirs-{ns}", same)
    with pytest.raises(StoreUnavailable, match="priority"):
        store.store.write([event(1)])
    store.request("DELETE", "/_index_template/theirs-{ns}")
    store.store.write([event(1)])
    assert store.ids() == [event(1).id]


def test_a_policy_that_the_server_does_not_know_is_told(
    elasticsearch_url: str, namespace: str
) -> None:
    """This distribution has no index lifecycle management, so it refuses the setting."""
    settings = ElasticsearchSettings(urls=(elasticsearch_url,), namespace=namespace)
    store = Bench(msgspec.structs.replace(settings, ilm_policy="mine"))
    with pytest.raises(StoreUnavailable, match=r"index\.lifecycle\.name"):
        store.store.write([event(1)])
    store.close()

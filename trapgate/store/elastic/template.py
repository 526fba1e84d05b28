"""What our data streams look like: the bodies of the component and the index template. No IO.

Only field types that every distribution has. Queries of trapgate go to fields of its own
(`trapgate.query.indexed`), so that they mean what the other store means; the ECS fields are there
for Kibana and for counting by their values.
"""

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from trapgate.normalize.stored import CONTAINERS, TEXT_CHARS_MAX
from trapgate.query import FieldKind
from trapgate.query.fields import FIELDS
from trapgate.query.indexed import INDEX_FIELDS

TEMPLATE_VERSION = 1
"""Raised when a newer trapgate changes what is below; an older one then leaves it alone."""

PRIORITY = 200
"""As Elastic's own integrations have, above the 100 of its catch-all for `logs-*-*`."""

DATASETS = ("snmp.trap", "syslog.network")

_TIMES = ("event.start", "event.end")
"""Keywords to the query language, dates to Kibana."""

_KEYWORD = {"type": "keyword", "ignore_above": TEXT_CHARS_MAX}
_BY_KIND: Mapping[FieldKind, Mapping[str, object]] = {
    "keyword": _KEYWORD,
    # the address as it is written, for counting by it: "2001:DB8::1" is not "2001:db8::1"
    "ip": {"type": "ip", "ignore_malformed": True, "fields": {"keyword": _KEYWORD}},
    # a text or a fraction is not a number here, as in the other store
    "number": {"type": "long", "ignore_malformed": True, "coerce": False},
    "text": {"type": "text", "norms": False},
}

_COLUMNS: Mapping[str, Mapping[str, object]] = {
    "@timestamp": {"type": "date"},
    "ecs.version": _KEYWORD,
    "event.kind": _KEYWORD,
    "event.category": _KEYWORD,
    "event.type": _KEYWORD,
    "event.created": {"type": "date_nanos"},
    "event.original": {"type": "keyword", "index": False, "doc_values": False},
    "trapgate.position.stream": {"type": "keyword"},
    "trapgate.position.sequence": {"type": "long"},
    "trapgate.odd": {"type": "boolean"},
    "trapgate.problems": {"type": "object", "enabled": False},
    "trapgate.beside": {"type": "object", "enabled": False},
}

_TIME = {"type": "date_nanos", "ignore_malformed": True}


def data_stream(dataset: str, namespace: str) -> str:
    """The data stream of a dataset's events."""
    return f"logs-{dataset}-{namespace}"


def data_streams(namespace: str) -> tuple[str, ...]:
    return tuple(data_stream(dataset, namespace) for dataset in DATASETS)


def component_name(namespace: str) -> str:
    return f"trapgate-{namespace}@package"


def custom_name(namespace: str) -> str:
    """A component template that the user may write: it is merged last, so it wins."""
    return f"trapgate-{namespace}@custom"


def index_template_name(namespace: str) -> str:
    return f"trapgate-{namespace}"


def component_template(retention_days: int, ilm_policy: str | None) -> dict[str, object]:
    """Mappings, settings and retention, with `_meta` that says which they are."""
    template: dict[str, object] = {"mappings": MAPPINGS, "settings": _settings(ilm_policy)}
    if ilm_policy is None:
        template["lifecycle"] = lifecycle(retention_days)
    return {"template": template, "_meta": _meta(template)}


def index_template(namespace: str) -> dict[str, object]:
    """For both data streams of a namespace."""
    custom = custom_name(namespace)
    body: dict[str, object] = {
        "index_patterns": list(data_streams(namespace)),
        "data_stream": {},
        "priority": PRIORITY,
        "composed_of": [component_name(namespace), custom],
        "ignore_missing_component_templates": [custom],
        "allow_auto_create": True,
    }
    return {**body, "_meta": _meta(body)}


def lifecycle(retention_days: int) -> dict[str, object]:
    return {"data_retention": f"{retention_days}d"}


def _mappings() -> dict[str, object]:
    found: dict[str, object] = {
        "dynamic": False,
        "date_detection": False,
        "_source": {"excludes": [f"trapgate.{name}" for name in INDEX_FIELDS]},
        "properties": _nested(dict(_fields())),
    }
    return {**found, "_meta": _meta(found)}


def checksum(found: Mapping[str, object]) -> str:
    """Changes with what it is of."""
    text = msgspec.json.encode(found, order="deterministic")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def _meta(found: Mapping[str, object]) -> dict[str, object]:
    return {"managed_by": "trapgate", "version": TEMPLATE_VERSION, "checksum": checksum(found)}


def _settings(ilm_policy: str | None) -> dict[str, object]:
    # "logsdb", which newer servers would choose for logs-*-*, rebuilds documents: they change
    settings: dict[str, object] = {"index.mode": "standard"}
    if ilm_policy is not None:
        settings["index.lifecycle.name"] = ilm_policy
    return settings


def _fields() -> Iterator[tuple[str, object]]:
    for name, kind in FIELDS.items():
        yield name, _TIME if name in _TIMES else _BY_KIND[kind]
    yield from _COLUMNS.items()
    for name in CONTAINERS:
        yield name, {"type": "flattened", "ignore_above": TEXT_CHARS_MAX}
    for name, mapping in INDEX_FIELDS.items():
        yield f"trapgate.{name}", mapping


def _nested(flat: Mapping[str, object]) -> dict[str, object]:
    """`{"a.b": m}` as `{"a": {"properties": {"b": m}}}`."""
    nested: dict[str, object] = {}
    for name, mapping in flat.items():
        *above, last = name.split(".")
        inside = nested
        for part in above:
            inside = inside.setdefault(part, {"properties": {}})["properties"]  # type: ignore[index]
        inside[last] = mapping
    return nested


MAPPINGS: Mapping[str, object] = _mappings()
"""The mapping of every field that has a fixed name; others are in the document only, and in the
fields that queries go to."""

"""The templates on the server, made and brought up to date; and the data streams with them."""

from collections.abc import Mapping
from typing import Any

from trapgate.observe import logger
from trapgate.store.elastic.client import Cluster, Refused
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.template import (
    MAPPINGS,
    TEMPLATE_VERSION,
    component_name,
    component_template,
    data_streams,
    index_template,
    index_template_name,
)
from trapgate.store.errors import StoreUnavailable

LIFECYCLE_KEYS = ("enabled", "data_retention", "downsampling")
"""What a lifecycle may be set to; servers tell more of one, which follows from these."""


def install(
    cluster: Cluster,
    settings: ElasticsearchSettings,
    retention_days: int,
    wanted: Mapping[str, Any] = MAPPINGS,
) -> None:
    """Make the templates what this trapgate needs, and the data streams that exist already: these
    are to have the `wanted` mappings, and the lifecycle that their templates say.

    What a newer trapgate has installed stays. Safe to repeat, and for several at a time. Raises
    `StoreUnavailable`, also where the server does not take them: until it does nothing is written.
    """
    namespace = settings.namespace
    component = component_template(retention_days, settings.ilm_policy)
    try:
        _put(cluster, "component", component_name(namespace), component)
        _put(cluster, "index", index_template_name(namespace), index_template(namespace))
        for name in data_streams(namespace):
            if _bring_up(cluster, name, wanted) and settings.ilm_policy is None:
                _retain(cluster, name)
    except Refused as refused:
        raise StoreUnavailable(f"the index template: {refused}") from refused


def _put(cluster: Cluster, kind: str, name: str, body: Mapping[str, Any]) -> None:
    """Write a template if the server has another or none, but not over a newer one."""
    path = f"/_{kind}_template/{name}"
    found = _meta_of_template(cluster, kind, path)
    if found == body["_meta"]:
        return
    if _version(found) > TEMPLATE_VERSION:
        logger().warning("store.newer-template", name=name, version=_version(found))
        return
    cluster.ask("PUT", path, body)
    logger().info("store.template", name=name, version=TEMPLATE_VERSION)


def _meta_of_template(cluster: Cluster, kind: str, path: str) -> Mapping[str, Any]:
    try:
        answer = cluster.ask("GET", path)
    except Refused as refused:
        if refused.status == 404:
            return {}
        raise
    (found,) = answer[f"{kind}_templates"]
    meta: Mapping[str, Any] = found[f"{kind}_template"].get("_meta") or {}
    return meta


def _version(meta: Mapping[str, Any]) -> int:
    version = meta.get("version")
    return version if isinstance(version, int) else 0


def _bring_up(cluster: Cluster, stream: str, wanted: Mapping[str, Any]) -> bool:
    """Give the index that a data stream is written to the mappings of the template: added where
    that can be, else by another index. Whether there is such a data stream."""
    meta = _written_meta(cluster, stream)
    if meta is None:
        return False
    if meta == wanted["_meta"] or _version(meta) > TEMPLATE_VERSION:
        return True
    try:
        cluster.ask("PUT", f"/{stream}/_mapping", wanted, {"write_index_only": "true"})
        logger().info("store.mappings", stream=stream, version=TEMPLATE_VERSION)
    except Refused as refused:
        cluster.ask("POST", f"/{stream}/_rollover")
        logger().info("store.rollover", stream=stream, reason=refused.reason)
    return True


def _written_meta(cluster: Cluster, stream: str) -> Mapping[str, Any] | None:
    """`_meta` of the mappings of the newest index; `None` if there is no such data stream."""
    path, params = f"/{stream}/_mapping", {"filter_path": "*.mappings._meta,*.mappings.dynamic"}
    try:
        answer = cluster.ask("GET", path, params=params)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise
    newest = max(answer, key=lambda index: index.rpartition("-")[2], default=None)
    if newest is None:
        return {}
    found: Mapping[str, Any] = answer[newest]["mappings"].get("_meta") or {}
    return found


def _retain(cluster: Cluster, stream: str) -> None:
    """Give a data stream the lifecycle that its templates (`@custom` is the last) would give it if
    it were made now: by itself it keeps the one that it was made with. What it has is asked for
    each time: the start that changed the template may have been cut short before it came here."""
    try:
        wanted = _lifecycle_of_templates(cluster, stream)
        found = _own_lifecycle(cluster, stream) if wanted else {}
        if any(found.get(key) != value for key, value in wanted.items()):
            cluster.ask("PUT", f"/_data_stream/{stream}/_lifecycle", wanted)
            logger().info("store.retention", stream=stream, wanted=wanted.get("data_retention"))
    except Refused as refused:
        # a server without the feature: the lifecycle that the data stream was made with stays
        logger().warning("store.lifecycle", stream=stream, reason=refused.reason)


def _lifecycle_of_templates(cluster: Cluster, stream: str) -> Mapping[str, Any]:
    path = f"/_index_template/_simulate_index/{stream}"
    answer = cluster.ask("POST", path, params={"filter_path": "template.lifecycle"})
    found: Mapping[str, Any] = answer.get("template", {}).get("lifecycle") or {}
    return {key: found[key] for key in LIFECYCLE_KEYS if key in found}


def _own_lifecycle(cluster: Cluster, stream: str) -> Mapping[str, Any]:
    params = {"filter_path": "data_streams.name,data_streams.lifecycle"}
    (only,) = cluster.ask("GET", f"/_data_stream/{stream}", params=params)["data_streams"]
    found: Mapping[str, Any] = only.get("lifecycle") or {}
    return found

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
    lifecycle,
)
from trapgate.store.errors import StoreUnavailable


def install(
    cluster: Cluster,
    settings: ElasticsearchSettings,
    retention_days: int,
    wanted: Mapping[str, Any] = MAPPINGS,
) -> None:
    """Make the templates what this trapgate needs, and the data streams that exist already, which
    are to have the `wanted` mappings.

    What a newer trapgate has installed stays. Safe to repeat, and for several at a time. Raises
    `StoreUnavailable`, also where the server does not take them: until it does nothing is written.
    """
    namespace = settings.namespace
    component = component_template(retention_days, settings.ilm_policy)
    try:
        changed = _put(cluster, "component", component_name(namespace), component)
        _put(cluster, "index", index_template_name(namespace), index_template(namespace))
        for name in data_streams(namespace):
            if _bring_up(cluster, name, wanted) and changed and settings.ilm_policy is None:
                _retain(cluster, name, retention_days)
    except Refused as refused:
        raise StoreUnavailable(f"the index template: {refused}") from refused


def _put(cluster: Cluster, kind: str, name: str, body: Mapping[str, Any]) -> bool:
    """Write a template if the server has another or none; whether it was written."""
    path = f"/_{kind}_template/{name}"
    found = _meta_of_template(cluster, kind, path)
    if found == body["_meta"]:
        return False
    if _version(found) > TEMPLATE_VERSION:
        logger().warning("store.newer-template", name=name, version=_version(found))
        return False
    cluster.ask("PUT", path, body)
    logger().info("store.template", name=name, version=TEMPLATE_VERSION)
    return True


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


def _retain(cluster: Cluster, stream: str, retention_days: int) -> None:
    """A data stream keeps the lifecycle that its template had when it was made."""
    try:
        cluster.ask("PUT", f"/_data_stream/{stream}/_lifecycle", lifecycle(retention_days))
    except Refused as refused:
        # a server without the feature: the lifecycle that the data stream was made with stays
        logger().warning("store.lifecycle", stream=stream, reason=refused.reason)

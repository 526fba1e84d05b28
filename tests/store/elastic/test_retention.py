"""The lifecycle of data streams that are there already.

The distribution for tests has no requests for them, so a stand-in answers: in the shapes of a full
server, of which the genuine one confirms what it can say (`simulate`).
"""

from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from store.elastic.stores import Bench
from store.events import event
from trapgate.store.elastic.client import JSON, Refused, Unanswered
from trapgate.store.elastic.install import install
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.template import MAPPINGS, data_streams

SETTINGS = ElasticsearchSettings(urls=("http://192.0.2.1:9200",))
STREAMS = data_streams(SETTINGS.namespace)


class StandIn:
    """Templates, and data streams that were made when a retention of 30 days was wanted."""

    def __init__(self) -> None:
        self.templates: dict[str, Any] = {}
        self.custom: Mapping[str, Any] = {}
        self.lifecycles: dict[str, Mapping[str, Any]] = {}
        self.asked: list[str] = []
        self.writes: list[str] = []
        self.cut_at = ""
        self.without = ""

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> JSON:
        self.asked.append(path)
        if self.cut_at and path.endswith(self.cut_at):
            raise Unanswered("connection", "gone", ambiguous=True, brief=True)
        if self.without and self.without in path:
            raise Refused(405, "Incorrect HTTP method")
        _, first, *rest = path.split("/")
        match first:
            case "_component_template" | "_index_template" if rest[0] != "_simulate_index":
                return self._template(first.removeprefix("_"), method, path, body)
            case "_index_template":
                return {"template": {"lifecycle": self._wanted()} if self._wanted() else {}}
            case "_data_stream" if method == "PUT":
                assert isinstance(body, Mapping)
                self.writes.append(rest[0])
                self.lifecycles[rest[0]] = body
                return {}
            case "_data_stream":
                own = self.lifecycles[rest[0]]
                told = {**own, "effective_retention": own.get("data_retention")} if own else None
                return {"data_streams": [{"name": rest[0], "lifecycle": told}]}
            case _:
                return {f".ds-{first}-000001": {"mappings": {"_meta": MAPPINGS["_meta"]}}}

    def _template(self, kind: str, method: str, path: str, body: Any) -> JSON:
        if method == "PUT":
            self.templates[path] = body
            return {}
        if path not in self.templates:
            raise Refused(404, "no such template")
        return {f"{kind}s": [{kind: self.templates[path]}]}

    def _wanted(self) -> Mapping[str, Any]:
        """As the templates say."""
        (own,) = [body for path, body in self.templates.items() if path.endswith("@package")]
        found = own["template"].get("lifecycle")
        return {"enabled": True, **found, **self.custom} if found else {}

    def install(self, retention_days: int, settings: ElasticsearchSettings = SETTINGS) -> None:
        install(self, settings, retention_days)  # type: ignore[arg-type]  # what it uses

    def retentions(self) -> list[object]:
        return [self.lifecycles[stream].get("data_retention") for stream in STREAMS]


@pytest.fixture
def server() -> StandIn:
    """Installed, with both data streams."""
    made = StandIn()
    made.lifecycles = {name: {"enabled": True, "data_retention": "30d"} for name in STREAMS}
    made.install(30)
    assert made.writes == []
    return made


def test_another_retention_is_given_to_what_is_there(server: StandIn) -> None:
    server.install(7)
    assert server.retentions() == ["7d", "7d"]
    server.install(7)
    assert server.writes == [*STREAMS]


@pytest.mark.parametrize(
    "cut_at",
    [
        f"{STREAMS[0]}/_mapping",
        f"/_data_stream/{STREAMS[0]}",
        f"/_data_stream/{STREAMS[0]}/_lifecycle",
        f"{STREAMS[1]}/_mapping",
        f"/_data_stream/{STREAMS[1]}/_lifecycle",
    ],
)
def test_a_start_that_was_cut_short_is_made_up_for(server: StandIn, cut_at: str) -> None:
    """The template was changed before, the data streams were not."""
    server.cut_at = cut_at
    with pytest.raises(Unanswered):
        server.install(7)
    server.cut_at = ""
    server.install(7)
    assert server.retentions() == ["7d", "7d"]


def test_a_stream_without_a_lifecycle_is_given_one(server: StandIn) -> None:
    server.lifecycles[STREAMS[1]] = {}
    server.install(30)
    assert server.retentions() == ["30d", "30d"]
    assert server.writes == [STREAMS[1]]


def test_what_the_users_own_template_says_is_kept(server: StandIn) -> None:
    """It is the last: a retention in it is not shortened."""
    server.custom = {"data_retention": "365d"}
    server.install(30)
    server.install(7)
    assert server.retentions() == ["365d", "365d"]


def test_with_a_policy_the_lifecycle_is_left_alone(server: StandIn) -> None:
    server.asked.clear()
    server.install(7, ElasticsearchSettings(urls=SETTINGS.urls, ilm_policy="mine"))
    assert server.retentions() == ["30d", "30d"]
    assert not [path for path in server.asked if "_data_stream" in path or "_simulate" in path]


@pytest.mark.parametrize("without", ["_data_stream", "_simulate_index"])
def test_a_server_that_knows_no_lifecycles_is_no_trouble(server: StandIn, without: str) -> None:
    server.without = without
    with capture_logs() as logs:
        server.install(7)
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == [
        "store.lifecycle"
    ] * 2
    assert server.writes == []


@pytest.mark.real
def test_the_server_says_what_its_templates_would_give(store: Bench) -> None:
    store.store.write([event(1)])
    path = "/_index_template/_simulate_index/logs-snmp.trap-{ns}?filter_path=template.lifecycle"
    own = {"enabled": True, "data_retention": "30d"}
    assert store.request("POST", path) == {"template": {"lifecycle": own}}
    custom = {"template": {"lifecycle": {"data_retention": "90d"}}}
    store.request("PUT", "/_component_template/trapgate-{ns}@custom", custom)
    assert store.request("POST", path) == {
        "template": {"lifecycle": {**own, **custom["template"]["lifecycle"]}}
    }

"""Who may write, and whom we believe: a genuine server with users, over TLS, that wants to see our
certificate."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from elastic import PASSWORD, USER, Elasticsearch, laid_out
from listen.authority import Authority
from store.elastic.stores import FOR_EVER_NS, Bench
from store.events import event
from trapgate.model.query import Everything
from trapgate.store import StoreUnavailable
from trapgate.store.elastic.install import install
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.template import MAPPINGS

pytestmark = pytest.mark.real

ON: dict[str, str] = {
    "xpack.security.enabled": "true",
    "xpack.security.http.ssl.enabled": "true",
    "xpack.security.http.ssl.certificate": "es.pem",
    "xpack.security.http.ssl.key": "es.key",
    "xpack.security.http.ssl.certificate_authorities": "ca.pem",
    "xpack.security.http.ssl.client_authentication": "required",
}


ROLE = """\
trapgate:
  cluster: [manage_index_templates]
  indices:
  - names: ["logs-snmp.trap-*", "logs-syslog.network-*"]
    privileges: [create_index, create_doc, read, maintenance, view_index_metadata, manage]
"""
"""What docs/elasticsearch.md asks for."""

ROLE_PASSWORD = "l4b-role-p4ssword"


class Secured(NamedTuple):
    server: Elasticsearch
    settings: ElasticsearchSettings
    folder: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    own = authority.issue("es", common="es", names=["127.0.0.1"])
    client = authority.issue("client", common="trapgate")
    context = ssl.create_default_context(cafile=authority.ca_file)
    context.load_cert_chain(client.cert_file, client.key_file)
    files = {
        "es.pem": own.cert_file.read_bytes(),
        "es.key": own.key_file.read_bytes(),
        "ca.pem": authority.ca_file.read_bytes(),
        "roles.yml": ROLE.encode(),
    }
    with laid_out(ON, password=PASSWORD, tls=context, files=files) as server:
        server.run("elasticsearch-users", "useradd", "lab", "-p", ROLE_PASSWORD, "-r", "trapgate")
        server.start()
        settings = ElasticsearchSettings(
            urls=(server.url,),
            username=USER,
            password=PASSWORD,
            ca_file=str(authority.ca_file),
            cert_file=str(client.cert_file),
            key_file=str(client.key_file),
            compression=True,
        )
        yield Secured(server, settings, folder)


@pytest.fixture
def settings(secured: Secured, namespace: str) -> ElasticsearchSettings:
    return msgspec.structs.replace(secured.settings, namespace=namespace)


def test_there_and_back(secured: Secured, settings: ElasticsearchSettings) -> None:
    store = Bench(settings)
    events = [event(n) for n in range(1, 4)]
    store.store.write(events)
    secured.server.request("POST", f"/logs-snmp.trap-{settings.namespace}/_refresh")
    found = store.store.search(Everything(), start=0, end=FOR_EVER_NS, limit=9)
    assert list(found) == events[::-1]
    store.close()


def test_the_documented_rights_are_enough(
    secured: Secured, settings: ElasticsearchSettings
) -> None:
    """To make and to change templates and data streams, to write, to look and to read."""
    lab = msgspec.structs.replace(settings, username="lab", password=ROLE_PASSWORD)
    store = Bench(lab)
    store.store.write([event(1)])
    store.store.write([event(1), event(2)])
    install(store.cluster, lab, 7, {**MAPPINGS, "_meta": {"version": 1}})
    # another type, so that the data stream rolls over
    other: Any = {**MAPPINGS, "_meta": {"version": 0}}
    other["properties"] = {**other["properties"], "message": {"type": "keyword"}}
    install(store.cluster, lab, 7, other)
    store.store.write([event(3)])
    secured.server.request("POST", f"/logs-snmp.trap-{lab.namespace}/_refresh")
    found = store.store.search(Everything(), start=0, end=FOR_EVER_NS, limit=9)
    assert list(found) == [event(3), event(2), event(1)]
    counts = store.store.aggregate(Everything(), ["host.name"], start=0, end=FOR_EVER_NS)
    assert counts == {("router-1",): 3}
    store.close()


def failure(settings: ElasticsearchSettings) -> tuple[str, dict[str, float]]:
    """What is said, and counted, when somebody with these settings writes."""
    store = Bench(settings)
    with pytest.raises(StoreUnavailable) as caught:
        store.store.write([event(1)])
    store.close()
    return caught.value.reason, dict(store.failures())


def test_a_wrong_password(settings: ElasticsearchSettings) -> None:
    reason, failures = failure(msgspec.structs.replace(settings, password="wrong"))
    assert "not allowed: 401" in reason
    assert "wrong" not in reason.replace("wrong password", "")
    assert failures == {"denied": 1}


def test_a_wrong_password_is_noticed_before_there_is_an_event(
    settings: ElasticsearchSettings,
) -> None:
    store = Bench(settings)
    store.store.probe()
    store.close()
    store = Bench(msgspec.structs.replace(settings, password="wrong"))
    with pytest.raises(StoreUnavailable, match="not allowed: 401"):
        store.store.probe()
    store.close()


def test_an_authority_that_did_not_sign(
    secured: Secured, settings: ElasticsearchSettings, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    reason, failures = failure(msgspec.structs.replace(settings, ca_file=str(other.ca_file)))
    assert "certificate verify failed" in reason
    assert failures == {"tls": 1}


def test_without_our_certificate(settings: ElasticsearchSettings) -> None:
    """A server may say so before or after the connection is open: it is one failure or three."""
    _, failures = failure(msgspec.structs.replace(settings, cert_file=None, key_file=None))
    assert failures.keys() <= {"tls", "connection"}


def test_plain_text_to_a_server_with_tls(settings: ElasticsearchSettings) -> None:
    url = settings.urls[0].replace("https", "http")
    reason, failures = failure(msgspec.structs.replace(settings, urls=(url,), ca_file=None))
    assert reason.startswith(f"no connection to {url}: ")
    assert reason.endswith("; if the server speaks TLS, write https:// in urls")
    assert failures.keys() == {"connection"}

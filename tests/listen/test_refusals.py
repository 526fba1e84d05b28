"""Refused connections in the log: each once a minute, and no flood."""

from structlog.testing import capture_logs

from trapgate.listen.refusals import TOLD_AGAIN_NS, TOLD_MAX, Refusals
from trapgate.observe import Metrics


def test_the_same_is_told_once_a_minute() -> None:
    refusals = Refusals("lines", Metrics())
    with capture_logs() as logs:
        for elapsed_ns in (0, 1, TOLD_AGAIN_NS - 1):
            refusals.tell(elapsed_ns, "tls-certificate", "192.0.2.1", "it has expired", "sha256:AA")
        refusals.tell(2, "tls-handshake", "192.0.2.1", "no shared cipher", "")
        assert len(logs) == 2
        refusals.tell(TOLD_AGAIN_NS, "tls-certificate", "192.0.2.1", "it has expired", "sha256:AA")
    assert [line.get("fingerprint") for line in logs] == ["sha256:AA", None, "sha256:AA"]
    assert logs[0] == {
        "event": "connection.refused",
        "log_level": "warning",
        "listener": "lines",
        "reason": "tls-certificate",
        "peer": "192.0.2.1",
        "detail": "it has expired",
        "fingerprint": "sha256:AA",
    }


def test_many_are_told_within_bounds_and_all_are_counted() -> None:
    metrics = Metrics()
    refusals = Refusals("lines", metrics)
    with capture_logs() as logs:
        for index in range(3 * TOLD_MAX):
            refusals.count("tls-handshake")
            refusals.tell(index, "tls-handshake", f"192.0.2.{index}", "unexpected", "")
    assert len(logs) == TOLD_MAX
    labels = {"listener": "lines", "reason": "tls-handshake"}
    name = "trapgate_listen_connections_refused_total"
    assert metrics.registry.get_sample_value(name, labels) == 3 * TOLD_MAX

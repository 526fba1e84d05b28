"""Connections that are closed by us: each is counted, and those that an admin may have to act upon
are told in the log, within bounds."""

from trapgate.model import NS_PER_S
from trapgate.observe import Metrics, logger

TOLD_AGAIN_NS = 60 * NS_PER_S
"""The same refusal of the same peer is told once in this time: devices try again at once."""

TOLD_MAX = 100
"""Refusals told in that time; more are only counted."""


class Refusals:
    """Counts and tells what one listener refuses."""

    def __init__(self, listener: str, metrics: Metrics) -> None:
        self._listener = listener
        self._counter = metrics.counter("trapgate_listen_connections_refused_total")
        self._told: set[tuple[str, ...]] = set()
        self._told_since = 0

    def count(self, reason: str) -> None:
        """Count one connection."""
        self._counter.labels(self._listener, reason).inc()

    def tell(self, elapsed_ns: int, reason: str, peer: str, detail: str, fingerprint: str) -> None:
        """Say in the log why a connection was closed; `fingerprint` is that of the peer's
        certificate, empty if it has shown none."""
        if elapsed_ns - self._told_since >= TOLD_AGAIN_NS:
            self._told.clear()
            self._told_since = elapsed_ns
        key = (reason, peer, detail, fingerprint)
        if key in self._told or len(self._told) >= TOLD_MAX:
            return
        self._told.add(key)
        more = {"fingerprint": fingerprint} if fingerprint else {}
        logger().warning(
            "connection.refused",
            listener=self._listener,
            reason=reason,
            peer=peer,
            detail=detail,
            **more,
        )

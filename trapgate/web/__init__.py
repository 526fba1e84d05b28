"""HTTP: Alertmanager's API v2, trapgate's own v1, health and metrics.

In: requests. Out: what the board, the stores and the metrics say; alerts for the core.
"""

from trapgate.web.app import Backend, build_app

__all__ = ["Backend", "build_app"]

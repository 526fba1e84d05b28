"""Free ports for what a test starts."""

import itertools
import os
import random
import socket

PORTS_FROM, PORTS_TO = 20_000, 30_000
"""Below the range from which the kernel gives ports to connections, so that a port stays free until
it is used, also over restarts."""

_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_OWN_PORTS = range(PORTS_FROM + _WORKER, PORTS_TO, _WORKERS)
"""Those that no other worker of the same test run takes between our look and our use."""

_IN_TURN = itertools.cycle(random.SystemRandom().sample(_OWN_PORTS, len(_OWN_PORTS)))
"""Each is given once before the first is given again: what was given a moment ago may not be bound
yet."""


def free_port() -> int:
    """A port that nobody has, neither over UDP nor over TCP, on no address."""
    return next(filter(_is_free, itertools.islice(_IN_TURN, len(_OWN_PORTS))))


def _is_free(port: int) -> bool:
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET6, kind) as sock:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                sock.bind(("::", port))
    except OSError:
        return False
    return True

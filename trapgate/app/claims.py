"""What a start needs of the machine: a data folder that nobody else uses, and ports.

What cannot be had is a `StartFailed`, which says what to do.
"""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trapgate.config import Address

HTTP_BACKLOG = 512


class StartFailed(Exception):
    """trapgate cannot start; the message says what to do."""


@contextmanager
def usable(data: Path) -> Iterator[None]:
    """What the disk refuses in the data folder is a `StartFailed` with advice."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        place = f" ({error.filename})" if error.filename not in (None, str(data)) else ""
        raise StartFailed(
            f"the data folder {data} cannot be used: {reason}{place}; {_data_advice(error.errno)}"
        ) from None


def _data_advice(number: int | None) -> str:
    if number in (errno.EACCES, errno.EPERM):
        return "let this user write there, or set another `data`"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "make room on its disk, or set another `data`"
    return "set `data` to a folder that this user can write to"


def lock(path: Path) -> int:
    """Hold the data folder; forks hold it too, so that it is free when all of them are gone."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        folder = path.parent
        raise StartFailed(
            f"another trapgate uses the data folder {folder}; stop it, or set another `data`"
        ) from None
    return fd


def listen_http(address: Address) -> socket.socket:
    """A listening socket for the API. Raises `StartFailed`."""
    host = "::" if address.host == "*" else address.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if host == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, address.port))
        sock.listen(HTTP_BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        reason = os.strerror(error.errno or 0)
        advice = port_advice(error.errno or 0, str(address.port))
        raise StartFailed(f"web cannot listen on {address}: {reason}; {advice}") from None
    return sock


def port_advice(number: int, port: str) -> str:
    """What to do about a port that cannot be listened on, by the error's number."""
    if number == errno.EADDRINUSE:
        return f"see who has it with `ss -lnptu 'sport = :{port}'`, or set another address"
    if number == errno.EACCES:
        return "ports below 1024 need CAP_NET_BIND_SERVICE: use one above, or grant it"
    if number == errno.EADDRNOTAVAIL:
        return "the address is not one of this machine's"
    if number == errno.ENOPROTOOPT:
        return "this kernel cannot spread senders over several sockets: set `spool.workers` to 1"
    return "set another address"

"""Other listeners while trapgate runs: sockets that are wanted still stay open, and all or none of
the new ones are opened."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from trapgate.config import Address
from trapgate.listen.settings import ListenerSettings
from trapgate.listen.sockets import BoundListener
from trapgate.listen.spread import bind_all, socket_count

_Place = tuple[str, Address]
"""Kind and address of a socket: who has both has the socket."""


def rebind(
    held: Sequence[BoundListener], wanted: Sequence[ListenerSettings], workers: int = 1
) -> tuple[BoundListener, ...]:
    """The listeners as wanted: on the sockets that are held for their transport and address, else
    on new ones. Nothing of `held` is closed; it was opened for as many `workers` (see `bind_all`).
    Raises `BindFailed`; nothing has changed then."""
    free: dict[_Place, list[BoundListener]] = {}
    for bound in held:
        free.setdefault(_place(bound.settings), []).append(bound)
    opened: list[BoundListener] = []
    result: list[BoundListener] = []
    try:
        for settings in wanted:
            mine = free.get(_place(settings))
            if mine:
                count = socket_count(settings, workers)
                result += [BoundListener(settings, b.socket, b.worker) for b in mine[:count]]
                del mine[:count]
                continue
            with _sharing(held, settings) as beside:
                more = bind_all(settings, workers, beside=beside)
            opened += more
            result += more
    except Exception:
        for bound in opened:
            bound.close()
        raise
    for bound in result:
        if bound.settings.transport == "udp" and bound not in opened:
            bound.ask_for_buffer()
    return tuple(result)


def removed(
    held: Sequence[BoundListener], result: Sequence[BoundListener]
) -> tuple[BoundListener, ...]:
    """Those of `held` whose sockets are wanted no more."""
    kept = {bound.key() for bound in result}
    return tuple(bound for bound in held if bound.key() not in kept)


def _place(settings: ListenerSettings) -> _Place:
    return settings.socket_kind, settings.address


@contextmanager
def _sharing(held: Sequence[BoundListener], wanted: ListenerSettings) -> Iterator[bool]:
    """Let a socket be bound beside those of ours that have its port and will be closed when the
    change is done: `*:162` may become `192.0.2.1:162`. For this moment only: a port that another
    program has is found taken as ever. Whether there are such sockets."""
    ours = [
        bound.socket
        for bound in held
        if bound.settings.socket_kind == wanted.socket_kind
        and wanted.address.port == bound.local.port
    ]
    # those of several workers share their port all the time, and must go on with it
    alone = [s for s in ours if not s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)]
    for sock in alone:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        yield bool(ours)
    finally:
        for sock in alone:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)

"""Other listeners while trapgate runs: sockets that are wanted still stay open, and all or none of
the new ones are opened."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from trapgate.config import Address
from trapgate.listen.settings import ListenerSettings
from trapgate.listen.sockets import BoundListener, bind

_Place = tuple[str, Address]
"""Transport and address: who has both has the socket."""


def rebind(
    held: Sequence[BoundListener], wanted: Sequence[ListenerSettings]
) -> tuple[BoundListener, ...]:
    """The listeners as wanted: on the socket that is held for their transport and address, else on
    a new one. Nothing of `held` is closed. Raises `BindFailed`; nothing has changed then."""
    free: dict[_Place, list[BoundListener]] = {}
    for bound in held:
        free.setdefault(_place(bound.settings), []).append(bound)
    opened: list[BoundListener] = []
    result: list[BoundListener] = []
    try:
        for settings in wanted:
            mine = free.get(_place(settings))
            if mine:
                result.append(BoundListener(settings, mine.pop(0).socket))
                continue
            with _sharing(held, settings) as beside:
                opened.append(bind(settings, beside=beside))
            result.append(opened[-1])
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
    return settings.transport, settings.address


@contextmanager
def _sharing(held: Sequence[BoundListener], wanted: ListenerSettings) -> Iterator[bool]:
    """Let a socket be bound beside those of ours that have its port and will be closed when the
    change is done: `*:162` may become `192.0.2.1:162`. For this moment only: a port that another
    program has is found taken as ever. Whether there are such sockets."""
    ours = [
        bound.socket
        for bound in held
        if bound.settings.transport == wanted.transport and wanted.address.port == bound.local.port
    ]
    for sock in ours:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        yield bool(ours)
    finally:
        for sock in ours:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)

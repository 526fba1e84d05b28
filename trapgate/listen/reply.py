"""Answers to senders, from the socket that they sent to: SNMP informs want one."""

import socket
from collections.abc import Iterable, Sequence

from trapgate.listen.sockets import BoundListener
from trapgate.model import Datagram


class Replier:
    """Sends through the listeners' own sockets, which every process of trapgate has inherited."""

    def __init__(self, listeners: Sequence[BoundListener]) -> None:
        self._sockets = {
            bound.settings.name: bound.socket
            for bound in listeners
            if bound.settings.transport == "udp"
        }

    def send(self, replies: Iterable[Datagram]) -> None:
        """Send each to its `peer`. What cannot be sent is dropped: the sender asks again."""
        for reply in replies:
            sock = self._sockets.get(reply.listener)
            if sock is None:
                continue
            address, _, zone = reply.peer.address.partition("%")
            if sock.family == socket.AF_INET6 and ":" not in address:
                address = f"::ffff:{address}"
            try:
                sock.sendto(reply.data, (f"{address}%{zone}" if zone else address, reply.peer.port))
            except OSError:
                continue

"""Answers to senders, from the socket and the address that they sent to: SNMP informs want one."""

import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from trapgate.listen.slots import local_control
from trapgate.listen.sockets import EVERY_HOST, BoundListener
from trapgate.model import Datagram


class Replier:
    """Sends through the listeners' own sockets, which every process of trapgate has."""

    def __init__(self, listeners: Sequence[BoundListener]) -> None:
        self._all: Sequence[BoundListener] = ()
        self._listeners: dict[str, BoundListener] = {}
        self.replace(listeners)

    def replace(self, listeners: Sequence[BoundListener]) -> None:
        """Answer for these listeners from now on; this process's descriptors of the sockets of
        before are closed."""
        for bound in self._all:
            bound.close()
        self._all = listeners
        udp = [bound for bound in listeners if bound.settings.transport == "udp"]
        self._listeners = {bound.settings.name: bound for bound in udp}

    def send(self, replies: Iterable[Datagram]) -> None:
        """Send each to its `peer`, from its `local` address: a device with a firewall, or one that
        looks, takes an answer from no other, and on a machine with several addresses the kernel
        would choose by its routes. What cannot be sent is dropped: the sender asks again."""
        for reply in replies:
            bound = self._listeners.get(reply.listener)
            if bound is None:
                continue
            sock = bound.socket
            address, _, zone = reply.peer.address.partition("%")
            if sock.family == socket.AF_INET6 and ":" not in address:
                address = f"::ffff:{address}"
            target = (f"{address}%{zone}" if zone else address, reply.peer.port)
            try:
                sock.sendmsg([reply.data], _control(bound, reply.local.address), 0, target)
            except (OSError, ValueError):
                continue


def _control(bound: BoundListener, local: str) -> list[tuple[int, int, bytes]]:
    """What makes the answer come from `local`; nothing where the socket's own address does, or
    where it cannot: a group's address is no sender."""
    if bound.local.address not in EVERY_HOST or local in EVERY_HOST:
        return []
    if ip_address(local.partition("%")[0]).is_multicast:
        return []
    return [local_control(bound.socket, local)]

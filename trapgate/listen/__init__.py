"""Sockets: what network gear sends comes in here, datagram by datagram, and is not looked into.

In: UDP packets, TCP and TLS streams. Out: one spool record for each admitted datagram or frame, in
batches; the rest is counted. Sockets are bound before the receive process is forked, so that
a port in use is found at start and a socket outlives the process that reads it.
"""

from trapgate.listen.access import AccessList, Verdict
from trapgate.listen.framing import BadFrame, Framer
from trapgate.listen.record import RecordReader, encode, listener_name, origin, peer_address
from trapgate.listen.settings import (
    ListenerSettings,
    check_certificates,
    check_listeners,
    with_paths,
)
from trapgate.listen.sockets import BindFailed, BoundListener, bind
from trapgate.listen.tcp import TcpListener
from trapgate.listen.udp import UdpListener

__all__ = [
    "AccessList",
    "BadFrame",
    "BindFailed",
    "BoundListener",
    "Framer",
    "ListenerSettings",
    "RecordReader",
    "TcpListener",
    "UdpListener",
    "Verdict",
    "bind",
    "check_certificates",
    "check_listeners",
    "encode",
    "listener_name",
    "origin",
    "peer_address",
    "with_paths",
]

"""`trapgate send`: what a device would send, without net-snmp."""

import os
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from trapgate.cli.inform import CommunityInform, Conversation, Undelivered, UsmInform, acknowledged
from trapgate.cli.notification import (
    Notification,
    community_message,
    known_names,
    notification_of,
    v1_pdu,
    v2_pdu,
)
from trapgate.cli.security import Security, Unsendable, community_of, origin_of, user_of
from trapgate.cli.usm import Engine, message

SNMP_TARGET = "localhost:1162"
SYSLOG_TARGET = "localhost:5514"

_PORT_MAX = 65_535
_REQUEST_ID_MAX = 2**31 - 1

_EPOCH_S = 1_577_836_800
"""2020-01-01: the clock of an engine that has never restarted since. It goes on from call to call
with nothing kept, and fits into 31 bits until 2088."""

MakeMessage = Callable[[int], bytes]
MakeConversation = Callable[[int], Conversation]
"""By a request-id."""


class Sending(msgspec.Struct, frozen=True):
    """What `send trap` and `send inform` are asked for. `rate` is per second."""

    name: str
    variables: Sequence[str]
    target: str | None
    config: Path | None
    count: int = 1
    rate: float = 100.0


class Waiting(msgspec.Struct, frozen=True):
    """How long `send inform` waits for an answer, and how often it sends again."""

    timeout_s: float = 1.0
    retries: int = 5


def send_traps(sending: Sending, security: Security) -> int:
    """Send a trap `count` times; 1 if the network refuses it, 2 if the arguments make none."""
    try:
        notification = _notification(sending)
        if notification is None:
            return os.EX_CONFIG
        make = _trap_maker(notification, security)
        with connected(sending.target or SNMP_TARGET) as sock:
            for request_id in _request_ids(sending):
                sock.send(make(request_id))
    except (Unsendable, Undelivered) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, Unsendable) else 1
    print(f"sent {_what(sending, notification)}")
    return 0


def send_informs(sending: Sending, security: Security, waiting: Waiting) -> int:
    """Send an inform `count` times, each when the one before is acknowledged; 1 if one is not, 2
    if the arguments do not make one."""
    target = sending.target or SNMP_TARGET
    taken: list[float] = []
    try:
        notification = _notification(sending)
        if notification is None:
            return os.EX_CONFIG
        make = _inform_maker(notification, security)
        with connected(target) as sock:
            for request_id in _request_ids(sending):
                conversation = make(request_id)
                seconds = acknowledged(sock, conversation, waiting.timeout_s, waiting.retries)
                if seconds is None:
                    tries = waiting.retries + 1
                    seconds_each = f"{waiting.timeout_s:g} s each"
                    raise Undelivered(f"{target} does not answer ({tries} tries, {seconds_each})")
                taken.append(seconds)
    except Unsendable as error:
        print(error, file=sys.stderr)
        return 2
    except Undelivered as error:
        number = f"inform {len(taken) + 1}: " if sending.count > 1 else ""
        print(f"{number}not acknowledged: {error}", file=sys.stderr)
        return 1
    print(f"sent {_what(sending, notification)}")
    average_ms = sum(taken) / len(taken) * 1000
    on_average = " on average" if sending.count > 1 else ""
    print(f"acknowledged by {target} in {average_ms:.0f} ms{on_average}")
    return 0


def send_line(line: str, target: str | None) -> int:
    """Send one syslog line."""
    where, data = target or SYSLOG_TARGET, line.encode()
    try:
        with connected(where) as sock:
            sock.send(data)
    except (Unsendable, Undelivered) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, Unsendable) else 1
    print(f"sent {len(data)} bytes to {where}")
    return 0


def _notification(sending: Sending) -> Notification | None:
    mib = known_names(sending.config)
    return None if mib is None else notification_of(sending.name, sending.variables, mib)


def _what(sending: Sending, notification: Notification) -> str:
    times = f" {sending.count} times" if sending.count > 1 else ""
    count = len(notification.variables)
    variables = f"{count} variable" if count == 1 else f"{count} variables"
    target = sending.target or SNMP_TARGET
    return f"{sending.name} ({notification.oid}) with {variables} to {target}{times}"


def _trap_maker(notification: Notification, security: Security) -> MakeMessage:
    if security.version == "3":
        user, origin = user_of(security), origin_of(security)

        def secured(request_id: int) -> bytes:
            boots, time_s = origin.boots_time or (1, int(time.time()) - _EPOCH_S)
            engine = Engine(origin.engine_id, boots, time_s)
            pdu = v2_pdu(notification, inform=False, request_id=request_id)
            return message(pdu, user, engine, message_id=request_id, context=origin.context)

        return secured
    version, community = security.version, community_of(security)

    def plain(request_id: int) -> bytes:
        if version == "1":
            return community_message(v1_pdu(notification), version, community)
        pdu = v2_pdu(notification, inform=False, request_id=request_id)
        return community_message(pdu, version, community)

    return plain


def _inform_maker(notification: Notification, security: Security) -> MakeConversation:
    if security.version == "1":
        raise Unsendable("SNMPv1 has no informs: use -v 2c or -v 3")
    if security.version == "3":
        user, context = user_of(security), origin_of(security).context

        def secured(request_id: int) -> Conversation:
            pdu = v2_pdu(notification, inform=True, request_id=request_id)
            return UsmInform(pdu, user, request_id, context=context)

        return secured
    community = community_of(security)

    def plain(request_id: int) -> Conversation:
        pdu = v2_pdu(notification, inform=True, request_id=request_id)
        return CommunityInform(community_message(pdu, "2c", community), request_id)

    return plain


def _request_ids(sending: Sending) -> Iterator[int]:
    """A request-id for each notification, at the pace that was asked for."""
    first, begun = random.randrange(1, _REQUEST_ID_MAX), time.monotonic()
    for number in range(sending.count):
        early = begun + number / sending.rate - time.monotonic()
        if early > 0:
            time.sleep(early)
        yield (first + number) % _REQUEST_ID_MAX + 1


@contextmanager
def connected(target: str) -> Iterator[socket.socket]:
    """A UDP socket to the first address that the target resolves to; raises `Unsendable`
    if it is none, and makes `Undelivered` of what the network refuses."""
    host, colon, port = target.rpartition(":")
    if not colon or not port.isdigit() or int(port) > _PORT_MAX:
        raise Unsendable(f'"{target}" is not HOST:PORT')
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)
        family, _, _, _, address = found[0]
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect(address)
            yield sock
    except ConnectionRefusedError:
        raise Undelivered(f"nobody listens at {target}") from None
    except OSError as error:
        raise Undelivered(f"cannot send to {target}: {error}") from None

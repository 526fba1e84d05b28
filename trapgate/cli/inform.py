"""Sending an inform and waiting for its acknowledgment (RFC 3416 §4.2.7).

A conversation without IO for each version says what to send next and what an answer means;
`acknowledged` has the socket and the clock.
"""

import socket
import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto.api import v2c

from trapgate.cli.security import User
from trapgate.cli.usm import Engine, Heard, Unreadable, heard, message

ANSWER_BYTES_MAX = 65_535
"""Larger than any answer to an inform."""

CORRECTIONS_MAX = 3
"""How often a receiver may correct the engine or its clock: one discovery, one time, one more if it
restarts in between."""

Meaning = Literal["acknowledged", "again", "nothing"]
"""What an answer means: done; send `request` at once again; it is not for us."""

_USM_STATS = "1.3.6.1.6.3.15.1.1."
_NOT_IN_TIME_WINDOWS, _UNKNOWN_ENGINE_IDS = 2, 4
_COUNTERS = {
    1: ("usmStatsUnsupportedSecLevels", "the user may not use this security level"),
    2: ("usmStatsNotInTimeWindows", "the clocks of the engines differ"),
    3: ("usmStatsUnknownUserNames", "the receiver has no such user"),
    4: ("usmStatsUnknownEngineIDs", "the receiver has another engine ID"),
    5: ("usmStatsWrongDigests", "another auth passphrase or algorithm"),
    6: ("usmStatsDecryptionErrors", "another privacy passphrase or algorithm"),
}
"""RFC 3414 §5, usmStats; and what it means to who has sent."""


class Undelivered(Exception):
    """There is no acknowledgment, or no way to the receiver: the message says why."""


class CommunityInform:
    """An inform of SNMPv2c."""

    def __init__(self, data: bytes, request_id: int) -> None:
        self._data = data
        self._request_id = request_id

    def request(self) -> bytes:
        """The datagram to send: always the same."""
        return self._data

    def meaning(self, answer: bytes) -> Meaning:
        """What an answer means. Raises `Undelivered`."""
        try:
            pdu = v2c.apiMessage.get_pdu(decoder.decode(answer, asn1Spec=v2c.Message())[0])
            return _response(pdu, self._request_id)
        except (PyAsn1Error, IndexError):
            return "nothing"


class UsmInform:
    """An inform of SNMPv3: the receiver is authoritative, so its engine must be found out first
    (RFC 3414 §4), by a message without a user to which it answers with a Report."""

    def __init__(
        self,
        pdu: object,
        user: User,
        request_id: int,
        *,
        context: bytes = b"",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pdu = pdu
        self._user = user
        self._request_id = request_id
        self._context = context
        self._clock = clock
        self._engine: Engine | None = None
        self._learned_at = 0.0
        self._message_id = request_id
        self._corrections = 0

    def request(self) -> bytes:
        """The datagram to send next: what asks for the engine, then the inform."""
        self._message_id = self._message_id % ((1 << 31) - 1) + 1
        if self._engine is None:
            nobody = User(b"", "noAuthNoPriv")
            return message(
                self._pdu_of_discovery(),
                nobody,
                Engine(),
                message_id=self._message_id,
                reportable=True,
            )
        passed = int(self._clock() - self._learned_at)
        engine = msgspec.structs.replace(self._engine, time=self._engine.time + passed)
        return message(
            self._pdu,
            self._user,
            engine,
            message_id=self._message_id,
            context=self._context,
            reportable=True,
        )

    def meaning(self, answer: bytes) -> Meaning:
        """What an answer means. Raises `Undelivered`."""
        try:
            found = heard(answer, self._user)
        except Unreadable as error:
            raise Undelivered(f"an answer came, but {error}") from None
        pdu: Any = found.pdu
        if pdu.tagSet == v2c.ReportPDU.tagSet:
            return self._reported(found)
        if self._user.auth and not found.authentic:
            return "nothing"  # anybody may have sent it
        return _response(pdu, self._request_id)

    def _reported(self, report: Heard) -> Meaning:
        number = _counter(report.pdu)
        correctable = number == _UNKNOWN_ENGINE_IDS or (
            number == _NOT_IN_TIME_WINDOWS and report.authentic
        )
        if correctable and self._corrections < CORRECTIONS_MAX and report.engine.engine_id:
            self._corrections += 1
            self._engine, self._learned_at = report.engine, self._clock()
            return "again"
        if number in _COUNTERS:
            name, what = _COUNTERS[number]
            raise Undelivered(f"refused with {name}: {what}")
        raise Undelivered("refused with a Report that says nothing of the user")

    def _pdu_of_discovery(self) -> object:
        """An inform without variables: a receiver that does not ask for its engine ID has nothing
        to learn from it."""
        pdu = v2c.InformRequestPDU()
        v2c.apiPDU.set_defaults(pdu)
        v2c.apiPDU.set_request_id(pdu, self._request_id)
        return pdu


Conversation = CommunityInform | UsmInform


def _response(pdu: Any, request_id: int) -> Meaning:
    is_response = pdu.tagSet == v2c.ResponsePDU.tagSet
    if not is_response or int(v2c.apiPDU.get_request_id(pdu)) != request_id:
        return "nothing"
    status = v2c.apiPDU.get_error_status(pdu)
    if int(status):
        raise Undelivered(f"answered with the error {status.prettyPrint()}")
    return "acknowledged"


def _counter(pdu: Any) -> int:
    """The usmStats counter that a Report names; 0 for another or none."""
    for name, _ in v2c.apiPDU.get_varbinds(pdu):
        text = str(name)
        if text.startswith(_USM_STATS):
            return int(text.removeprefix(_USM_STATS).partition(".")[0])
    return 0


def acknowledged(
    sock: socket.socket, conversation: Conversation, timeout_s: float, retries: int
) -> float | None:
    """Send on a connected socket until there is an acknowledgment, and at most `retries` times
    more; the seconds from the first message to it, or `None` if nothing came.

    Raises `Undelivered` for an answer that is none, `OSError` (a port that is closed says so).
    """
    begun = time.monotonic()
    for _ in range(retries + 1):
        sock.send(conversation.request())
        until = time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                answer = sock.recv(ANSWER_BYTES_MAX)
            except TimeoutError:
                break
            meaning = conversation.meaning(answer)
            if meaning == "acknowledged":
                return time.monotonic() - begun
            if meaning == "again":
                sock.send(conversation.request())
                until = time.monotonic() + timeout_s
    return None

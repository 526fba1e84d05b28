"""The User-based Security Model (RFC 3414 §3.2): an SNMPv3 message in, a trap or its refusal out.

The steps are those of the RFC, with two differences that notifications need. A trap's engine is
its sender's, so it need not be known before: it is learned, but only from a message whose digest is
right. And the time window of a trap is judged before its own clock is taken over.
"""

from collections.abc import Container, Mapping
from typing import Self

import msgspec

from trapgate.decode.snmp.authentication import Sender, Users
from trapgate.decode.snmp.ber import SEQUENCE
from trapgate.decode.snmp.engines import ENGINE_ID_BYTES, EngineMemory, Heard
from trapgate.decode.snmp.envelope import masked_variables
from trapgate.decode.snmp.pdu import INFORM, RESPONSE, read_pdu
from trapgate.decode.snmp.problems import OUTSIDE_TIME_WINDOW, Unreadable
from trapgate.decode.snmp.refusals import (
    BAD_ENGINE_ID,
    DECRYPTION_ERROR,
    DISCOVERY,
    NOT_IN_TIME_WINDOW,
    NOT_OWN_ENGINE,
    REPLAYED,
    REVOKED_ENGINE,
    TOO_MANY_ENGINES,
    UNKNOWN_ENGINES,
    Refused,
    counter_of,
    shown_name,
)
from trapgate.decode.snmp.reports import (
    OwnEngine,
    ReportBudget,
    ber_element,
    inform_response,
    report_to,
)
from trapgate.decode.snmp.v3 import (
    ENCRYPTED,
    INT_MAX,
    REPORTABLE,
    Message,
    Scoped,
    read_decrypted,
    read_message,
    read_scoped,
)
from trapgate.decode.snmp.varbinds import VarbindReader
from trapgate.model import Datagram, Decoded, Problem, Refusal

CONFIRMED_PDUS = frozenset((0xA0, 0xA1, 0xA3, 0xA5, INFORM))
"""GetRequest, GetNextRequest, SetRequest, GetBulkRequest, InformRequest (RFC 3411 §2.8): what may
be answered. Discovery comes as one of the first."""

_RESPONSE_TAG = bytes((RESPONSE,))


class UsmRules(msgspec.Struct, frozen=True):
    """What the processing depends on beside users and memory; see `SnmpSettings`."""

    engines_max: int
    discovery: bool
    own: OwnEngine | None


class Unwanted(msgspec.Struct, frozen=True):
    """What the operator has said of single engines; the contents may change at any time.

    From the IDs in `revoked` nothing is taken. `forgotten` are instants by engine ID: what was
    remembered of it before counts no more for messages received from that instant on.
    """

    revoked: Container[bytes] = frozenset()
    forgotten: Mapping[bytes, int] = {}


class Usm:
    """Takes SNMPv3 messages; `memory` is all that it remembers of them that matters."""

    def __init__(
        self,
        users: Users,
        rules: UsmRules,
        unwanted: Unwanted,
        reader: VarbindReader,
        memory: EngineMemory,
    ) -> None:
        self.memory = memory
        self._users = users
        self._rules = rules
        self._unwanted = unwanted
        self._reader = reader
        self._own_id = rules.own.engine_id if rules.own else b""
        self._reports = ReportBudget()

    def restored(self, saved: bytes) -> Self:
        """The same users and keys with a memory of its own."""
        memory = EngineMemory.restored(saved)
        return type(self)(self._users, self._rules, self._unwanted, self._reader, memory)

    def decode(self, datagram: Datagram) -> Decoded:
        """Decode a datagram for which `v3.is_v3` is true; never raises, whatever the bytes.

        The raw bytes of what is not encrypted have the communities masked that a proxy passes on.
        A refusal says which user name was on the wire.
        """
        data = datagram.data
        try:
            message = read_message(data)
        except Unreadable as unreadable:
            return Decoded((), masked_variables(data), (unreadable.problem,))
        raw = data if message.flags & ENCRYPTED else masked_variables(data)
        sender: Sender | None = None
        try:
            sender = self._sender(message, datagram)
            return self._taken(message, datagram, raw, sender)
        except Refused as refused:
            return self._refused(refused.refusal, message, datagram, raw, sender)
        except Unreadable as unreadable:
            return Decoded((), raw, (unreadable.problem,))

    def _sender(self, message: Message, datagram: Datagram) -> Sender:
        """Who it is from (RFC 3414 §3.2 steps 3 to 6). Raises `Refused`."""
        engine_id = message.engine_id
        if engine_id != self._own_id or not engine_id:
            if not message.rank and _confirmed(message, datagram.data):
                raise Refused(DISCOVERY)
            least, most = ENGINE_ID_BYTES
            if not least <= len(engine_id) <= most:
                raise Refused(BAD_ENGINE_ID)
        sender = self._users.sender(message, datagram.data, datagram.peer.address, self._own_id)
        if engine_id in self._unwanted.revoked:
            raise Refused(REVOKED_ENGINE)
        return sender

    def _taken(self, message: Message, datagram: Datagram, raw: bytes, sender: Sender) -> Decoded:
        """Time, decryption, memory and PDU, in this order. Raises `Refused`, `Unreadable`."""
        found: list[Problem] = list(message.found)
        ours = message.engine_id == self._own_id
        outside = self._outside(message, datagram, sender, ours)
        if outside:
            found.append(OUTSIDE_TIME_WINDOW)
        plain, scoped = _opened(message, datagram.data, sender, found)
        tag = plain[scoped.pdu]
        if tag in CONFIRMED_PDUS and not ours:
            raise Refused(NOT_OWN_ENGINE)
        if sender.keys is not None and not ours:
            self._hear(message, datagram, sender)
        name = sender.user.settings.name
        visible = masked_variables(plain)
        trap = read_pdu(visible, scoped.pdu, scoped.end, "3", name, self._reader, raw, found)
        trap = msgspec.structs.replace(
            trap,
            security_level=message.level,
            engine_id=message.engine_id.hex(),
            context_engine_id=scoped.context_engine_id.hex(),
            context_name=scoped.context_name.decode("utf-8", "replace"),
        )
        replies = (
            (self._response(message, datagram, plain, scoped, sender),) if tag == INFORM else ()
        )
        if ours and sender.keys is not None:
            if self.memory.repeats_inform(message.digest):
                return Decoded((), raw, refusal=REPLAYED, replies=replies)
            self.memory.hear_inform(message.digest)
        identity = sender.user.identity + message.engine_id + plain[scoped.start : scoped.end]
        return Decoded((trap,), raw, replies=replies, identity=identity)

    def _outside(self, message: Message, datagram: Datagram, sender: Sender, ours: bool) -> bool:
        """Whether an authenticated message is outside the time window and taken all the same
        (RFC 3414 §3.2 step 7). Raises `Refused` if it is not taken, or was before."""
        if sender.keys is None:
            return False
        boots, time, at = message.boots, message.time, datagram.received_at
        own, user = self._rules.own, sender.user
        if ours and own is not None:
            if not own.in_window(boots, time, at):
                raise Refused(NOT_IN_TIME_WINDOW)
            return False
        engine_id = message.engine_id
        if engine_id in self._unwanted.forgotten:
            self.memory.forget({engine_id: self._unwanted.forgotten[engine_id]}, at)
        known = self.memory.known(engine_id)
        if known is not None and known.repeats(message.digest):
            raise Refused(REPLAYED)
        clock = None if known is None else known.clocks.get(user.settings.name)
        outside = boots == INT_MAX if clock is None else not clock.in_window(boots, time, at)
        if outside and user.settings.time_window == "enforce":
            raise Refused(NOT_IN_TIME_WINDOW)
        if (
            user.settings.engines != "any"
            and engine_id not in self.memory.learned
            and engine_id not in user.engine_ids
            and not self._room(at)
        ):
            raise Refused(TOO_MANY_ENGINES)
        return outside

    def _room(self, received_at: int) -> bool:
        """Whether another engine may be learned; those that were forgotten make room."""
        if len(self.memory.learned) >= self._rules.engines_max:
            self.memory.forget(self._unwanted.forgotten, received_at)
        return len(self.memory.learned) < self._rules.engines_max

    def _hear(self, message: Message, datagram: Datagram, sender: Sender) -> None:
        heard = Heard(
            message.engine_id,
            sender.user.settings.name,
            datagram.peer.address,
            message.boots,
            message.time,
            message.digest,
            datagram.received_at,
        )
        passing = sender.user.settings.engines == "any"
        self.memory.hear(heard, passing=passing)

    def _response(
        self, message: Message, datagram: Datagram, plain: bytes, scoped: Scoped, sender: Sender
    ) -> Datagram:
        """The Response: context, request-id and variables of the inform, not masked."""
        assert self._rules.own is not None  # an inform is addressed to it
        content = plain[scoped.start : scoped.pdu] + _RESPONSE_TAG
        content += plain[scoped.pdu + 1 : scoped.end]
        answer = ber_element(SEQUENCE, content)
        return inform_response(message, datagram, self._rules.own, answer, sender.keys)

    def _refused(
        self,
        refusal: Refusal,
        message: Message,
        datagram: Datagram,
        raw: bytes,
        sender: Sender | None,
    ) -> Decoded:
        reply = self._report(refusal, message, datagram, sender)
        told = msgspec.structs.replace(refusal, subject=shown_name(message.user))
        return Decoded((), raw, refusal=told, replies=() if reply is None else (reply,))

    def _report(
        self, refusal: Refusal, message: Message, datagram: Datagram, sender: Sender | None
    ) -> Datagram | None:
        """The Report about a refusal, if there is to be one (RFC 3412 §7.1 step 3): to networks
        that have users, for what is confirmed as far as can be seen."""
        own, counter = self._rules.own, counter_of(refusal)
        address = datagram.peer.address
        if own is None or counter is None or not self._rules.discovery:
            return None
        if not _confirmed(message, datagram.data) or not self._users.any_from(address):
            return None
        keys = None
        if message.engine_id != own.engine_id:
            counter = UNKNOWN_ENGINES  # before anything else the sender must know our engine
        elif refusal is NOT_IN_TIME_WINDOW and sender is not None:
            keys = sender.keys
        value = self._reports.spend(counter, address, datagram.received_at)
        if value is None:
            return None
        return report_to(message, datagram, own, counter, value, keys)


def _confirmed(message: Message, data: bytes) -> bool:
    """Whether a message asks for an answer: its flag says so, and its PDU does if it can be seen
    (RFC 3412 §6.4: the flag alone may be wrong)."""
    if not message.flags & REPORTABLE:
        return False
    if message.flags & ENCRYPTED:
        return True
    try:
        return data[read_scoped(data, message.payload, message.stop).pdu] in CONFIRMED_PDUS
    except Unreadable:
        return False


def _opened(
    message: Message, data: bytes, sender: Sender, found: list[Problem]
) -> tuple[bytes, Scoped]:
    """The scopedPDU, decrypted if it was encrypted, and the bytes that it lies in.

    Raises `Refused` if it does not decrypt to one (RFC 3414 §3.2 step 8); `Unreadable` if it was
    not encrypted and is none.
    """
    if not message.flags & ENCRYPTED or sender.keys is None:
        return data, read_scoped(data, message.payload, message.stop)
    encrypted = data[message.payload : message.stop]
    try:
        plain = sender.keys.cipher.decrypt(encrypted, message.salt, message.boots, message.time)
        return plain, read_decrypted(plain, found)
    except (ValueError, Unreadable):
        raise Refused(DECRYPTION_ERROR) from None

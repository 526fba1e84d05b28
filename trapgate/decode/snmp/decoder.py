"""The SNMP decoder: a datagram in, a trap or the reason why not out (`ports.Decoder`).

SNMPv1 and SNMPv2c are read here; SNMPv3 goes to `usm` if there are users. A message of any other
version, and of SNMPv3 where nobody has configured a user, is kept undecoded: that it arrives is
worth knowing.
"""

from collections.abc import Container, Mapping
from typing import Self

from trapgate.decode.snmp.authentication import Users
from trapgate.decode.snmp.communities import Communities
from trapgate.decode.snmp.engines import EngineMemory
from trapgate.decode.snmp.envelope import Envelope, open_envelope
from trapgate.decode.snmp.pdu import RESPONSE, read_trap
from trapgate.decode.snmp.problems import Unreadable
from trapgate.decode.snmp.reports import OwnEngine
from trapgate.decode.snmp.settings import SnmpSettings
from trapgate.decode.snmp.usm import Unwanted, Usm, UsmRules
from trapgate.decode.snmp.v3 import is_v3
from trapgate.decode.snmp.varbinds import VarbindReader
from trapgate.model import Datagram, Decoded, Now, Refusal

_RESPONSE_TAG = bytes((RESPONSE,))


class SnmpDecoder:
    """Decodes traps and informs of the communities and users in `settings`.

    SNMPv3 informs are taken if there is an `own_engine` that they can address. With `any_community`
    it decodes every community, with "" as the credential of those that it would refuse: for looking
    at bytes, never for receiving; users get no such licence. Raises `ValueError` when a community
    or a passphrase of the settings was not filled in from its file.

    `revoked` are the IDs of engines from which no SNMPv3 message is taken, `forgotten` instants by
    engine ID from which on nothing of before is remembered of that engine; what they hold may
    change at any time. Beside caches its only state is the memory of SNMPv3 engines
    (`engines.EngineMemory`).
    """

    def __init__(
        self,
        settings: SnmpSettings,
        own_engine: OwnEngine | None = None,
        revoked: Container[bytes] = frozenset(),
        forgotten: Mapping[bytes, int] = {},
        *,
        any_community: bool = False,
    ) -> None:
        self._any_community = any_community
        self._communities = Communities(settings.communities)
        self._reader = VarbindReader(settings.limits)
        self._usm: Usm | None = None
        if settings.users:
            rules = UsmRules(settings.engines_max, settings.discovery, own_engine)
            unwanted = Unwanted(revoked, forgotten)
            self._usm = Usm(Users(settings.users), rules, unwanted, self._reader, EngineMemory())

    def decode(self, datagram: Datagram, now: Now) -> Decoded:
        """Decode one datagram; never raises, whatever the bytes.

        A message with a community that is not let in is refused before its PDU is looked at, even
        if the rest of it is broken. An inform has its response in `replies`.
        """
        if self._usm is not None and is_v3(datagram.data):
            answer = self._usm.decode(datagram)
            if answer.problems:
                return Decoded((), self._communities.masked(answer.raw), answer.problems)
            return answer
        envelope = open_envelope(datagram.data)
        data = envelope.data
        credential = ""
        if envelope.community is not None:
            verdict = self._communities.credential(envelope.community, datagram.peer.address)
            if not isinstance(verdict, Refusal):
                credential = verdict
            elif not self._any_community:
                return Decoded((), data, refusal=verdict)
        if envelope.problem is not None:
            if envelope.community is None:
                data = self._communities.masked(data)
            return Decoded((), data, (envelope.problem,))
        try:
            trap = read_trap(envelope, credential, self._reader)
        except Unreadable as unreadable:
            return Decoded((), data, (unreadable.problem,))
        if trap.pdu_type == "inform":
            return Decoded((trap,), data, replies=(_response(datagram, envelope),))
        return Decoded((trap,), data)

    def remembers(self, data: bytes) -> bool:
        """Of SNMPv3 it remembers the engines."""
        return self._usm is not None and is_v3(data)

    def saved(self) -> bytes:
        """The memory of SNMPv3 engines, about 100 bytes each."""
        return b"" if self._usm is None else self._usm.memory.saved()

    def restored(self, saved: bytes) -> Self:
        """A decoder with the same settings, keys and caches and a memory of its own."""
        if self._usm is None:
            return self
        twin = type(self).__new__(type(self))
        twin.__dict__ |= self.__dict__
        twin._usm = self._usm.restored(saved)
        return twin


def _response(inform: Datagram, envelope: Envelope) -> Datagram:
    """The Response-PDU to an inform (RFC 3416 §4.2.7): its request-id and variables, so the same
    bytes but for the PDU's type, and never more of them. `peer` is where to send it."""
    pdu = envelope.pdu
    data = inform.data[:pdu] + _RESPONSE_TAG + inform.data[pdu + 1 : envelope.end]
    return Datagram(data, inform.peer, inform.local, inform.listener, inform.received_at)

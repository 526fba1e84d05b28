"""The SNMP decoder: a datagram in, a trap or the reason why not out (`ports.Decoder`).

SNMPv1 and SNMPv2c. A message of another version is kept undecoded; SNMPv3 will branch off where
the envelope says that its version has no community.
"""

from typing import Self

from trapgate.decode.snmp.communities import Communities
from trapgate.decode.snmp.envelope import Envelope, open_envelope
from trapgate.decode.snmp.pdu import RESPONSE, read_trap
from trapgate.decode.snmp.problems import Unreadable
from trapgate.decode.snmp.settings import SnmpSettings
from trapgate.decode.snmp.varbinds import VarbindReader
from trapgate.model import Datagram, Decoded, Now, Refusal

_RESPONSE_TAG = bytes((RESPONSE,))


class SnmpDecoder:
    """Decodes traps and informs of the communities in `settings`.

    With `any_community` it decodes every community, with "" as the credential of those that it
    would refuse: for looking at bytes, never for receiving. Raises `ValueError` when a community of
    the settings was not filled in from its file. Its only state are caches.
    """

    def __init__(self, settings: SnmpSettings, *, any_community: bool = False) -> None:
        self._any_community = any_community
        self._communities = Communities(settings.communities)
        self._reader = VarbindReader(settings.varbinds_max)

    def decode(self, datagram: Datagram, now: Now) -> Decoded:
        """Decode one datagram; never raises, whatever the bytes.

        A message with a community that is not let in is refused before its PDU is looked at, even
        if the rest of it is broken. An inform has its response in `replies`.
        """
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

    def remembers(self, datagram: Datagram) -> bool:
        return False

    def saved(self) -> bytes:
        return b""

    def restored(self, saved: bytes) -> Self:
        return self


def _response(inform: Datagram, envelope: Envelope) -> Datagram:
    """The Response-PDU to an inform (RFC 3416 §4.2.7): its request-id and variables, so the same
    bytes but for the PDU's type, and never more of them. `peer` is where to send it."""
    pdu = envelope.pdu
    data = inform.data[:pdu] + _RESPONSE_TAG + inform.data[pdu + 1 : envelope.end]
    return Datagram(data, inform.peer, inform.local, inform.listener, inform.received_at)

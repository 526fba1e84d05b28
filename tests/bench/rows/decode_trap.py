"""`decode-trap`: bytes of a trap → `Trap`, beside pysnmp's decoder on the same bytes."""

from collections.abc import Mapping

from pyasn1.codec.ber import decoder
from pysnmp.proto.api import v2c

from trapgate.decode.snmp import SnmpDecoder

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..samples import ARRIVED, configuration, trap_datagrams
from ..stopwatch import fastest_us

COUNT = 10_000
PEER_COUNT = 400
"""pysnmp takes a hundred times as long."""

PEER_ROUNDS = 3


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    snmp = SnmpDecoder(configuration().settings.decode.snmp)
    count, peer_count = bench.scale.of(COUNT), bench.scale.of(PEER_COUNT)
    datagrams = trap_datagrams(count)

    def ours() -> None:
        for datagram in datagrams:
            snmp.decode(datagram, ARRIVED)

    def theirs() -> None:
        for datagram in datagrams[:peer_count]:
            _decode_with_pysnmp(datagram.data)

    value = fastest_us(ours, count)
    return {"decode-trap": Measurement(value, fastest_us(theirs, peer_count, PEER_ROUNDS))}


def _decode_with_pysnmp(data: bytes) -> int:
    """What a receiver needs of it: the message, its PDU, its variables; returns their number."""
    message, _ = decoder.decode(data, asn1Spec=v2c.Message())
    return len(v2c.apiPDU.get_varbinds(v2c.apiMessage.get_pdu(message)))


FAMILY = Family(
    "decode-trap",
    (
        Spec(
            "decode-trap",
            "µs a trap",
            "v2c bytes to a decoded trap",
            "pysnmp",
            Mark("ratio", "<", 1 / 25),
        ),
    ),
    measure,
    repeats=3,
)

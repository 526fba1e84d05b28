"""`traps-v3`: the whole path with SNMPv3 authPriv (SHA-256, AES-128), none lost.

The same traps of the same interfaces as in `traps`, each encrypted and signed beforehand; both
sides know the user and the engine ID of the sender.
"""

from collections.abc import Mapping

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..generator import Load
from ..path import WARM_UP, rate_beside_peer
from ..traffic import link_downs
from ..usm import PEER_CONFIG, SETTINGS, Sender

COUNT = 80_000


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat: trapgate, then the peer."""
    count = bench.scale.of(COUNT)
    templates, sender, user = link_downs(), bench.generator(), Sender()
    traps = [user.trap(templates.numbered(number), number) for number in range(WARM_UP + count)]

    def send(port: int, first: int, count: int, rate: int) -> Load:
        return sender.replay(traps[first : first + count], port, rate)

    speed, cpu = rate_beside_peer(bench, send, count, settings=SETTINGS, peer_config=PEER_CONFIG)
    return {"traps-v3": speed, "traps-v3-cpu": cpu}


FAMILY = Family(
    "v3",
    (
        Spec(
            "traps-v3",
            "traps/s",
            "v3 traps, authPriv SHA-256 and AES-128: the whole path; none lost",
            "snmptrapd",
            Mark("ratio", ">=", 1.0),
        ),
        Spec("traps-v3-cpu", "µs CPU a trap", "all processes together, same load", "snmptrapd"),
    ),
    measure,
    repeats=3,
    cheap=False,
)

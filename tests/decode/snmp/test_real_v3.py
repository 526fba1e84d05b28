"""SNMPv3 with net-snmp's own senders, over a socket on loopback."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from decode.snmp.peer import (
    AUTH_OIDS,
    AUTH_PASSPHRASE,
    OWN,
    PRIVACY_PASSPHRASE,
    decoder,
    entry,
    trap_of,
    verdict,
)
from decode.snmp.wire import LINK_DOWN, NOW
from trapgate.decode.snmp import OwnEngine, SnmpDecoder
from trapgate.model import Datagram, Decoded, Endpoint

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("snmpinform") is None, reason="net-snmp is not installed"),
]

TIMEOUT_S = 20
QUIET_S = 0.05
PRIVACY = {
    "none": "",
    "des": "DES",
    "aes-128": "AES",
    "aes-192-blumenthal": "AES-192",
    "aes-256-blumenthal": "AES-256",
}
"""What Debian's net-snmp has, and what its options call it."""

OUR_NAMES = {"sha-1": "SHA", "md5": "MD5"}


class Gateway:
    """A decoder behind a socket: its answers go out as they come, the clock stands still."""

    def __init__(self, decoder: SnmpDecoder) -> None:
        self.decoder = decoder
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(QUIET_S)
        self.target = f"127.0.0.1:{self.socket.getsockname()[1]}"

    def take(self, command: list[str]) -> list[Decoded]:
        """What becomes of all that a command sends until it ends; it must end well."""
        answers = []
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            while True:
                ended = process.poll() is not None
                try:
                    data, (host, port) = self.socket.recvfrom(65_535)
                except TimeoutError:
                    if ended:
                        break
                    continue
                peer, local = Endpoint(host, port), Endpoint("127.0.0.1", 0)
                decoded = self.decoder.decode(
                    Datagram(data, peer, local, "traps", NOW.wall_ns), NOW
                )
                answers.append(decoded)
                for reply in decoded.replies:
                    self.socket.sendto(reply.data, (reply.peer.address, reply.peer.port))
            assert process.stderr is not None
            said = process.stderr.read().decode()
            assert process.returncode == 0, (said, [verdict(answer) for answer in answers])
        return answers


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway(decoder())
    yield gateway
    gateway.socket.close()


def options(auth: str, privacy: str) -> list[str]:
    level = "authNoPriv" if privacy == "none" else "authPriv"
    found = ["-v3", "-u", "noc", "-l", level, "-a", OUR_NAMES.get(auth, auth.upper())]
    found += ["-A", AUTH_PASSPHRASE]
    return (
        found if privacy == "none" else [*found, "-x", PRIVACY[privacy], "-X", PRIVACY_PASSPHRASE]
    )


def trap(target: str, auth: str = "sha-256", privacy: str = "aes-128") -> list[str]:
    """An engine of its own for each run: net-snmp keeps boots in a file of the user's."""
    keys = ["-e", "0x8000000001020304", "-Z", "5,1000", *options(auth, privacy)]
    return ["snmptrap", *keys, target, "42", LINK_DOWN, "1.3.6.1.2.1.2.2.1.1.3", "i", "3"]


def inform(target: str, auth: str = "sha-256", privacy: str = "aes-128") -> list[str]:
    keys = ["-r", "1", "-t", "3", *options(auth, privacy)]
    return ["snmpinform", *keys, target, "42", LINK_DOWN, "1.3.6.1.2.1.2.2.1.1.3", "i", "3"]


@pytest.mark.parametrize("privacy", PRIVACY)
@pytest.mark.parametrize("auth", AUTH_OIDS)
def test_a_trap_and_an_inform_of_every_pair(auth: str, privacy: str, gateway: Gateway) -> None:
    secret = None if privacy == "none" else PRIVACY_PASSPHRASE
    user = entry(auth=auth, privacy=privacy, privacy_passphrase=secret)
    gateway.decoder = decoder(user)
    (decoded,) = gateway.take(trap(gateway.target, auth, privacy))
    assert verdict(decoded) == "stored"
    assert trap_of(decoded).varbinds[0].value == 3
    answers = gateway.take(inform(gateway.target, auth, privacy))
    assert verdict(answers[-1]) == "stored"
    assert trap_of(answers[-1]).pdu_type == "inform"
    assert verdict(answers[0]) == "usm/discovery"


def test_a_sender_finds_the_new_boots_after_a_restart(gateway: Gateway) -> None:
    assert [verdict(a) for a in gateway.take(inform(gateway.target))][-1] == "stored"
    later = OwnEngine(OWN.engine_id, OWN.boots + 1, NOW.wall_ns, OWN.started_at)
    gateway.decoder = decoder(own=later)
    assert [verdict(a) for a in gateway.take(inform(gateway.target))][-1] == "stored"


def test_our_clock_is_told_when_a_sender_starts_without_it(gateway: Gateway) -> None:
    """snmpinform takes the clock from the Report to its probe; here it is told a wrong one."""
    command = inform(gateway.target)
    command[1:1] = ["-e", "0x" + OWN.engine_id.hex(), "-Z", "1,1"]
    verdicts = [verdict(answer) for answer in gateway.take(command)]
    assert verdicts[-1] == "stored"
    assert "usm/not-in-time-window" in verdicts


def test_the_wire_is_quiet_for_a_trap(gateway: Gateway) -> None:
    (decoded,) = gateway.take(trap(gateway.target))
    assert decoded.replies == ()
    assert msgspec.json.encode(trap_of(decoded).varbinds)


def test_an_inform_of_pysnmp_is_acknowledged(gateway: Gateway) -> None:
    """Its engine discovers with an engine ID of five zeros, and wants each answer signed."""
    code = f"""
import asyncio
from pysnmp.hlapi.v3arch.asyncio import *
async def main():
    user = UsmUserData("noc", {AUTH_PASSPHRASE!r}, {PRIVACY_PASSPHRASE!r},
        authProtocol=USM_AUTH_HMAC192_SHA256, privProtocol=USM_PRIV_CFB128_AES)
    place = tuple({gateway.target!r}.split(":"))
    target = await UdpTransportTarget.create(place, timeout=3, retries=1)
    varbinds = [("1.3.6.1.2.1.1.3.0", TimeTicks(42)),
        ("1.3.6.1.6.3.1.1.4.1.0", ObjectIdentifier({LINK_DOWN!r}))]
    answer = await send_notification(SnmpEngine(), user, target, ContextData(), "inform", *varbinds)
    assert not answer[0] and not answer[1], answer
asyncio.run(main())
"""
    answers = gateway.take([sys.executable, "-W", "ignore", "-c", code])
    assert verdict(answers[-1]) == "stored"
    assert trap_of(answers[-1]).trap_oid == LINK_DOWN

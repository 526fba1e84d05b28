"""`trapgate send` of every version and algorithm against net-snmp's `snmptrapd`."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Trapgate
from trapgate.cli.security import OWN_ENGINE_ID

pytestmark = pytest.mark.real

WITHIN_S = 20.0
POLL_S = 0.02

AUTH = {
    "md5": "MD5",
    "sha-1": "SHA",
    "sha-224": "SHA-224",
    "sha-256": "SHA-256",
    "sha-384": "SHA-384",
    "sha-512": "SHA-512",
}
PRIVACY = {"des": "DES", "aes-128": "AES", "aes-192": "AES-192", "aes-256": "AES-256"}
PAIRS = [(auth, privacy) for auth in AUTH for privacy in ("", *PRIVACY)]


def user(auth: str, privacy: str) -> str:
    return f"user-{auth}-{privacy}"


def accounts() -> Iterator[str]:
    """Each user for the sender's engine (traps) and for its own (informs)."""
    for engine in (f"-e 0x{OWN_ENGINE_ID.hex()} ", ""):
        yield f"createUser {engine}nobody"
        for auth, privacy in PAIRS:
            secret = f" {PRIVACY[privacy]} privpassphrase" if privacy else ""
            name = user(auth, privacy)
            yield f"createUser {engine}{name} {AUTH[auth]} authpassphrase{secret}"


class Snmptrapd:
    def __init__(self, folder: Path) -> None:
        path = shutil.which("snmptrapd") or shutil.which("snmptrapd", path="/usr/sbin")
        if path is None:
            pytest.skip("snmptrapd is not installed (Debian: snmptrapd)")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.target = f"127.0.0.1:{free.getsockname()[1]}"
        config, self.log = folder / "snmptrapd.conf", folder / "log"
        config.write_text("disableAuthorization yes\n" + "\n".join(accounts()) + "\n")
        flags = ["-f", "-Lf", str(self.log), "-n", "-On", "-C", "-c", str(config)]
        self.process = subprocess.Popen(
            [path, *flags, f"udp:{self.target}"],
            env={"SNMP_PERSISTENT_DIR": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.wait_for("NET-SNMP version")

    def wait_for(self, text: str) -> None:
        until = time.monotonic() + WITHIN_S
        while not self.log.exists() or text not in self.log.read_text("latin-1"):
            assert time.monotonic() < until, f"{text} is not in the log of snmptrapd"
            time.sleep(POLL_S)


@pytest.fixture(scope="module")
def snmptrapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmptrapd]:
    started = Snmptrapd(tmp_path_factory.mktemp("snmptrapd"))
    yield started
    started.process.terminate()
    started.process.wait(WITHIN_S)


def options(auth: str, privacy: str) -> tuple[str, ...]:
    given = ("-v", "3", "-u", user(auth, privacy), "-a", auth, "-A", "authpassphrase")
    return (*given, "-x", privacy, "-X", "privpassphrase") if privacy else given


ALL = [
    ("-v", "2c", "-c", "public"),
    ("-v", "3", "-u", "nobody"),
    *(options(auth, privacy) for auth, privacy in PAIRS),
]


@pytest.mark.parametrize("security", [("-v", "1", "-c", "public"), *ALL], ids=" ".join)
def test_a_trap_arrives(
    security: tuple[str, ...], snmptrapd: Snmptrapd, trapgate: Trapgate
) -> None:
    text = " ".join(("trap", *security))
    variable = f"ifDescr.1=s:{text}"
    command = ("send", "trap", "linkDown", variable, "--to", snmptrapd.target, *security)
    result = trapgate(*command)
    assert result.exit_code == 0, result.stderr
    snmptrapd.wait_for(f'"{text}"')


@pytest.mark.parametrize("security", ALL, ids=" ".join)
def test_an_inform_is_acknowledged(
    security: tuple[str, ...], snmptrapd: Snmptrapd, trapgate: Trapgate
) -> None:
    command = ("send", "inform", "linkDown", "--to", snmptrapd.target, "-t", "10", *security)
    result = trapgate(*command)
    assert result.exit_code == 0, result.stderr
    assert f"acknowledged by {snmptrapd.target} in " in result.stdout


@pytest.mark.parametrize(
    ("security", "counter"),
    [
        (("-u", "who"), "usmStatsUnknownUserNames"),
        (("-u", user("md5", ""), "-a", "sha", "-A", "authpassphrase"), "usmStatsWrongDigests"),
        (("-u", user("md5", ""), "-a", "md5", "-A", "otherpassphrase"), "usmStatsWrongDigests"),
        (
            ("-u", "nobody", "-a", "md5", "-A", "authpassphrase"),
            "usmStatsUnsupportedSecLevels",
        ),
    ],
)
def test_a_refusal_names_its_counter(
    security: tuple[str, ...], counter: str, snmptrapd: Snmptrapd, trapgate: Trapgate
) -> None:
    command = ("send", "inform", "linkDown", "--to", snmptrapd.target, "-v", "3", *security)
    result = trapgate(*command)
    assert result.exit_code == 1
    assert f"refused with {counter}: " in result.stderr

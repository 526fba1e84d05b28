"""Every version, algorithm and address family: net-snmp's `snmptrap` and `snmpinform`, `trapgate
send`, and a fleet of 10,000 SNMPv3 engines, against one running trapgate.

Everything is sent first and looked for once, so that it takes seconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

from decode.snmp.peer import Peer
from decode.snmp.wire import header, notification, tlv, varbind
from system.peers import program, run
from system.running import COMMUNITY, Trapgate, command, eventually
from system.traffic import Sender
from system.webhook import Webhook
from trapgate.model import Event

pytestmark = pytest.mark.real

AUTH = {
    "md5": "MD5",
    "sha-1": "SHA",
    "sha-224": "SHA-224",
    "sha-256": "SHA-256",
    "sha-384": "SHA-384",
    "sha-512": "SHA-512",
}
PRIVACY = {
    "des": "DES",
    "aes-128": "AES",
    "aes-192-blumenthal": "AES-192",
    "aes-192-reeder": "AES-192-C",
    "aes-256-blumenthal": "AES-256",
    "aes-256-reeder": "AES-256-C",
}
"""Our names, and net-snmp's."""

AUTH_PASSPHRASE, PRIVACY_PASSPHRASE = "sign-passphrase", "encrypt-passphrase"

ENTERPRISE = "1.3.6.1.4.1.8072.9999"
TRAP_OID = f"{ENTERPRISE}.0.7"
"""No rule is about it: what arrives is looked for, not alerts."""

IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
HOSTS = ("127.0.0.1", "::1")
AT_ONCE = 4
"""Programs that run at the same time: more than the cores, since informs wait for the disk."""

FLEET = 10_000
LIMIT = 1_000
"""Events of one answer."""


class User(msgspec.Struct, frozen=True):
    """One entry of `decode.snmp.users`, and the options with which its sender is called."""

    auth: str = ""
    privacy: str = ""

    @property
    def name(self) -> str:
        return "-".join(filter(None, ("user", self.auth, self.privacy)))

    @property
    def level(self) -> str:
        return ("noAuthNoPriv", "authNoPriv", "authPriv")[bool(self.auth) + bool(self.privacy)]

    def settings(self) -> str:
        line = f"name: {self.name}"
        if self.auth:
            line += f", auth: {self.auth}, auth_passphrase: {AUTH_PASSPHRASE}"
        if self.privacy:
            line += f", privacy: {self.privacy}, privacy_passphrase: {PRIVACY_PASSPHRASE}"
        return "    - {" + line + "}\n"

    def options(
        self, auth: Mapping[str, str] | None = None, privacy: Mapping[str, str] | None = None
    ) -> tuple[str, ...]:
        """As net-snmp and `trapgate send` both understand them, each with its names."""
        given: tuple[str, ...] = ("-v", "3", "-u", self.name, "-l", self.level)
        if self.auth:
            given += ("-a", (auth or AUTH)[self.auth], "-A", AUTH_PASSPHRASE)
        if self.privacy:
            given += ("-x", (privacy or PRIVACY)[self.privacy], "-X", PRIVACY_PASSPHRASE)
        return given


USERS = [User(), *(User(auth, privacy) for auth in AUTH for privacy in ("", *PRIVACY))]
FLEET_USER = User("sha-256")


class Sent(msgspec.Struct, frozen=True):
    """One notification: who sends it how, and what its event must say. `mark` tells it from all
    others."""

    mark: str
    call: tuple[str, ...]
    version: str
    kind: str
    host: str
    credential: str
    level: str | None

    def check(self, event: Mapping[str, Any]) -> None:
        snmp = event["snmp"]
        assert (snmp["version"], snmp["pdu_type"]) == (self.version, self.kind), self
        assert snmp["credential"] == self.credential, self
        assert snmp.get("security_level") == self.level, self
        assert event["source"]["ip"] == self.host, self
        assert event["event"]["code"] == TRAP_OID, self


def of_net_snmp(port: int, kind: str, host: str, number: int, user: User | None) -> Sent:
    """`snmptrap` or `snmpinform`; without a user SNMPv2c, or (number 0) SNMPv1."""
    version = "3" if user else "2c" if number else "1"
    mark = f"net-snmp {version} {kind} {host} {user.name if user else COMMUNITY}"
    target = f"{'udp6' if ':' in host else 'udp'}:{f'[{host}]' if ':' in host else host}:{port}"
    if user is None:
        options: tuple[str, ...] = ("-v", version, "-c", COMMUNITY)
    else:
        options = user.options()
        if kind == "trap":  # whose engine: one of its own for each, as devices have them
            options += ("-e", f"0x80000000040{number:03d}{'6' if ':' in host else '4'}0")
    if kind == "inform":
        options += ("-r", "8", "-t", "1")  # Reports to one address have a budget
    head = (ENTERPRISE, "192.0.2.7", "6", "7", "") if version == "1" else ("", TRAP_OID)
    variable = (f"{IF_DESCR}.1", "s", mark)
    call = (f"snmp{kind}", "-m", "", *options, target, *head, *variable)
    level, credential = (user.level, user.name) if user else (None, "lab")
    return Sent(mark, call, version, kind, host, credential, level)


def of_trapgate(port: int, kind: str, host: str, user: User | None, version: str) -> Sent:
    """`trapgate send`."""
    mark = f"trapgate {version} {kind} {host} {user.name if user else COMMUNITY}"
    own = {name: name for name in (*AUTH, *PRIVACY)}
    options = user.options(own, own) if user else ("-v", version, "-c", COMMUNITY)
    if kind == "inform":
        options += ("-t", "10")
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    call = ("trapgate", "send", kind, TRAP_OID, f"ifDescr.1=s:{mark}", "--to", target, *options)
    level, credential = (user.level, user.name) if user else (None, "lab")
    return Sent(mark, call, version, kind, host, credential, level)


def everything(port: int) -> Iterator[Sent]:
    for host in HOSTS:
        yield of_net_snmp(port, "trap", host, 0, None)
        for kind in ("trap", "inform"):
            yield of_net_snmp(port, kind, host, 1, None)
            for number, user in enumerate(USERS):
                yield of_net_snmp(port, kind, host, number, user)
    best, other = User("sha-256", "aes-128"), User("sha-512", "aes-256-reeder")
    yield of_trapgate(port, "trap", HOSTS[0], None, "1")
    for host, kind in zip(HOSTS, ("trap", "inform"), strict=True):
        yield of_trapgate(port, kind, host, None, "2c")
        for user in (User(), User("md5"), best, other):
            yield of_trapgate(port, kind, host, user, "3")


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, shared_webhook: Webhook
) -> Iterator[Trapgate]:
    """A trapgate that knows all users."""
    trapgate = Trapgate(tmp_path_factory.mktemp("versions"), shared_webhook.url)
    users = "".join(user.settings() for user in USERS)
    trapgate.edit("trapgate.yml", "rules: {", f"    users:\n{users}rules: {{")
    trapgate.start()
    yield trapgate
    trapgate.close()


def call(sent: Sent) -> CompletedProcess[str]:
    arguments = sent.call
    if arguments[0] == "trapgate":
        return command(*arguments)
    with TemporaryDirectory() as folder:
        # keys and boots that a program keeps: in one folder, those that run at once damage them
        return run("env", f"SNMP_PERSISTENT_DIR={folder}", *arguments)


def events_by_mark(trapgate: Trapgate) -> Mapping[str, Mapping[str, Any]]:
    found = trapgate.get("/api/v1/events", query=f'event.code:"{TRAP_OID}"', limit=LIMIT)
    return {event["interface"]["name"]: event for event in found["events"]}


def test_every_version_and_every_algorithm(gateway: Trapgate) -> None:
    for name in ("snmptrap", "snmpinform"):
        program(name)
    notifications = list(everything(gateway.snmp))
    assert len({sent.mark for sent in notifications}) == len(notifications)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(call, notifications))
    failed = [
        (sent.mark, done.stderr)
        for sent, done in zip(notifications, results, strict=True)
        if done.returncode
    ]
    assert failed == []

    def missing() -> Sequence[str]:
        found = events_by_mark(gateway)
        return [sent.mark for sent in notifications if sent.mark not in found]

    eventually(lambda: not missing(), "all are stored")
    events = events_by_mark(gateway)
    for sent in notifications:
        sent.check(events[sent.mark])
    assert gateway.counted("trapgate_ingest_datagrams_total", outcome="malformed") == 0


def test_ten_thousand_engines_of_one_user(gateway: Trapgate) -> None:
    variable = varbind(f"{IF_DESCR}.1", tlv(0x04, b"fleet"))
    pdu = notification(header(TRAP_OID), variable)
    device = Peer(
        user=FLEET_USER.name.encode(),
        auth=FLEET_USER.auth,
        privacy="none",
        auth_passphrase=AUTH_PASSPHRASE,
    )
    engines = (b"\x80\x00\x00\x00\x05fleet" + n.to_bytes(3, "big") for n in range(FLEET))
    with Sender(gateway.snmp) as sender:
        sender.send_all(
            msgspec.structs.replace(device, engine_id=engine).message(pdu) for engine in engines
        )

    def stored_of_the_fleet() -> Sequence[Event]:
        events = gateway.stored_events()
        return [event for event in events if event.fields.get("interface.name") == "fleet"]

    eventually(lambda: len(stored_of_the_fleet()) == FLEET, "all are stored")
    stored = stored_of_the_fleet()
    assert len({event.fields["snmp.engine_id"] for event in stored}) == FLEET
    assert {event.fields["snmp.credential"] for event in stored} == {FLEET_USER.name}
    assert {event.fields["snmp.security_level"] for event in stored} == {"authNoPriv"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("-u", "user-sha-256", "-a", "sha-256", "-A", "another-passphrase"), "wrong-digest"),
        (("-u", "nobody-knows"), "unknown-user"),
        (("-u", "user-sha-256"), "unsupported-security-level"),
    ],
)
def test_a_refusal_is_counted_and_leaves_no_event(
    options: tuple[str, ...], reason: str, gateway: Trapgate
) -> None:
    name = "trapgate_ingest_datagrams_total"
    kept, refused = gateway.kept(), gateway.counted(name, outcome="usm", reason=reason)
    target = f"127.0.0.1:{gateway.snmp}"
    sent = command("trapgate", "send", "trap", TRAP_OID, "--to", target, "-v", "3", *options)
    assert sent.returncode == 0, sent.stderr
    eventually(
        lambda: gateway.counted(name, outcome="usm", reason=reason) == refused + 1, "counted"
    )
    assert gateway.kept() == kept

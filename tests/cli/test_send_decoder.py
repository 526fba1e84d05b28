"""What `trapgate send` sends with SNMPv3 our own decoder takes, and the other way round: with all
algorithms, without a network."""

from ipaddress import ip_network

import pytest

from trapgate.cli.inform import Undelivered, UsmInform
from trapgate.cli.notification import Notification, v2_pdu
from trapgate.cli.security import AUTHENTICATIONS, OWN_ENGINE_ID, PRIVACIES, User
from trapgate.cli.usm import Engine, message
from trapgate.config import Cidr
from trapgate.decode.snmp import OwnEngine, SnmpDecoder, SnmpSettings, UserSettings
from trapgate.model import NS_PER_S, Datagram, Decoded, Endpoint, Now, Trap

AT_NS = 1_795_255_200 * NS_PER_S
OWN = OwnEngine(bytes.fromhex("8000000005cafecafe"), 7, AT_NS - 1_000 * NS_PER_S)
HERE = Endpoint("127.0.0.1", 1)
COLD_START = Notification("1.3.6.1.6.3.1.1.5.1", ())
AUTH, PRIVACY = "auth passphrase", "privacy passphrase"

USERS = [
    User(b"noc", "noAuthNoPriv"),
    *(
        User(b"noc", "authPriv", auth, AUTH.encode(), privacy, PRIVACY.encode())
        if privacy
        else User(b"noc", "authNoPriv", auth, AUTH.encode())
        for auth in sorted(set(AUTHENTICATIONS.values()))
        for privacy in ("", *sorted(set(PRIVACIES.values())))
    ),
]


def decoder(user: User) -> SnmpDecoder:
    entry = UserSettings(
        name="entry",
        user=user.name.decode(),
        auth=user.auth or "none",  # type: ignore[arg-type]
        auth_passphrase=AUTH if user.auth else None,
        privacy=user.privacy or "none",  # type: ignore[arg-type]
        privacy_passphrase=PRIVACY if user.privacy else None,
        sources=(Cidr((ip_network("0.0.0.0/0"),), "any"),),
    )
    return SnmpDecoder(SnmpSettings(users=(entry,)), OWN)


def decoded(by: SnmpDecoder, data: bytes) -> Decoded:
    return by.decode(Datagram(data, HERE, HERE, "snmp", AT_NS), Now(AT_NS, 0))


def trap_of(answer: Decoded) -> Trap:
    (trap,) = answer.messages
    assert isinstance(trap, Trap)
    return trap


@pytest.mark.parametrize("user", USERS, ids=lambda user: f"{user.auth}-{user.privacy}")
def test_a_trap(user: User) -> None:
    pdu = v2_pdu(COLD_START, inform=False, request_id=5)
    data = message(pdu, user, Engine(OWN_ENGINE_ID, 1, 5), message_id=5, context=b"vrf")
    trap = trap_of(decoded(decoder(user), data))
    assert (trap.trap_oid, trap.request_id, trap.pdu_type) == (COLD_START.oid, 5, "trap")
    assert (trap.security_level, trap.context_name) == (user.level, "vrf")
    assert trap.engine_id == OWN_ENGINE_ID.hex()


@pytest.mark.parametrize("user", USERS, ids=lambda user: f"{user.auth}-{user.privacy}")
def test_an_inform(user: User) -> None:
    receiver = decoder(user)
    inform = UsmInform(v2_pdu(COLD_START, inform=True, request_id=5), user, 5)
    (report,) = decoded(receiver, inform.request()).replies
    assert inform.meaning(report.data) == "again"
    answer = decoded(receiver, inform.request())
    assert trap_of(answer).pdu_type == "inform"
    (response,) = answer.replies
    assert inform.meaning(response.data) == "acknowledged"


def test_an_inform_with_another_passphrase() -> None:
    receiver = decoder(User(b"noc", "authNoPriv", "sha-256", AUTH.encode()))
    other = User(b"noc", "authNoPriv", "sha-256", b"another passphrase")
    inform = UsmInform(v2_pdu(COLD_START, inform=True, request_id=5), other, 5)
    (report,) = decoded(receiver, inform.request()).replies
    inform.meaning(report.data)
    (report,) = decoded(receiver, inform.request()).replies
    with pytest.raises(Undelivered, match="usmStatsWrongDigests"):
        inform.meaning(report.data)

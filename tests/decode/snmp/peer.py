"""SNMPv3 messages of somebody else: pysnmp's keys, digests and ciphers around the BER of `wire`."""

from functools import lru_cache
from typing import Any

import msgspec
from pyasn1.type.univ import OctetString
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel

from decode.snmp.wire import (
    LINK_DOWN,
    NOW,
    datagram,
    header,
    integer,
    notification,
    oid,
    tlv,
    varbind,
)
from trapgate.decode.snmp import OwnEngine, SnmpDecoder, SnmpSettings, UserSettings
from trapgate.model import Datagram, Decoded, Trap

AUTH_SERVICES: Any = SnmpUSMSecurityModel.AUTH_SERVICES
PRIVACY_SERVICES: Any = SnmpUSMSecurityModel.PRIV_SERVICES

AUTH_OIDS = {
    name: (1, 3, 6, 1, 6, 3, 10, 1, 1, last)
    for last, name in enumerate(("md5", "sha-1", "sha-224", "sha-256", "sha-384", "sha-512"), 2)
}
PRIVACY_OIDS = {
    "des": (1, 3, 6, 1, 6, 3, 10, 1, 2, 2),
    "aes-128": (1, 3, 6, 1, 6, 3, 10, 1, 2, 4),
    "aes-192-blumenthal": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 1),
    "aes-256-blumenthal": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 2),
    "aes-192-reeder": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 101),
    "aes-256-reeder": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 102),
}

AUTH_PASSPHRASE = "authenticate me"
PRIVACY_PASSPHRASE = "encrypt me too"
ENGINE_ID = bytes.fromhex("80000009030011223344")
OWN = OwnEngine(bytes.fromhex("8000000005cafecafe"), 7, NOW.wall_ns - 1_000 * 10**9)
IF_INDEX = varbind("1.3.6.1.2.1.2.2.1.1.3", integer(3))
TRAP = notification(header(), IF_INDEX)
INFORM = notification(header(), IF_INDEX, tag=0xA6)
PROBE = tlv(0xA0, integer(9), integer(0), integer(0), tlv(0x30))

Keys = tuple[str, str, str, str]
"""Authentication and its passphrase, privacy and its passphrase."""

AUTH_PRIV: Keys = ("sha-256", AUTH_PASSPHRASE, "aes-128", PRIVACY_PASSPHRASE)


class Peer(msgspec.Struct, frozen=True):
    """An SNMPv3 engine with a user."""

    user: bytes = b"noc"
    auth: str = "sha-256"
    privacy: str = "aes-128"
    engine_id: bytes = ENGINE_ID
    boots: int = 3
    time: int = 5_000
    auth_passphrase: str = AUTH_PASSPHRASE
    privacy_passphrase: str = PRIVACY_PASSPHRASE

    def message(
        self,
        pdu: bytes = TRAP,
        *,
        flags: int | None = None,
        message_id: int = 77,
        context: bytes = b"",
        scoped: bytes = b"",
    ) -> bytes:
        """A whole message; the highest level that the algorithms allow, not reportable."""
        if flags is None:
            flags = 0 if self.auth == "none" else 1 if self.privacy == "none" else 3
        payload = scoped or tlv(0x30, tlv(4, context or self.engine_id), tlv(4, b"ctx"), pdu)
        salt = b""
        if flags & 2:
            service = PRIVACY_SERVICES[PRIVACY_OIDS[self.privacy]]
            key = privacy_key(self.auth, self.privacy, self.privacy_passphrase, self.engine_id)
            encrypted, salt = service.encrypt_data(key, (self.boots, self.time, None), payload)
            payload, salt = tlv(4, bytes(encrypted)), bytes(salt)
        size = DIGEST_BYTES[self.auth] if flags & 1 else 0
        after = tlv(4, salt)
        parameters = tlv(
            0x30,
            tlv(4, self.engine_id) + integer(self.boots) + integer(self.time),
            tlv(4, self.user) + tlv(4, bytes(size)) + after,
        )
        head = tlv(0x30, integer(message_id), integer(65_507), tlv(4, bytes((flags,))), integer(3))
        whole = tlv(0x30, integer(3), head, tlv(4, parameters), payload)
        if not size:
            return whole
        end = len(whole) - len(payload) - len(after)
        assert not any(whole[end - size : end])
        key = auth_key(self.auth, self.auth_passphrase, self.engine_id)
        return whole[: end - size] + digest(self.auth, key, whole) + whole[end:]


DIGEST_BYTES = {"md5": 12, "sha-1": 12, "sha-224": 16, "sha-256": 24, "sha-384": 32, "sha-512": 48}


@lru_cache(maxsize=1_000)
def _auth_master(auth: str, passphrase: str) -> Any:
    return AUTH_SERVICES[AUTH_OIDS[auth]].hash_passphrase(OctetString(passphrase.encode()))


@lru_cache(maxsize=1_000)
def auth_key(auth: str, passphrase: str, engine_id: bytes) -> Any:
    """pysnmp's localized key for authentication."""
    master = _auth_master(auth, passphrase)
    return AUTH_SERVICES[AUTH_OIDS[auth]].localize_key(master, OctetString(engine_id))


@lru_cache(maxsize=1_000)
def privacy_key(auth: str, privacy: str, passphrase: str, engine_id: bytes) -> Any:
    """pysnmp's localized key for privacy."""
    service = PRIVACY_SERVICES[PRIVACY_OIDS[privacy]]
    master = service.hash_passphrase(AUTH_OIDS[auth], OctetString(passphrase.encode()))
    return service.localize_key(AUTH_OIDS[auth], master, OctetString(engine_id))


def digest(auth: str, key: Any, whole: bytes) -> bytes:
    """pysnmp's digest of a message whose digest is zeros."""
    import hashlib
    import hmac

    name = {"sha-1": "sha1"}.get(auth, auth.replace("-", ""))
    return hmac.new(bytes(key), whole, getattr(hashlib, name)).digest()[: DIGEST_BYTES[auth]]


def entry(name: str = "noc", **values: Any) -> UserSettings:
    """A user with SHA-256 and AES-128, or as `values` say."""
    defaults = {
        "auth": "sha-256",
        "auth_passphrase": AUTH_PASSPHRASE,
        "privacy": "aes-128",
        "privacy_passphrase": PRIVACY_PASSPHRASE,
    }
    return UserSettings(name=name, **(defaults | values))


def decoder(*users: UserSettings, own: OwnEngine | None = OWN, **values: Any) -> SnmpDecoder:
    """A decoder with these users, else with one."""
    return SnmpDecoder(SnmpSettings(users=users or (entry(),), **values), own)


def received(data: bytes, after_s: float = 0, address: str = "10.0.0.7") -> Datagram:
    """A datagram that arrives so many seconds after the first."""
    at = NOW.wall_ns + int(after_s * 10**9)
    return msgspec.structs.replace(datagram(data, address), received_at=at)


def verdict(decoded: Decoded) -> str:
    """What became of it: `stored`, `stored outside-time-window`, `usm/wrong-digest`, ..."""
    if decoded.refusal is not None:
        assert not decoded.messages
        return f"{decoded.refusal.outcome}/{decoded.refusal.reason}"
    if not decoded.messages:
        return f"malformed/{decoded.problems[0].code}"
    return " ".join(["stored", *(problem.code for problem in trap_of(decoded).problems)])


def trap_of(decoded: Decoded) -> Trap:
    (trap,) = decoded.messages
    assert isinstance(trap, Trap)
    return trap


__all__ = [
    "AUTH_OIDS",
    "ENGINE_ID",
    "IF_INDEX",
    "INFORM",
    "LINK_DOWN",
    "OWN",
    "PRIVACY_OIDS",
    "PROBE",
    "TRAP",
    "Peer",
    "decoder",
    "entry",
    "oid",
    "received",
    "trap_of",
    "verdict",
]

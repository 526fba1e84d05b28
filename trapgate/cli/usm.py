"""SNMPv3 messages of a sender (RFC 3412 §6, RFC 3414 §3.1), with the algorithms of pysnmp.

Keys, ciphers and the syntax of messages are pysnmp's; this module says in which order they are
used, for a trap (the sender's engine is authoritative) and for what an inform's receiver answers.
"""

import hmac
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type.univ import OctetString
from pysnmp.error import PySnmpError
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel, UsmSecurityParameters

from trapgate.cli.security import User

MESSAGE_BYTES_MAX = 65_507
"""msgMaxSize: what fits into a UDP packet over IPv4."""

_AUTH: Mapping[str, tuple[str, int, int]] = {
    "md5": ("md5", 12, 2),
    "sha-1": ("sha1", 12, 3),
    "sha-224": ("sha224", 16, 4),
    "sha-256": ("sha256", 24, 5),
    "sha-384": ("sha384", 32, 6),
    "sha-512": ("sha512", 48, 7),
}
"""Hash, bytes of the digest (RFC 3414 §6.3.1, RFC 7860 §4), last part of the protocol's OID."""

_AUTH_OID = (1, 3, 6, 1, 6, 3, 10, 1, 1)
_PRIVACY: Mapping[str, tuple[int, ...]] = {
    "des": (1, 3, 6, 1, 6, 3, 10, 1, 2, 2),
    "aes-128": (1, 3, 6, 1, 6, 3, 10, 1, 2, 4),
    "aes-192-blumenthal": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 1),
    "aes-256-blumenthal": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 2),
    "aes-192-reeder": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 101),
    "aes-256-reeder": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 102),
}
"""By which pysnmp knows them."""

_AUTHENTICATED, _ENCRYPTED, _REPORTABLE = 1, 2, 4
_USM = 3


class Engine(msgspec.Struct, frozen=True):
    """The authoritative engine of a message and its clock."""

    engine_id: bytes = b""
    boots: int = 0
    time: int = 0


class Heard(msgspec.Struct, frozen=True):
    """A message that came back. `pdu` is pysnmp's; `authentic` says that its digest was right."""

    engine: Engine
    pdu: object
    authentic: bool


class Unreadable(Exception):
    """What came back cannot be read with this user's keys; the message says why."""


def message(
    pdu: object,
    user: User,
    engine: Engine,
    *,
    message_id: int,
    context: bytes = b"",
    context_engine_id: bytes = b"",
    reportable: bool = False,
) -> bytes:
    """A whole message, signed and encrypted as the user's level asks."""
    scoped = _scoped(pdu, context_engine_id or engine.engine_id, context)
    parameters = UsmSecurityParameters()
    parameters[0], parameters[1], parameters[2] = engine.engine_id, engine.boots, engine.time
    parameters[3] = user.name
    # The digest goes where these bytes are: nothing else in the message equals them.
    marker = os.urandom(_AUTH[user.auth][1]) if user.auth else b""
    parameters[4], parameters[5] = marker, b""
    outer = SNMPv3Message()
    outer[0] = 3
    outer.setComponentByPosition(1)
    outer[1][0], outer[1][1] = message_id, MESSAGE_BYTES_MAX
    outer[1][2], outer[1][3] = bytes((_flags(user) | _REPORTABLE * reportable,)), _USM
    outer.setComponentByPosition(3)
    if user.privacy:
        encrypted, parameters[5] = _encrypted(scoped, user, engine)
        outer[3].setComponentByPosition(1, encrypted)
    else:
        outer[3].setComponentByPosition(0, scoped)
    outer[2] = encoder.encode(parameters)
    whole = bytes(encoder.encode(outer))
    return _signed(whole, marker, user, engine) if marker else whole


def heard(data: bytes, user: User) -> Heard:
    """Read what an inform's receiver sent. Raises `Unreadable`; never anything else."""
    try:
        outer, _ = decoder.decode(data, asn1Spec=SNMPv3Message())
        parameters, _ = decoder.decode(bytes(outer[2]), asn1Spec=UsmSecurityParameters())
        flags = bytes(outer[1][2])[0]
        engine = Engine(bytes(parameters[0]), int(parameters[1]), int(parameters[2]))
        authentic = bool(flags & _AUTHENTICATED and user.auth)
        if authentic and not _is_signed(data, bytes(parameters[4]), user, engine):
            raise Unreadable("its digest is wrong")
        if flags & _ENCRYPTED:
            scoped = _decrypted(outer[3][1], parameters[5], user, engine)
        else:
            scoped = outer[3][0]
        return Heard(engine, scoped[2].getComponent(), authentic)
    except (PyAsn1Error, PySnmpError, ValueError, KeyError, IndexError, TypeError) as error:
        raise Unreadable("it is not an SNMPv3 message") from error


def _flags(user: User) -> int:
    return (_AUTHENTICATED if user.auth else 0) | (_ENCRYPTED if user.privacy else 0)


def _scoped(pdu: Any, context_engine_id: bytes, context: bytes) -> Any:
    scoped = ScopedPDU()
    scoped[0], scoped[1] = context_engine_id, context
    scoped.setComponentByPosition(2)
    scoped[2].setComponentByType(
        pdu.tagSet, pdu, verifyConstraints=False, matchTags=False, matchConstraints=False
    )
    return scoped


def _encrypted(scoped: Any, user: User, engine: Engine) -> tuple[Any, Any]:
    """The encrypted PDU and the salt that it was encrypted with."""
    cipher = SnmpUSMSecurityModel.PRIV_SERVICES[_PRIVACY[user.privacy]]
    key = _privacy_key(user, engine.engine_id)
    encrypted, salt = cipher.encrypt_data(
        key, (engine.boots, engine.time, None), encoder.encode(scoped)
    )
    return encrypted, salt


def _signed(whole: bytes, marker: bytes, user: User, engine: Engine) -> bytes:
    """The message with its digest where the marker is (RFC 3414 §6.3.1)."""
    blank = whole.replace(marker, bytes(len(marker)))
    return whole.replace(marker, _digest(user, engine.engine_id, blank))


def _is_signed(data: bytes, digest: bytes, user: User, engine: Engine) -> bool:
    if len(digest) != _AUTH[user.auth][1]:
        return False
    blank = data.replace(digest, bytes(len(digest)), 1)
    return hmac.compare_digest(_digest(user, engine.engine_id, blank), digest)


def _digest(user: User, engine_id: bytes, blank: bytes) -> bytes:
    hash_name, size, _ = _AUTH[user.auth]
    return hmac.digest(_auth_key(user, engine_id), blank, hash_name)[:size]


def _decrypted(data: Any, salt: Any, user: User, engine: Engine) -> Any:
    if not user.privacy:
        raise Unreadable("it is encrypted, and this user has no key for that")
    cipher = SnmpUSMSecurityModel.PRIV_SERVICES[_PRIVACY[user.privacy]]
    key = _privacy_key(user, engine.engine_id)
    plain = cipher.decrypt_data(key, (engine.boots, engine.time, salt), data)
    try:
        return decoder.decode(plain, asn1Spec=ScopedPDU())[0]
    except PyAsn1Error:
        raise Unreadable("it cannot be decrypted with this passphrase") from None


_KEYS_CACHED_MAX = 64
"""Keys that are remembered: hashing a passphrase reads a megabyte of it (RFC 3414 §A.2), and one
run has one user and few engines."""


@lru_cache(_KEYS_CACHED_MAX)
def _auth_key(user: User, engine_id: bytes) -> bytes:
    service = SnmpUSMSecurityModel.AUTH_SERVICES[_auth_oid(user)]
    return bytes(service.localize_key(_auth_master(user), OctetString(engine_id)))


@lru_cache(_KEYS_CACHED_MAX)
def _auth_master(user: User) -> Any:
    service = SnmpUSMSecurityModel.AUTH_SERVICES[_auth_oid(user)]
    return service.hash_passphrase(user.auth_passphrase)


@lru_cache(_KEYS_CACHED_MAX)
def _privacy_key(user: User, engine_id: bytes) -> Any:
    cipher = SnmpUSMSecurityModel.PRIV_SERVICES[_PRIVACY[user.privacy]]
    master = _privacy_master(user)
    return cipher.localize_key(_auth_oid(user), master, OctetString(engine_id))


@lru_cache(_KEYS_CACHED_MAX)
def _privacy_master(user: User) -> Any:
    cipher = SnmpUSMSecurityModel.PRIV_SERVICES[_PRIVACY[user.privacy]]
    return cipher.hash_passphrase(_auth_oid(user), user.privacy_passphrase)


def _auth_oid(user: User) -> tuple[int, ...]:
    return (*_AUTH_OID, _AUTH[user.auth][2])

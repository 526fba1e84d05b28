"""Passphrase → key → localized key, for authentication and privacy (RFC 3414 §2.6, §A.2; RFC 7860;
RFC 3826 §1.2).

A passphrase costs about a millisecond (a megabyte is hashed), a localized key a few microseconds:
so the first is done once at load, the second for each engine that a user is met on.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import msgspec

AuthName = Literal["none", "md5", "sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]
PrivacyName = Literal[
    "none",
    "des",
    "aes-128",
    "aes-192-blumenthal",
    "aes-192-reeder",
    "aes-256-blumenthal",
    "aes-256-reeder",
]

PASSPHRASE_BYTES_MIN = 8
"""RFC 3414 §11.2."""

EXPANDED_BYTES = 1 << 20
"""What a passphrase is repeated to before it is hashed (RFC 3414 §A.2)."""

PASSPHRASES_CACHED_MAX = 4_096
"""Keys of passphrases that are remembered over reloads: more users than anybody configures."""

EXTENSIONS_CACHED_MAX = 16_384
"""Keys that were extended in Reeder's way and are remembered over reloads, about 4 MB: as many as
engines are learned, since each costs as much as a passphrase."""


class Auth(msgspec.Struct, frozen=True):
    """An HMAC: the hash as `hashlib` calls it, and how many bytes of the digest are sent."""

    hash: str
    digest_bytes: int


AUTH: Mapping[AuthName, Auth] = {
    "md5": Auth("md5", 12),
    "sha-1": Auth("sha1", 12),
    "sha-224": Auth("sha224", 16),
    "sha-256": Auth("sha256", 24),
    "sha-384": Auth("sha384", 32),
    "sha-512": Auth("sha512", 48),
}
"""RFC 3414 §6 and §7, RFC 7860 §4.1."""

PRIVACY_KEY_BYTES: Mapping[PrivacyName, int] = {
    "des": 16,  # the cipher's key, and what the salt is combined with (RFC 3414 §8.1.1.1)
    "aes-128": 16,
    "aes-192-blumenthal": 24,
    "aes-192-reeder": 24,
    "aes-256-blumenthal": 32,
    "aes-256-reeder": 32,
}


@lru_cache(maxsize=PASSPHRASES_CACHED_MAX)
def passphrase_key(hash: str, passphrase: bytes) -> bytes:
    """The key of a passphrase (RFC 3414 §A.2): the hash of a megabyte of its repetitions.

    About a millisecond. An empty passphrase is a bug of the caller (`ZeroDivisionError`).
    """
    return _expanded(hash, passphrase)


def localized(hash: str, key: bytes, engine_id: bytes) -> bytes:
    """A user's key at one engine (RFC 3414 §2.6): as long as the hash's digest."""
    return hashlib.new(hash, key + engine_id + key).digest()


def privacy_key(privacy: PrivacyName, hash: str, key: bytes, engine_id: bytes) -> bytes:
    """The localized key of a cipher, as many bytes as `PRIVACY_KEY_BYTES` says.

    Where the hash gives fewer (AES-192 and AES-256 with MD5, SHA-1 and SHA-224) there are two ways
    in the field to make more of it, and neither is an RFC: draft-blumenthal-aes-usm-04 §3.1.2.1
    hashes what there is so far, and draft-reeder-snmpv3-usm-3desede-00 §2.1 takes it for a
    passphrase, which costs a millisecond. With longer hashes both are the same.
    """
    size_bytes = PRIVACY_KEY_BYTES[privacy]
    whole = localized(hash, key, engine_id)
    while len(whole) < size_bytes:
        if privacy.endswith("-reeder"):
            whole += localized(hash, _extension(hash, whole), engine_id)
        else:
            whole += hashlib.new(hash, whole).digest()
    return whole[:size_bytes]


@lru_cache(maxsize=EXTENSIONS_CACHED_MAX)
def _extension(hash: str, whole: bytes) -> bytes:
    return _expanded(hash, whole)


def _expanded(hash: str, passphrase: bytes) -> bytes:
    times = EXPANDED_BYTES // len(passphrase) + 1
    return hashlib.new(hash, (passphrase * times)[:EXPANDED_BYTES]).digest()

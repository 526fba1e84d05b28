"""SNMPv3 traps of one user, signed and encrypted, made much faster than any library makes them.

SHA-256 with 24 bytes of digest (RFC 7860), AES-128 in CFB mode (RFC 3826), keys from passphrases
(RFC 3414 §A.2). Only what a benchmark's sender needs: one engine, its clock at one second.
"""

import hashlib
import hmac

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

ENGINE_ID = bytes.fromhex("80001f8804626e6368")
USER = "bench"
AUTH_PASSPHRASE = "bench-authentication"
PRIVACY_PASSPHRASE = "bench-privacy"

SETTINGS = f"""\
decode:
  snmp:
    users:
    - name: {USER}
      auth: sha-256
      auth_passphrase: {AUTH_PASSPHRASE}
      privacy: aes-128
      privacy_passphrase: {PRIVACY_PASSPHRASE}
"""
"""What trapgate is told about the user."""

PEER_CONFIG = (
    f"createUser -e 0x{ENGINE_ID.hex()} {USER} SHA-256 {AUTH_PASSPHRASE} AES {PRIVACY_PASSPHRASE}\n"
    f"authUser log {USER} priv\n"
)
"""What snmptrapd is told about the user."""

_BOOTS, _TIME = 1, 4_711
_DIGEST_BYTES = 24
_EXPANDED_BYTES = 1 << 20
_COMMUNITY = b"\x04\x06public"
_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04
_AUTH_PRIV = b"\x03"
_USM = 3
_MESSAGE_ID_BASE = 0x10000000


class Sender:
    """One engine with one user."""

    def __init__(self) -> None:
        self._auth_key = _localized(AUTH_PASSPHRASE)
        self._privacy_key = _localized(PRIVACY_PASSPHRASE)[:16]
        self._iv_start = _BOOTS.to_bytes(4, "big") + _TIME.to_bytes(4, "big")
        self._scope = _octets(ENGINE_ID) + _octets(b"")
        self._security = _octets(ENGINE_ID) + _integer(_BOOTS) + _integer(_TIME)
        self._security += _octets(USER.encode())

    def trap(self, community_trap: bytes, number: int) -> bytes:
        """The PDU of an SNMPv2c trap, whose community is `public`, as SNMPv3 message `number`."""
        pdu = community_trap[community_trap.index(_COMMUNITY) + len(_COMMUNITY) :]
        salt = number.to_bytes(8, "big")
        cipher = Cipher(AES(self._privacy_key), CFB(self._iv_start + salt)).encryptor()
        scoped = _octets(cipher.update(_tlv(_SEQUENCE, self._scope + pdu)))
        digest, salted = _octets(bytes(_DIGEST_BYTES)), _octets(salt)
        security = _octets(_tlv(_SEQUENCE, self._security + digest + salted))
        header = _integer(_MESSAGE_ID_BASE + number) + _integer(65_507)
        header = _tlv(_SEQUENCE, header + _octets(_AUTH_PRIV) + _integer(_USM))
        message = _tlv(_SEQUENCE, _integer(3) + header + security + scoped)
        signature = hmac.digest(self._auth_key, message, "sha256")[:_DIGEST_BYTES]
        at = len(message) - len(scoped) - len(salted) - _DIGEST_BYTES
        return message[:at] + signature + message[at + _DIGEST_BYTES :]


def _localized(passphrase: str) -> bytes:
    """The user's key at this engine (RFC 3414 §A.2.1)."""
    text = passphrase.encode()
    expanded = (text * (_EXPANDED_BYTES // len(text) + 1))[:_EXPANDED_BYTES]
    key = hashlib.sha256(expanded).digest()
    return hashlib.sha256(key + ENGINE_ID + key).digest()


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    if size < 0x100:
        return bytes((tag, 0x81, size)) + content
    return bytes((tag, 0x82)) + size.to_bytes(2, "big") + content


def _octets(content: bytes) -> bytes:
    return _tlv(_OCTETS, content)


def _integer(number: int) -> bytes:
    return _tlv(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))

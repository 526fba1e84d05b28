"""The ciphers of the User-based Security Model: DES in CBC (RFC 3414 §8), AES in CFB (RFC 3826).

A cipher object is made once for each user and engine, with its key schedule, and kept. The salts
that it makes are functions of key, clock and plaintext, so that decoding a datagram again answers
with the same bytes, and two plaintexts never share one but by an accident of 2^-64 within a second.
"""

import hmac

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from trapgate.decode.snmp.keys import PrivacyName

SALT_BYTES = 8
"""msgPrivacyParameters of every cipher (RFC 3414 §8.1.1.1, RFC 3826 §3.1.2.1)."""

_BLOCK = 16
_DES_BLOCK = 8


class AesCfb:
    """AES in CFB with 128 bits of feedback; the IV is boots, time and salt (RFC 3826 §3.1.2.1).

    CFB only ever encrypts: the IV and each block of ciphertext but the last, and their results
    are combined with the text. So one ECB encryptor, which has no state between blocks, serves for
    the key's whole life; setting up the library's CFB for each message takes three times as long.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._blocks = Cipher(AES(key), ECB()).encryptor()

    def decrypt(self, data: bytes, salt: bytes, boots: int, time: int) -> bytes:
        """The plaintext, as long as `data`. Raises `ValueError` for a salt that is not 8 bytes."""
        if len(salt) != SALT_BYTES or not data:
            raise ValueError("a salt is 8 bytes, and an encrypted PDU is not empty")
        size = len(data)
        whole = (size - 1) // _BLOCK * _BLOCK
        stream = self._blocks.update(_clock(boots, time) + salt + data[:whole])
        return _combined(data, stream[:size])

    def encrypt(self, plain: bytes, boots: int, time: int) -> tuple[bytes, bytes]:
        """The ciphertext and its salt."""
        salt = _salt(self._key, plain, boots, time)
        feedback = _clock(boots, time) + salt
        encrypted = []
        for at in range(0, len(plain), _BLOCK):
            block = plain[at : at + _BLOCK]
            feedback = _combined(block, self._blocks.update(feedback)[: len(block)])
            encrypted.append(feedback)
        return b"".join(encrypted), salt


class DesCbc:
    """DES in CBC; the IV is the salt combined with the second half of the key (RFC 3414 §8.1.1.1).

    The RFC makes salts of boots and a 32-bit counter. Who decrypts cannot tell, and the counter
    would have to survive a restart; see the module's docstring.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._algorithm = TripleDES(key[:_DES_BLOCK] * 3)  # three equal keys are single DES

    def decrypt(self, data: bytes, salt: bytes, boots: int, time: int) -> bytes:
        """The plaintext with its padding. Raises `ValueError` for a salt that is not 8 bytes, or
        data that is not whole blocks (RFC 3414 §8.3.2)."""
        if len(salt) != SALT_BYTES or not data or len(data) % _DES_BLOCK:
            raise ValueError("a salt is 8 bytes, and an encrypted PDU is whole blocks")
        decryptor = Cipher(self._algorithm, CBC(self._iv(salt))).decryptor()
        return decryptor.update(data) + decryptor.finalize()

    def encrypt(self, plain: bytes, boots: int, time: int) -> tuple[bytes, bytes]:
        """The ciphertext, zeros added up to a whole block, and its salt."""
        salt = _salt(self._key, plain, boots, time)
        encryptor = Cipher(self._algorithm, CBC(self._iv(salt))).encryptor()
        padded = plain + bytes(-len(plain) % _DES_BLOCK)
        return encryptor.update(padded) + encryptor.finalize(), salt

    def _iv(self, salt: bytes) -> bytes:
        return _combined(salt, self._key[_DES_BLOCK:])


PrivacyCipher = AesCfb | DesCbc


def cipher_of(privacy: PrivacyName, key: bytes) -> PrivacyCipher:
    """The cipher of a localized key (`keys.privacy_key`)."""
    return DesCbc(key) if privacy == "des" else AesCfb(key)


def _clock(boots: int, time: int) -> bytes:
    return boots.to_bytes(4, "big") + time.to_bytes(4, "big")


def _salt(key: bytes, plain: bytes, boots: int, time: int) -> bytes:
    return hmac.digest(key, _clock(boots, time) + plain, "sha256")[:SALT_BYTES]


def _combined(left: bytes, right: bytes) -> bytes:
    """XOR of two equally long strings: as two integers, which is the fastest way in Python."""
    size = len(left)
    number = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return number.to_bytes(size, "big")

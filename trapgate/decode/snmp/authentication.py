"""Who sent an SNMPv3 message: entries of the configuration with their keys (RFC 3414 §3.2, steps
4 to 6).

In: a message and its sender's address. Out: the entry whose key signed it, and its keys at that
engine; or the reason why there is none.
"""

import hmac
from collections.abc import Sequence
from hmac import compare_digest

import msgspec

from trapgate.decode.snmp.allowed import Allowed
from trapgate.decode.snmp.keys import AUTH, Auth, localized, passphrase_key, privacy_key
from trapgate.decode.snmp.privacy import PrivacyCipher, cipher_of
from trapgate.decode.snmp.refusals import (
    SOURCE_NOT_ALLOWED,
    UNKNOWN_ENGINE,
    UNKNOWN_USER,
    UNSUPPORTED_SECURITY_LEVEL,
    WRONG_DIGEST,
    Refused,
)
from trapgate.decode.snmp.users import UserSettings, engine_id_of
from trapgate.decode.snmp.v3 import Message

KEYS_CACHED_MAX = 32_768
"""Localized keys that are remembered, about 45 MB with their ciphers. Only what has verified a
digest is, so nobody without the passphrase can fill it; past it the cache starts anew."""


class Keys:
    """A user's keys at one engine. The cipher is made when it is first needed: its key may cost a
    millisecond (`keys.privacy_key`)."""

    __slots__ = ("_cipher", "_engine_id", "_user", "auth", "key")

    def __init__(self, user: "User", auth: Auth, engine_id: bytes) -> None:
        self.auth = auth
        self.key = localized(auth.hash, user.auth_key, engine_id)
        self._user = user
        self._engine_id = engine_id
        self._cipher: PrivacyCipher | None = None

    def digest(self, whole: bytes) -> bytes:
        """The digest of a message whose digest is zeros."""
        return hmac.digest(self.key, whole, self.auth.hash)[: self.auth.digest_bytes]

    @property
    def cipher(self) -> PrivacyCipher:
        """The cipher of a user that has `privacy`."""
        if self._cipher is None:
            user, settings = self._user, self._user.settings
            key = privacy_key(
                settings.privacy, self.auth.hash, user.privacy_passphrase_key, self._engine_id
            )
            self._cipher = cipher_of(settings.privacy, key)
        return self._cipher


class User:
    """One entry of `users`, its passphrases hashed."""

    def __init__(self, settings: UserSettings) -> None:
        """Raises `ValueError` for an entry whose passphrases were not filled in."""
        self.settings = settings
        self.auth: Auth | None = None
        self.auth_key = self.privacy_passphrase_key = b""
        self.engine_ids = frozenset(engine_id_of(text) for text in settings.engine_ids)
        self.identity = settings.name.encode() + b"\0"
        if settings.auth != "none":
            self.auth = AUTH[settings.auth]
            self.auth_key = self._key(settings.auth_passphrase, self.auth)
            if settings.privacy != "none":
                self.privacy_passphrase_key = self._key(settings.privacy_passphrase, self.auth)

    def takes(self, engine_id: bytes) -> bool:
        """Whether messages of this engine are taken, as far as it can be said beforehand."""
        return self.settings.engines != "pinned" or engine_id in self.engine_ids

    def _key(self, passphrase: str | None, auth: Auth) -> bytes:
        if not passphrase:
            raise ValueError(f"a passphrase of {self.settings.name!r} was not read from its file")
        return passphrase_key(auth.hash, passphrase.encode())


class Sender(msgspec.Struct, frozen=True, gc=False):
    """Who a message is from. `keys` are `None` if it is not authenticated."""

    user: User
    keys: Keys | None


class Users:
    """All entries, by the user name on the wire. Raises `ValueError` for one without its keys.

    Its only state are caches, so that several memories may share one object.
    """

    def __init__(self, entries: Sequence[UserSettings]) -> None:
        self._users: dict[bytes, list[tuple[int, User]]] = {}
        for number, entry in enumerate(entries):
            self._users.setdefault(entry.security_name, []).append((number, User(entry)))
        self._allowed = Allowed([entry.sources for entry in entries])
        self._keys: dict[tuple[str, bytes], Keys] = {}

    def any_from(self, address: str) -> bool:
        """Whether any entry takes this address."""
        return any(self._allowed.of(address))

    def sender(self, message: Message, data: bytes, address: str, own_id: bytes) -> Sender:
        """The entry that this message is from.

        Of several that have its user name, take its address and its level, the one whose key
        signed it. Messages with `own_id` come from anywhere: that engine is ours. Raises `Refused`.
        """
        named = self._users.get(message.user)
        if named is None:
            raise Refused(UNKNOWN_USER)
        allowed = self._allowed.of(address)
        users = [user for number, user in named if allowed[number]]
        if not users:
            raise Refused(SOURCE_NOT_ALLOWED)
        rank = message.rank
        users = [u for u in users if u.settings.rank_min <= rank <= u.settings.rank_max]
        if not users:
            raise Refused(UNSUPPORTED_SECURITY_LEVEL)
        refusal = WRONG_DIGEST
        for user in users:
            keys = self._verified(user, message, data) if rank else None
            if rank and keys is None:
                continue
            if message.engine_id == own_id or user.takes(message.engine_id):
                return Sender(user, keys)
            refusal = UNKNOWN_ENGINE
        raise Refused(refusal)

    def _verified(self, user: User, message: Message, data: bytes) -> Keys | None:
        """The keys of this user if they signed the message (RFC 3414 §6.3.2)."""
        auth = user.auth
        if auth is None or len(message.digest) != auth.digest_bytes:
            return None
        name = (user.settings.name, message.engine_id)
        known = self._keys.get(name)
        keys = known or Keys(user, auth, message.engine_id)
        at = message.digest_at
        zeroed = data[:at] + bytes(auth.digest_bytes) + data[at + auth.digest_bytes : message.end]
        if not compare_digest(keys.digest(zeroed), message.digest):
            return None
        if known is None:
            if len(self._keys) >= KEYS_CACHED_MAX:
                self._keys.clear()
            self._keys[name] = keys
        return keys

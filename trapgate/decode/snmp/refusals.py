"""Why an SNMPv3 message is not let in: the closed table of the User-based Security Model's
refusals, with what each means for the user and which counter a Report names (RFC 3414 §5)."""

from collections.abc import Mapping

import msgspec

from trapgate.model import Outcome, Refusal


class _Meaning(msgspec.Struct, frozen=True):
    text: str
    counter: int | None


_MEANINGS: dict[Refusal, _Meaning] = {}

USER_NAME_BYTES_MAX = 32
"""RFC 3414 §2.4, msgUserName."""

UNSUPPORTED_LEVELS, NOT_IN_WINDOWS, UNKNOWN_USERS, UNKNOWN_ENGINES, WRONG_DIGESTS, UNDECRYPTABLE = (
    range(1, 7)
)
"""The objects of usmStats, 1.3.6.1.6.3.15.1.1 (RFC 3414 §5)."""


def _refusal(reason: str, text: str, counter: int | None = None) -> Refusal:
    refusal = Refusal(Outcome.USM, reason)
    _MEANINGS[refusal] = _Meaning(text, counter)
    return refusal


UNKNOWN_USER = _refusal("unknown-user", "no entry of users has this user name", UNKNOWN_USERS)
SOURCE_NOT_ALLOWED = _refusal(
    "source-not-allowed", "the entries of this user do not take this address"
)
UNSUPPORTED_SECURITY_LEVEL = _refusal(
    "unsupported-security-level",
    "the message is less secure than the user's level, or more than its keys allow",
    UNSUPPORTED_LEVELS,
)
WRONG_DIGEST = _refusal(
    "wrong-digest",
    "the authentication passphrase or algorithm differs, or the message was changed on its way",
    WRONG_DIGESTS,
)
BAD_ENGINE_ID = _refusal(
    "bad-engine-id", "the engine ID does not have 5 to 32 bytes", UNKNOWN_ENGINES
)
UNKNOWN_ENGINE = _refusal(
    "unknown-engine",
    "the digest is right if there was one, but the user is pinned to other engines",
    UNKNOWN_ENGINES,
)
TOO_MANY_ENGINES = _refusal(
    "too-many-engines", "the digest is right, but engines_max engines are known already"
)
REVOKED_ENGINE = _refusal("revoked-engine", "the engine was revoked with trapgate snmp engines")
NOT_IN_TIME_WINDOW = _refusal(
    "not-in-time-window",
    "the digest is right, but boots and time are behind those of the authoritative engine",
    NOT_IN_WINDOWS,
)
DECRYPTION_ERROR = _refusal(
    "decryption-error",
    "the digest is right, so the privacy passphrase, the algorithm or its key extension "
    "(blumenthal, reeder) differs",
    UNDECRYPTABLE,
)
NOT_OWN_ENGINE = _refusal(
    "not-own-engine",
    "an inform or a request is addressed to another engine than this one",
    UNKNOWN_ENGINES,
)
DISCOVERY = _refusal(
    "discovery", "a sender of informs asks for our engine ID, as it should", UNKNOWN_ENGINES
)

REPLAYED = Refusal(Outcome.DUPLICATE, "replayed")
"""The very same authenticated message was taken before."""

REFUSAL_TEXTS: Mapping[str, str] = {
    refusal.reason: meaning.text for refusal, meaning in _MEANINGS.items()
}
"""What each reason of the `usm` outcome means."""


def counter_of(refusal: Refusal) -> int | None:
    """The last part of the name of the counter that a Report tells, if one may be sent."""
    meaning = _MEANINGS.get(refusal)
    return meaning.counter if meaning else None


def shown_name(user: bytes) -> str:
    """A user name from the wire as it may be shown: printable, as long as a user name may be."""
    text = user[:USER_NAME_BYTES_MAX].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


class Refused(Exception):
    """Ends the processing of a message that is not let in."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal

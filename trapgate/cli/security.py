"""With which rights a notification is sent: the options of `trapgate send`, checked.

The option letters are net-snmp's. Its names of algorithms are understood beside trapgate's own.
"""

from pathlib import Path

import msgspec

from trapgate.model import SecurityLevel

AUTHENTICATIONS = {
    "md5": "md5",
    "sha": "sha-1",
    "sha-1": "sha-1",
    "sha-224": "sha-224",
    "sha-256": "sha-256",
    "sha-384": "sha-384",
    "sha-512": "sha-512",
}
"""What may be written → the name that `decode.snmp.users` has for it."""

PRIVACIES = {
    "des": "des",
    "aes": "aes-128",
    "aes-128": "aes-128",
    "aes-192": "aes-192-blumenthal",
    "aes-192-blumenthal": "aes-192-blumenthal",
    "aes-192-c": "aes-192-reeder",
    "aes-192-reeder": "aes-192-reeder",
    "aes-256": "aes-256-blumenthal",
    "aes-256-blumenthal": "aes-256-blumenthal",
    "aes-256-c": "aes-256-reeder",
    "aes-256-reeder": "aes-256-reeder",
}
"""The same; `aes-192` and `aes-256` extend the key as net-snmp does, those with `-c` as Cisco."""

LEVELS = ("noAuthNoPriv", "authNoPriv", "authPriv")

PASSPHRASE_CHARS_MIN = 8
"""RFC 3414 §11.2."""

USER_BYTES_MAX = 32
"""RFC 3414 §2.4, msgUserName."""

ENGINE_ID_BYTES = range(5, 33)
"""RFC 3411 §5, SnmpEngineID."""

ENGINE_NUMBER_MAX = 2**31 - 1
"""RFC 3414 §2.4, msgAuthoritativeEngineBoots and msgAuthoritativeEngineTime."""

OWN_ENGINE_ID = bytes.fromhex("8000000004") + b"trapgate send"
"""Which engine sends if none is named: RFC 3411 §5, format 4 (a text). trapgate has no enterprise
number; 0 is reserved, so that this is nobody's."""


class Unsendable(Exception):
    """The arguments do not make a notification; the message says what to change."""


class Security(msgspec.Struct, frozen=True):
    """The options as they were given; `None` is not given."""

    version: str = "2c"
    community: str | None = None
    user: str | None = None
    level: str | None = None
    auth: str | None = None
    auth_passphrase: str | None = None
    auth_passphrase_file: str | None = None
    privacy: str | None = None
    privacy_passphrase: str | None = None
    privacy_passphrase_file: str | None = None
    engine_id: str | None = None
    boots_time: str | None = None
    context: str | None = None


class User(msgspec.Struct, frozen=True):
    """A user of SNMPv3 with what its level needs: the algorithms are named as in
    `decode.snmp.users`, passphrases are bytes."""

    name: bytes
    level: SecurityLevel
    auth: str = ""
    auth_passphrase: bytes = b""
    privacy: str = ""
    privacy_passphrase: bytes = b""


class Origin(msgspec.Struct, frozen=True):
    """The engine that an SNMPv3 trap comes from. `boots_time` is `None` for the clock's."""

    engine_id: bytes = OWN_ENGINE_ID
    boots_time: tuple[int, int] | None = None
    context: bytes = b""


def community_of(security: Security) -> str:
    """The community of an SNMPv1 or SNMPv2c message; `public` if none is given.

    Raises `Unsendable` if options of SNMPv3 are given: nobody should believe that they protect it.
    """
    if security.version == "3":
        raise Unsendable("SNMPv3 has no community: give a user with -u")
    for name in msgspec.structs.asdict(security):
        if name not in ("version", "community") and getattr(security, name) is not None:
            option = "--" + name.replace("_", "-")
            raise Unsendable(f"{option} is for SNMPv3: add -v 3")
    return "public" if security.community is None else security.community


def user_of(security: Security) -> User:
    """The user of an SNMPv3 message. Raises `Unsendable` for what is missing or contradicts."""
    if security.community is not None:
        raise Unsendable("SNMPv3 has no community: leave -c away")
    name = (security.user or "").encode()
    if not 0 < len(name) <= USER_BYTES_MAX:
        raise Unsendable(f"SNMPv3 needs a user of at most {USER_BYTES_MAX} bytes: give it with -u")
    auth = _passphrase(
        "auth", security.auth, security.auth_passphrase, security.auth_passphrase_file, "-a and -A"
    )
    privacy = _passphrase(
        "privacy",
        security.privacy,
        security.privacy_passphrase,
        security.privacy_passphrase_file,
        "-x and -X",
    )
    highest = LEVELS[(auth is not None) + (auth is not None and privacy is not None)]
    level = security.level or ("authPriv" if privacy is not None else highest)
    needed = LEVELS.index(level)
    if needed >= 1 and auth is None:
        raise Unsendable(f"{level} needs -a and -A: an algorithm and a passphrase to sign with")
    if needed == 2 and privacy is None:
        raise Unsendable("authPriv needs -x and -X: an algorithm and a passphrase to encrypt with")
    user = User(name, "noAuthNoPriv")
    if needed >= 1 and auth is not None:
        kind = AUTHENTICATIONS[(security.auth or "").lower()]
        user = msgspec.structs.replace(user, level="authNoPriv", auth=kind, auth_passphrase=auth)
    if needed == 2 and privacy is not None:
        kind = PRIVACIES[(security.privacy or "").lower()]
        user = msgspec.structs.replace(
            user, level="authPriv", privacy=kind, privacy_passphrase=privacy
        )
    return user


def origin_of(security: Security) -> Origin:
    """The engine of an SNMPv3 trap. Raises `Unsendable` for what is not one."""
    context = (security.context or "").encode()
    engine_id, boots_time = OWN_ENGINE_ID, None
    if security.engine_id is not None:
        try:
            engine_id = bytes.fromhex(security.engine_id.removeprefix("0x").replace(":", ""))
        except ValueError:
            engine_id = b""
        if len(engine_id) not in ENGINE_ID_BYTES:
            raise Unsendable(f'"{security.engine_id}" is not an engine ID: 5 to 32 bytes in hex')
    if security.boots_time is not None:
        boots, comma, time = security.boots_time.partition(",")
        if not comma or not all(map(_is_engine_number, (boots, time))):
            raise Unsendable(f'"{security.boots_time}" is not BOOTS,TIME: two numbers below 2^31')
        boots_time = int(boots), int(time)
    return Origin(engine_id, boots_time, context)


def _is_engine_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= ENGINE_NUMBER_MAX


def _passphrase(
    what: str, algorithm: str | None, given: str | None, file: str | None, options: str
) -> bytes | None:
    """A passphrase, from the command line or a file (blanks and line ends around it are not part
    of it); `None` if there is none."""
    if given is not None and file is not None:
        raise Unsendable(f"give --{what}-passphrase or --{what}-passphrase-file, not both")
    if file is not None:
        try:
            given = Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise Unsendable(f"cannot read {file}: {reason}") from None
    if (algorithm is None) != (given is None):
        raise Unsendable(f"{options} belong together: an algorithm and its passphrase")
    if given is None:
        return None
    if len(given) < PASSPHRASE_CHARS_MIN:
        raise Unsendable(f"the {what} passphrase is shorter than {PASSPHRASE_CHARS_MIN} characters")
    return given.encode()

"""The `users` of the `snmp` section: who may send SNMPv3, with which keys, from which engines."""

from collections.abc import Sequence
from typing import Literal

from trapgate.config import Cidr, Section
from trapgate.decode.snmp.engines import ENGINE_ID_BYTES
from trapgate.decode.snmp.keys import PASSPHRASE_BYTES_MIN, AuthName, PrivacyName
from trapgate.decode.snmp.refusals import USER_NAME_BYTES_MAX
from trapgate.decode.snmp.v3 import LEVELS
from trapgate.model import Problem, SecurityLevel

WEAK = ("md5", "des")
"""Broken for long, and every net-snmp of the last fifteen years does better. SHA-1 is not among
them: as an HMAC it is not broken, and it is all that many devices have."""


class UserSettings(Section, frozen=True, kw_only=True):
    """One SNMPv3 user, as far as it may send here. The same user may be in several entries with
    other keys, if engine IDs, sources or the keys themselves tell them apart."""

    name: str
    """What events, logs and metrics call this entry."""

    user: str | None = None
    """The user name that the devices are configured with (security name); `name` if not given."""

    auth: AuthName = "none"
    """How the user's messages are signed. A device's "SHA" is `sha-1`; MD5 only where a device has
    nothing else."""

    auth_passphrase: str | None = None
    """The passphrase for `auth`, at least 8 characters."""

    auth_passphrase_file: str | None = None
    """A file that holds it, instead of `auth_passphrase`."""

    privacy: PrivacyName = "none"
    """How the user's messages are encrypted. AES-192 and AES-256 come in two forms that differ only
    with `md5`, `sha-1` and `sha-224`: *reeder* is that of Cisco and most other devices (gosnmp and
    Telegraf call it AES256C, pysnmp usmAesCfb256Protocol); *blumenthal* is net-snmp's `-x AES-256`
    (pysnmp's usmAesBlumenthalCfb256Protocol, gosnmp's AES256). If the events are missing and the
    refusals say `decryption-error`, try the other one. The commands also take `aes-256` for
    `aes-256-blumenthal` and `aes-256-c` for `aes-256-reeder`; here it must be said in full."""

    privacy_passphrase: str | None = None
    """The passphrase for `privacy`, at least 8 characters."""

    privacy_passphrase_file: str | None = None
    """A file that holds it, instead of `privacy_passphrase`."""

    level: SecurityLevel | None = None
    """The lowest security level that is taken from this user; if not given, the highest that
    the keys allow. What is below it is refused: anybody can name a user without the keys."""

    engines: Literal["pinned", "learn", "any"] = "learn"
    """From which engines the user's traps are taken: `pinned`, only from `engine_ids`; `learn`,
    from any that has the right keys, remembered for ever at its first message and listed by
    `trapgate snmp engines list`; `any`, from any without a list."""

    engine_ids: tuple[str, ...] = ()
    """Engine IDs in hex, 5 to 32 bytes: the only ones with `pinned`, with `learn` those that are
    taken even if `engines_max` is reached."""

    time_window: Literal["flag", "enforce"] = "flag"
    """What becomes of a message whose boots and time lie behind what the device said to this user
    before, which is a replay, or a device that forgot its clock when it was restarted: `flag` keeps
    it with the problem `outside-time-window`, `enforce` refuses it."""

    sources: tuple[Cidr, ...] = (Cidr.from_text("private"),)
    """Networks from which this user is taken: CIDRs, `private` or `any`."""

    @property
    def security_name(self) -> bytes:
        """What is on the wire."""
        return (self.name if self.user is None else self.user).encode()

    @property
    def rank_max(self) -> int:
        """The index in `v3.LEVELS` of the highest level that the keys allow."""
        return 0 if self.auth == "none" else 1 if self.privacy == "none" else 2

    @property
    def rank_min(self) -> int:
        """The index of the lowest level that is taken."""
        return self.rank_max if self.level is None else LEVELS.index(self.level)


def engine_id_of(text: str) -> bytes:
    """An engine ID from hex; `0x`, blanks and colons are taken.

    Raises `ValueError`, a sentence for the user.
    """
    try:
        engine_id = bytes.fromhex(text.strip().removeprefix("0x").replace(":", ""))
    except ValueError:
        raise ValueError(
            f'"{text}" is not hex: write an engine ID as 8000000903001122334455'
        ) from None
    least, most = ENGINE_ID_BYTES
    if not least <= len(engine_id) <= most:
        raise ValueError(f'"{text}" has {len(engine_id)} bytes: an engine ID has {least} to {most}')
    return engine_id


def check_users(users: Sequence[UserSettings]) -> list[Problem]:
    """Everything that types cannot say about the users; passphrases that are in files are looked
    at as soon as they are in the settings."""
    problems: list[Problem] = []
    seen: dict[str, UserSettings] = {}
    for entry in users:
        first = seen.setdefault(entry.name, entry)
        if first is not entry:
            line = first.where.key("name").line
            summary = f'the name "{entry.name}" is given twice (first in line {line})'
            problems.append(entry.problem("name", summary, "events must tell entries apart"))
        problems += _check_keys(entry) + _check_access(entry)
    weak = [entry for entry in users if entry.auth in WEAK or entry.privacy in WEAK]
    if weak:
        names = ", ".join(entry.name for entry in weak)
        summary = f"MD5 and DES are broken: {names}"
        hint = "use sha-256 and aes-128 where the devices can"
        span = weak[0].where.key("auth" if weak[0].auth in WEAK else "privacy")
        problems.append(Problem("weak-algorithm", "warning", summary, span, hint))
    return problems


def _check_keys(entry: UserSettings) -> list[Problem]:
    problems = []
    if entry.privacy != "none" and entry.auth == "none":
        summary = f'"{entry.name}" has privacy without auth, which SNMPv3 does not know'
        problems.append(entry.problem("privacy", summary, 'choose "auth" as well'))
    kinds = (
        ("auth", entry.auth, entry.auth_passphrase, entry.auth_passphrase_file),
        ("privacy", entry.privacy, entry.privacy_passphrase, entry.privacy_passphrase_file),
    )
    for key, algorithm, passphrase, file in kinds:
        if algorithm == "none":
            if passphrase is not None or file is not None:
                summary = f'"{entry.name}" has a passphrase for {key}, but no "{key}"'
                problems.append(entry.problem(f"{key}_passphrase", summary, f'choose "{key}"'))
        elif (passphrase is None) == (file is None):
            what = "neither" if passphrase is None else "both"
            summary = f'"{entry.name}" has {what} of "{key}_passphrase" and "{key}_passphrase_file"'
            place = key if passphrase is None else f"{key}_passphrase_file"
            problems.append(entry.problem(place, summary, "give exactly one of them"))
        elif passphrase is not None and len(passphrase.encode()) < PASSPHRASE_BYTES_MIN:
            summary = f'the passphrase for {key} of "{entry.name}" has fewer than 8 characters'
            problems.append(entry.problem(f"{key}_passphrase", summary, "RFC 3414 asks for 8"))
    if entry.rank_min > entry.rank_max:
        summary = f'"{entry.name}" has no keys for the level {entry.level}'
        problems.append(entry.problem("level", summary, 'give it "auth" and "privacy"'))
    return problems


def _check_access(entry: UserSettings) -> list[Problem]:
    problems = []
    if not 1 <= len(entry.security_name) <= USER_NAME_BYTES_MAX:
        summary = f"a user name has 1 to {USER_NAME_BYTES_MAX} bytes"
        key = "name" if entry.user is None else "user"
        problems.append(entry.problem(key, summary, 'give the name on the devices as "user"'))
    for text in entry.engine_ids:
        try:
            engine_id_of(text)
        except ValueError as error:
            problems.append(entry.problem("engine_ids", str(error)))
    if entry.engines == "pinned" and not entry.engine_ids:
        summary = f'"{entry.name}" is pinned to no engine'
        problems.append(entry.problem("engines", summary, 'list "engine_ids"'))
    if entry.engines == "any" and entry.engine_ids:
        summary = f'"{entry.name}" takes any engine: "engine_ids" would say nothing'
        problems.append(entry.problem("engine_ids", summary, 'use "learn", or leave it out'))
    if not entry.sources:
        summary = f'"{entry.name}" has no sources'
        problems.append(entry.problem("sources", summary, 'name networks, "private" or "any"'))
    return problems

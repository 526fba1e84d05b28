"""The `snmp` section of `trapgate.yml`: who may send traps, and how large they may be."""

from trapgate.config import Cidr, Section
from trapgate.decode.snmp.limits import SnmpLimits, check_limits
from trapgate.decode.snmp.users import UserSettings, check_users, engine_id_of
from trapgate.model import Problem

ENGINES_MAX = 16_384
"""Engines that are learned: a large network's devices. At about 500 bytes each this is 8 MB,
for each leg of ingest."""

ENGINES_LIMIT = 262_144
"""The most that `engines_max` may be set to: a memory of 150 MB, of which 30 MB are
saved every 10 s."""


class CommunitySettings(Section, frozen=True, kw_only=True):
    """One community of SNMPv1 and SNMPv2c, and where it may come from."""

    name: str
    """What events, logs and metrics call this entry; the community itself is never shown."""

    community: str | None = None
    """The community, in UTF-8. Anyone on the path can read it in any trap: bind it to `sources`."""

    community_file: str | None = None
    """A file that holds the community (blanks and line ends around it are not part of it), instead
    of `community`."""

    sources: tuple[Cidr, ...] = (Cidr.from_text("private"),)
    """Networks from which this community is taken: CIDRs, `private` or `any`."""


class SnmpSettings(Section, frozen=True, kw_only=True):
    """SNMP traps and informs."""

    communities: tuple[CommunitySettings, ...] = (
        CommunitySettings(name="default", community="public"),
    )
    """Communities that are taken; a trap that matches none is counted and not kept. An empty list
    takes no trap."""

    users: tuple[UserSettings, ...] = ()
    """Users of SNMPv3; see docs/snmp-v3.md. Without any, its messages are kept undecoded."""

    engines_max: int = ENGINES_MAX
    """How many engines are learned, 1 to 262144. Past it a new one is refused with the reason
    `too-many-engines`; none gives way."""

    engine_id: str | None = None
    """Our own engine ID in hex, 5 to 32 bytes: what senders of SNMPv3 informs address. If not
    given, one is made at the first start and kept in the data folder. Used from the next start."""

    discovery: bool = True
    """Whether senders of SNMPv3 informs are told our engine ID and clock (Reports), which they
    need to send anything."""

    limits: SnmpLimits = SnmpLimits()
    """How much of a datagram is decoded."""


def check_snmp(settings: SnmpSettings) -> list[Problem]:
    """Everything that types cannot say: one community a name, from one place, for some source."""
    problems = check_limits(settings.limits) + check_users(settings.users)
    if not 1 <= settings.engines_max <= ENGINES_LIMIT:
        summary = f'"engines_max" must be 1 to {ENGINES_LIMIT}'
        problems.append(settings.problem("engines_max", summary))
    if settings.engine_id is not None:
        try:
            engine_id_of(settings.engine_id)
        except ValueError as error:
            problems.append(settings.problem("engine_id", str(error)))
    seen: dict[str, CommunitySettings] = {}
    for entry in settings.communities:
        problems += _check_community(entry)
        first = seen.setdefault(entry.name, entry)
        if first is not entry:
            summary = f'the name "{entry.name}" is given twice (first in line {_line(first)})'
            problems.append(entry.problem("name", summary, "events must tell entries apart"))
    return problems


def _check_community(entry: CommunitySettings) -> list[Problem]:
    problems = []
    if (entry.community is None) == (entry.community_file is None):
        what = "neither" if entry.community is None else "both"
        summary = f'"{entry.name}" has {what} of "community" and "community_file"'
        problems.append(entry.problem("community_file", summary, "give exactly one of them"))
    elif entry.community == "":
        summary = f'the community of "{entry.name}" is empty'
        problems.append(entry.problem("community", summary, "an empty community lets anyone in"))
    if not entry.sources:
        summary = f'"{entry.name}" has no sources'
        problems.append(entry.problem("sources", summary, 'name networks, "private" or "any"'))
    return problems


def _line(entry: CommunitySettings) -> int:
    return entry.where.key("name").line

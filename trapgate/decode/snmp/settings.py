"""The `snmp` section of `trapgate.yml`: who may send traps, and how large they may be."""

from collections.abc import Mapping
from typing import ClassVar

from trapgate.config import Cidr, Section
from trapgate.decode.snmp.varbinds import VARBINDS_MAX
from trapgate.model import Problem

VARBINDS_LIMIT = 4_096
"""The most that `varbinds_max` may be set to: each variable becomes a field of the event."""


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

    later: ClassVar[Mapping[str, str]] = {
        "users": "SNMPv3 is not decoded, its messages are kept undecoded",
        "engines": "SNMPv3 is not decoded, its messages are kept undecoded",
    }

    communities: tuple[CommunitySettings, ...] = (
        CommunitySettings(name="default", community="public"),
    )
    """Communities that are taken; a trap that matches none is counted and not kept. An empty list
    takes no trap."""

    varbinds_max: int = VARBINDS_MAX
    """A trap with more variables than this is kept undecoded."""


def check_snmp(settings: SnmpSettings) -> list[Problem]:
    """Everything that types cannot say: one community a name, from one place, for some source."""
    problems = []
    if not 1 <= settings.varbinds_max <= VARBINDS_LIMIT:
        summary = f'"varbinds_max" must be 1 to {VARBINDS_LIMIT}'
        problems.append(settings.problem("varbinds_max", summary))
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

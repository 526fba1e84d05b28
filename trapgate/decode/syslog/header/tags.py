"""What stands between a host and the text: the program that wrote the line, as vendors write it.

sshd[42]: text                  RFC 3164 §4.1.3: the tag
notice mcpd[5123]: text         F5: a severity word first
INFO swss#orchagent: text       SONiC: the same, and the container
00179 mgr: text                 ProCurve: the event's number first
"""

import re

import msgspec

from trapgate.decode.syslog.header.header import Step
from trapgate.decode.syslog.header.names import LEVELS


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A program before the text, which begins at `end`. `sure`: more than a colon says so."""

    end: int
    appname: str
    procid: str | None = None
    level: int | None = None
    msgid: str | None = None
    sure: bool = False


_TAG = re.compile(
    r"(?![%*<(\"])([^\s:\[\]=|,\"]{1,64})(?:\[([^\]\s]{0,32})\](?:: ?|(?= )|$)|:(?: |$))", re.ASCII
)
"""RFC 3164 with room (it allows 32 letters and digits): `sshd[42]:`, `postfix/smtp[7]:`, `root:`.
Without a pid the colon must end the word, else `http://` were a tag."""

_LETTER = re.compile(r"[A-Za-z]")
_LEVEL = re.compile(r"([A-Za-z]{3,8}) {1,4}")
_NUMBERED = re.compile(r"([0-9]{5}) {1,2}((?:[A-Za-z]|802\.)[A-Za-z0-9_./-]{0,31}): {1,4}")
_CONTAINED = re.compile(
    r"([a-z][a-z0-9_-]{0,31}#[A-Za-z][A-Za-z0-9_.-]{0,47})(?:\[([0-9]{1,10})\])?:?(?= |$) ?"
)
"""SONiC's container and program, which some write without a colon: no sentence has that word."""

_SELECTOR = re.compile(
    r"(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7])\."
    r"(emerg|alert|crit|err|error|warn|warning|notice|info|debug)(?=:? )"
)
"""A facility and a level, as relays and BusyBox write them before the program."""

FACILITY_CHARS_MAX = len("authpriv.")

_SELECTED = {"error": 3, "warn": 4}
"""Levels that stand for one only behind a facility."""

_FORMATS = frozenset(("CEF", "LEEF"))
_MODULE = re.compile(r"[A-Z][A-Z0-9_]{1,31}/[0-7]/[A-Za-z][A-Za-z0-9_]{1,63}")
"""Comware's and VRP's module, severity and mnemonic."""


def tag_at(text: str, at: int, steps: list[Step]) -> Tag | None:
    """The program that stands here, `None` (and no steps) if there is none."""
    found = _TAG.match(text, at)
    if found is not None:
        program, pid = found.groups()
        if _LETTER.search(program) is None or (pid is None and opens_text(program)):
            return None
        steps.append(("program", at, found.end(1)))
        if pid is None:
            return Tag(found.end(), program)
        steps.append(("pid", found.start(2), found.end(2)))
        return Tag(found.end(), program, pid, sure=True)
    if text[at : at + 1].isdigit():
        return _numbered(text, at, steps)
    if text[at : text.find(" ", at, at + 9)] in LEVELS:
        return _levelled(text, at, steps)
    if text.find(".", at, at + FACILITY_CHARS_MAX) < 0:
        return None
    selector = _SELECTOR.match(text, at)
    return None if selector is None else _levelled(text, selector.start(1), steps)


def opens_text(program: str) -> bool:
    """Whether a word before a colon is no program but begins the text: a module, a severity and a
    mnemonic (`IFNET/3/PHY_UPDOWN`), or the name of a format (FortiGate's `CEF: 0|…`)."""
    return program in _FORMATS or ("/" in program and _MODULE.fullmatch(program) is not None)


def selector_at(text: str, at: int, steps: list[Step]) -> int:
    """Where the facility and the level of a relay (`local3.notice: `) end, if they stand here."""
    if text.find(".", at, at + FACILITY_CHARS_MAX) < 0:
        return at
    found = _SELECTOR.match(text, at)
    if found is None or not text.startswith(":", found.end()):
        return at
    steps.append(("level", at, found.end()))
    return found.end() + 2


def is_selector(program: str) -> bool:
    """Whether a word before a colon is a relay's facility and level."""
    return "." in program and _SELECTOR.match(f"{program} ") is not None


def _numbered(text: str, at: int, steps: list[Step]) -> Tag | None:
    found = _NUMBERED.match(text, at)
    if found is None:
        return None
    steps.append(("event", at, found.end(1)))
    steps.append(("program", found.start(2), found.end(2)))
    return Tag(found.end(), found[2], msgid=found[1], sure=True)


def _levelled(text: str, at: int, steps: list[Step]) -> Tag | None:
    found = _LEVEL.match(text, at)
    if found is None:
        return None
    place = len(steps)
    steps.append(("level", at, found.end(1)))
    tag = _TAG.match(text, found.end()) or _CONTAINED.match(text, found.end())
    if tag is None:
        del steps[place:]
        return None
    steps.append(("program", tag.start(1), tag.end(1)))
    if tag[2] is not None:
        steps.append(("pid", tag.start(2), tag.end(2)))
    level = LEVELS.get(found[1], _SELECTED.get(found[1]))
    return Tag(tag.end(), tag[1], tag[2], level, sure=True)

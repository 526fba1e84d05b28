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
_NUMBERED = re.compile(r"([0-9]{5}) {1,2}([A-Za-z][A-Za-z0-9_./-]{0,31}): {1,4}")


def tag_at(text: str, at: int, steps: list[Step]) -> Tag | None:
    """The program that stands here, `None` (and no steps) if there is none."""
    found = _TAG.match(text, at)
    if found is not None:
        program, pid = found.groups()
        if _LETTER.search(program) is None:
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
    return None


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
    tag = _TAG.match(text, found.end())
    if tag is None:
        del steps[place:]
        return None
    steps.append(("program", tag.start(1), tag.end(1)))
    if tag[2] is not None:
        steps.append(("pid", tag.start(2), tag.end(2)))
    return Tag(tag.end(), tag[1], tag[2], LEVELS[found[1]], sure=True)

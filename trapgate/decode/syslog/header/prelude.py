"""What Cisco writes before the time, and behind it before the message.

    45: [syslog@9 s_sn="45"]: r1: 000123: RP/0/RSP1/CPU0:*Jul  1 01:00:40.123 UTC: bgp[1051]: %…

Each part is optional: a count of messages, structured data, the origin's name, a sequence number,
the node (IOS-XR) or the task (AireOS). A step that does not find its part leaves its place to the
next one.
"""

import re
from collections.abc import Mapping

import msgspec

from trapgate.decode.syslog.header.clock import CLOSE
from trapgate.decode.syslog.header.header import Step
from trapgate.decode.syslog.header.names import (
    HOST_CHARS_MAX,
    UNSPECIFIED,
    is_host_address,
    may_be_host,
)
from trapgate.decode.syslog.header.rfc5424 import structured_data
from trapgate.decode.syslog.header.shapes import may_start, scan, skip_spaces
from trapgate.decode.syslog.header.tags import is_selector
from trapgate.decode.syslog.header.zones import is_zone


class Prelude(msgspec.Struct, frozen=True, gc=False):
    """What stands before the time; it ends at `end`. `numbered`: there was a counter, even an empty
    one. Of two numbers the last one counts. `origin_colon`: the origin ended with a colon."""

    end: int
    numbered: bool = False
    number: int | None = None
    origin: str | None = None
    origin_colon: bool = False
    node: str | None = None
    task: str | None = None
    structured_data: Mapping[str, Mapping[str, str]] = {}


_COUNT = re.compile(r"([0-9]{1,10}) ?: {1,8}|:(?: {1,8}|(?=[A-Z0-9*.%\[]))")
"""A message count; some releases leave the number out and keep the colon."""

_SEQUENCE = re.compile(r"([0-9]{1,10}) ?: {1,8}")
"""IOS counts with 32 bits: at most ten digits."""

_NODE = re.compile(
    r"((?:[A-Z]{2,5}/|(?:CLC|LC|RP|DRP|RSP|SC|FC) )?"
    r"[0-9]{1,3}(?:/[A-Z]{0,5}[0-9]{1,3}){1,3}) ?::? ?"
)
"""`RP/0/RSP1/CPU0:`, `LC/0/0/CPU0:`, `0/RP0/CPU0:`, `CLC 6/0:`."""

_TASK = re.compile(r"\*([A-Za-z_][A-Za-z0-9_. /-]{0,63}): {1,8}")
"""AireOS names the task before the time: `*spamApTask1: Jun 14 …`."""

_PROCESS = re.compile(r"([A-Za-z_][^\s:\[\]]{0,63})\[([0-9]{1,10})\] ?: {1,8}(?=%|[^ ])")
_FREE = re.compile(r"[A-Za-z][^%<>\[\]{}=\"]{0,63}?: {1,4}(?=[*.]?[A-Z0-9])")
"""`logging origin-id string` may be any words, an access point gives its address: `AP:0011.…: `.
Neither is a name."""

_CLOSED = re.compile(r"(?: [A-Za-z0-9+:-]{1,10}){0,2} ?: {1,4}%")
_CONTEXT = re.compile(r"%\$ ?([A-Za-z0-9_.-]{1,64}) ?%\$ {1,8}")
"""NX-OS: the virtual device context."""


def prelude_at(text: str, at: int, steps: list[Step]) -> Prelude:
    """The prelude that begins here; it may be empty, then it ends where it began."""
    elements: Mapping[str, Mapping[str, str]] = {}
    begin = at
    at, number = count_at(text, at, steps)
    numbered = at > begin
    if numbered and text.startswith("[syslog@9 ", at):
        end, elements, _ = structured_data(text, at)
        steps.append(("structured-data", at, end))
        close = CLOSE.match(text, end)
        at = close.end() if close is not None else skip_spaces(text, end)
    at, origin, origin_colon = _origin(text, at, steps)
    found = _SEQUENCE.match(text, at)
    if found is not None:
        steps.append(("sequence", at, found.end(1)))
        numbered, number, at = True, int(found[1]), found.end()
    node = task = None
    found = _NODE.match(text, at)
    if found is not None:
        steps.append(("node", at, found.end(1)))
        node, at = found[1], found.end()
    elif text.startswith("*", at) and scan(text, at + 1) is None:
        found = _TASK.match(text, at)
        if found is not None:
            steps.append(("task", at + 1, found.end(1)))
            task, at = found[1], found.end()
    return Prelude(at, numbered, number, origin, origin_colon, node, task, elements)


def count_at(text: str, at: int, steps: list[Step]) -> tuple[int, int | None]:
    """The count of messages that stands first: where it ends, and its number, `None` for a colon
    alone. Without one it ends where it would begin."""
    found = _COUNT.match(text, at)
    if found is None:
        return at, None
    if not found[1]:
        return found.end(), None
    steps.append(("count", at, found.end(1)))
    return found.end(), int(found[1])


def _origin(text: str, at: int, steps: list[Step]) -> tuple[int, str | None, bool]:
    """The name before the time: `r1: `, `r1 : `; without a colon only where a node or a time
    follows. Where it ends, the name, whether it had a colon."""
    end = text.find(" ", at, at + HOST_CHARS_MAX + 2)
    if end <= at or _NODE.match(text, at):
        return at, None, False
    if text[end - 1] == ":":
        word, behind, colon = text[at : end - 1], skip_spaces(text, end), True
    elif text.startswith(" : ", end):
        word, behind, colon = text[at:end], skip_spaces(text, end + 3), True
    else:
        word, behind, colon = text[at:end], skip_spaces(text, end), False
        if _NODE.match(text, behind) is None and not _time_closed(text, behind):
            return _free_origin(text, at), None, False
    if word in UNSPECIFIED:
        return behind, None, colon
    if word.startswith("[") and is_host_address(word[1:-1]):
        at, word = at + 1, word[1:-1]
    if not word or not (may_be_host(word) or (colon and _named_as_zone(text, word, behind))):
        return _free_origin(text, at), None, False
    steps.append(("host", at, at + len(word)))
    return behind, word, colon


def _free_origin(text: str, at: int) -> int:
    """Where any other words before a colon, a time and a mnemonic end; else where they begin."""
    found = _FREE.match(text, at)
    if found is None or not _time_closed(text, found.end(), whole=True):
        return at
    if scan(text, at) is not None:
        return at  # the header of a relay
    if any(is_selector(word.removesuffix(":")) for word in found[0].split()):
        return at  # what a relay wrote behind its name
    return found.end()


def _named_as_zone(text: str, word: str, behind: int) -> bool:
    """Whether a device is called as a zone is: a name before the time cannot be its zone."""
    return word.isalpha() and word.isupper() and is_zone(word) and _time_closed(text, behind)


def _time_closed(text: str, at: int, whole: bool = False) -> bool:
    """Whether a time with a date stands here (its number before it, perhaps). `whole`: with the
    colon and the mnemonic behind it."""
    if not may_start(text, at):
        return False
    found = _SEQUENCE.match(text, at)
    at = at if found is None else found.end()
    time = scan(text, at + text.startswith(("*", "."), at))
    if time is None or time.civil is None:
        return False
    return not whole or _CLOSED.match(text, time.end) is not None


def process_at(text: str, at: int, steps: list[Step]) -> tuple[int, str | None, str | None]:
    """The process behind a Cisco header (`bgp[1051]: `, IOS-XR): where the message begins, its name
    and its number."""
    found = _PROCESS.match(text, at)
    if found is None:
        return at, None, None
    steps.append(("program", at, found.end(1)))
    steps.append(("pid", found.start(2), found.end(2)))
    return found.end(), found[1], found[2]


def context_at(text: str, at: int, steps: list[Step]) -> tuple[int, str | None]:
    """`%$ VDC-1 %$ ` of NX-OS: where the message begins, and the context's name."""
    found = _CONTEXT.match(text, at)
    if found is None:
        return at, None
    steps.append(("node", found.start(1), found.end(1)))
    return found.end(), found[1]

"""RFC 5424: the header of six fields, structured data, and the text behind it.

Read as strictly as needed to tell it from the older forms, and then as loosely as it makes sense:
an appname may be empty (`logger -t ''`), trailing fields may be missing, a `]` in a value may
stand without its backslash.
"""

import re

from msgspec.structs import replace

from trapgate.decode.syslog.header.header import Elements, Header, Step
from trapgate.decode.syslog.header.names import is_address
from trapgate.decode.syslog.header.times import Civil, iso
from trapgate.model import Problem

FIELD_CHARS_MAX = 255
"""The longest header field (HOSTNAME) of §6; a longer word means that this is no header."""

PARAMETERS_MAX = 256
"""Parameters kept of one message: each becomes a field of the event, and 64 KiB could hold ten
thousand."""

_BEHIND_DATA = frozenset(("", " ", ":"))

QUOTED_CHARS = 100
"""Of a text that are asked for a Cisco header: a relay keeps it there."""

SHORT_HEADER = Problem("short-header", "warning", "the RFC 5424 header ends early")
BAD_STRUCTURED_DATA = Problem(
    "bad-structured-data", "warning", "the structured data is malformed: it was left in the text"
)
MANY_PARAMETERS = Problem(
    "many-parameters", "warning", f"only the first {PARAMETERS_MAX} parameters were kept"
)

_NIL = "-"
_FIELDS = ("time", "host", "program", "pid", "event")
_HOST, _MSGID = 1, 4
_BOM = "\ufeff"

_START = re.compile(r" ?(?:(1) (?=-(?: |$)|[0-9]{4}-)|(?=[0-9]{4}-[0-9]{2}-[0-9]{2}T))")
_UNVERSIONED = re.compile(
    r"[^ ]{1,40} [^ ]{1,255} (?!1 [0-9]{4}-|[0-9]{4}-[0-9]{2}-)"
    r"[^ ]{1,255} [^ ]{1,255} [^ ]{1,255} (?:\[[^ =\]\"]{1,64}@|- )"
)
"""Junos leaves the version out (`<166> 2023-…`): five words and structured data tell it all the
same from a time that is RFC 3164's. A header or a time in the place of the program is that of a
line in a relay's header."""
_ODD_OFFSET = re.compile(r"([0-9T:.-]{19,29})--([0-9]{1,2}:[0-9]{2})")
"""Check Point's exporter, west of Greenwich: `2026-07-01T01:00:40--5:00`."""

_PAIRS = re.compile(r'\[[A-Za-z_]{1,64}:"')
"""Check Point's pairs stand where structured data should: they are the text."""

_MNEMONIC = re.compile(r"%[A-Z][A-Za-z0-9_-]{1,64}-[0-7]-[A-Za-z0-9_]{1,64}:?$")

_ELEMENT = re.compile(r'\[([^\s=\]"]{1,255})')
_PARAMETER = re.compile(
    r' +([^\s=\]"]{1,255}+(?: [^\s=\]"]{1,64}+){0,2})="([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL
)
"""Check Point's names may be two words (`ICMP Type="8"`)."""
_PLAIN_ELEMENT = re.compile(
    r'\[([^\s=\]"]{1,255})((?: [^\s=\]"]{1,255}="[^"\\]*+")*+)\]', re.DOTALL
)
_PLAIN_PARAMETER = re.compile(r' ([^\s=\]"]{1,255})="([^"\\]*+)"', re.DOTALL)
"""Nearly all: one space before each parameter, and no backslash."""

_ESCAPED = re.compile(r'\\(["\\\]])')


def scan_5424(text: str, at: int) -> Header | None:
    """The header whose VERSION stands at `at` (behind the PRI); `None` if it is not of this form.

    A sender that says that its clock is not synchronised (§7.1.2: timeQuality's isSynced="0") has
    marked it. Structured data that cannot be read stays in the text, with a problem.
    """
    start = _START.match(text, at)
    if start is None:
        return None
    if start[1] is None and _UNVERSIONED.match(text, start.end()) is None:
        return None
    words, steps, problems = _words(text, start.end())
    stamp, hostname, appname, procid, msgid, rest = words
    if max(len(hostname), len(appname), len(procid), len(msgid)) > FIELD_CHARS_MAX:
        return None
    civil = None if stamp == _NIL else _time(stamp)
    if civil is None and stamp != _NIL:
        return None
    end, elements, problem = structured_data(rest, 0)
    if problem is BAD_STRUCTURED_DATA and _PAIRS.match(rest):
        problem = None
    if appname.startswith("%") and _MNEMONIC.match(appname):
        return _retagged(text, steps, Header("rfc5424", "", civil, hostname=_host(hostname)))
    return Header(
        "rfc5424",
        rest[end:].lstrip(" ").removeprefix(_BOM),
        civil,
        marked=elements.get("timeQuality", {}).get("isSynced") == "0",
        hostname=_host(hostname),
        appname=_value(appname),
        procid=_value(procid),
        msgid=_value(msgid),
        structured_data=elements,
        problems=problems if problem is None else (*problems, problem),
        steps=steps,
    )


def _time(word: str) -> Civil | None:
    """The time that a word is, `None` if it is none."""
    odd = _ODD_OFFSET.fullmatch(word) if "--" in word else None
    if odd is not None:
        word = f"{odd[1]}-{odd[2]:0>5}"
    found = iso(word, 0)
    return None if found is None or found.end != len(word) else found.civil


def _retagged(text: str, steps: tuple[Step, ...], header: Header) -> Header:
    """The header of a line whose mnemonic (`%ASA-4-106023`) a relay took for its program: the text
    begins there."""
    kept = tuple(step for step in steps if step[0] in ("time", "host"))
    begin = next(start for name, start, _ in steps if name == "program")
    return replace(header, text=text[begin:], steps=kept)


def _words(text: str, at: int) -> tuple[list[str], tuple[Step, ...], tuple[Problem, ...]]:
    """The words from TIMESTAMP to MSGID and all behind them, `-` for each that is missing; which
    characters they take; what was wrong."""
    words = text[at:].split(" ", 5)
    missing = _missing(words)
    if missing is not None:
        fields = (*_FIELDS[:missing], *_FIELDS[missing + 1 :])
        six = [*words[:missing], _NIL, *words[missing:_MSGID], " ".join(words[_MSGID:])]
        return six, _steps(fields, words, at), (SHORT_HEADER,)
    steps = _steps(_FIELDS, words, at)
    if len(words) == 6:
        return words, steps, ()
    return words + [_NIL] * (6 - len(words)), steps, (SHORT_HEADER,)


def _missing(words: list[str]) -> int | None:
    """Which field is left out, if structured data stands in MSGID's place: where a number stands in
    the program's, it is the host (RFC 3164's senders may leave it out), else MSGID (Infinera)."""
    if len(words) <= _MSGID or words[_MSGID][:1] != "[":
        return None
    if structured_data(words[5] if len(words) == 6 else "", 0)[2] is not BAD_STRUCTURED_DATA:
        return None
    if not structured_data(" ".join(words[_MSGID:]), 0)[1]:
        return None
    return _HOST if words[2].isdigit() and words[_HOST] != _NIL else _MSGID


def _steps(fields: tuple[str, ...], words: list[str], at: int) -> tuple[Step, ...]:
    """Which characters the fields take that say something."""
    steps = []
    for name, word in zip(fields, words, strict=False):
        if word != _NIL and word:
            steps.append((name, at, at + len(word)))
        at += len(word) + 1
    return tuple(steps)


def _value(word: str) -> str | None:
    return None if word in (_NIL, "") else word


def _host(word: str) -> str | None:
    """The device: of Infinera's `name@address` the name."""
    if "@" in word:
        name, _, address = word.rpartition("@")
        if is_address(address):
            return _value(name)
    return _value(word)


_Data = tuple[int, Elements, Problem | None]
"""Where structured data ends, its elements by SD-ID, what was wrong."""


def structured_data(text: str, at: int) -> _Data:
    """Read STRUCTURED-DATA (§6.3) at a place: its end, its elements by SD-ID, what was wrong.

    A parameter that an element repeats (§6.3.3 allows it) has its values joined by ", ". If it is
    malformed it ends where it began and has no elements.
    """
    if text.startswith(_NIL, at) and text[at + 1 : at + 2] in ("", " "):
        return at + 1, {}, None
    return _plain_data(text, at) or _any_data(text, at)


def _plain_data(text: str, at: int) -> _Data | None:
    """Elements without anything odd in them, `None` if there is something else."""
    elements: dict[str, dict[str, str]] = {}
    kept = 0
    while (found := _PLAIN_ELEMENT.match(text, at)) is not None:
        sd_id, written = found.groups()
        parameters = _PLAIN_PARAMETER.findall(written)
        kept += len(parameters)
        if sd_id in elements or kept > PARAMETERS_MAX:
            return None
        element = elements[sd_id] = dict(parameters)
        if len(element) < len(parameters):
            return None
        at = found.end()
        if not text.startswith("[", at):
            break
    return (at, elements, None) if elements and text[at : at + 1] in _BEHIND_DATA else None


def _any_data(text: str, at: int) -> _Data:
    elements: dict[str, dict[str, str]] = {}
    begin, kept, cut = at, 0, False
    while (opening := _ELEMENT.match(text, at)) is not None:
        element = elements.setdefault(opening[1], {})
        at = opening.end()
        while (parameter := _PARAMETER.match(text, at)) is not None:
            at = parameter.end()
            kept += 1
            if kept > PARAMETERS_MAX:
                cut = True
                continue
            name, value = parameter.groups()
            if "\\" in value:
                value = _ESCAPED.sub(r"\1", value)
            name = name.replace(" ", "_")
            element[name] = f"{element[name]}, {value}" if name in element else value
        while text.startswith(" ", at):  # Check Point leaves one before the bracket
            at += 1
        if not text.startswith("]", at):
            return begin, {}, BAD_STRUCTURED_DATA
        at += 1
    if at == begin or text[at : at + 1] not in _BEHIND_DATA:
        return begin, {}, BAD_STRUCTURED_DATA
    return at, elements, MANY_PARAMETERS if cut else None

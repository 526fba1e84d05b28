"""A device's name in the header of a line: the forms that it takes and what proves it.

In: a text and the place of the host. Out: the name, where it ends, and whether what follows shows
that it is one and not the first word of a sentence.
"""

import re

import msgspec

from trapgate.decode.syslog.header.names import (
    UNSPECIFIED,
    are_words,
    is_host_address,
    is_titled,
    may_be_host,
    must_be_host,
    opens_sentence,
)
from trapgate.decode.syslog.header.shapes import skip_spaces
from trapgate.decode.syslog.header.tags import tag_at
from trapgate.decode.syslog.header.zones import is_zone


class Host(msgspec.Struct, frozen=True, gc=False):
    """A host's name, which begins at `begin` and ends at `stop`; `end` is where the next part
    begins. `sure`: its form alone tells (an address with a colon, UniFi's triple). `name` is `None`
    for a form that says what the device is but not which."""

    name: str | None
    begin: int
    stop: int
    end: int
    sure: bool = False


WORD = re.compile(r"[^ ]+")

MAC_CHARS = 17
SERIAL_CHARS = 13
"""Of a WatchGuard."""

SYSNAME_CHARS_MAX = 72
"""With quotes, colon and spaces: Comware's names have 64 characters at most."""

_UNIFI = re.compile(
    r"(?:(?P<quote>\(\")?)(?P<name>[A-Za-z0-9_.-]{1,64}),[0-9A-Fa-f]{12},[A-Za-z0-9][0-9A-Za-z.+_-]{0,63}"
    r"(?(quote)\"\):?|:?) {1,4}|[0-9A-Fa-f]{12},[A-Z][0-9A-Za-z.+_-]{1,63}: {1,4}"
)
_UNIFI_MODEL = re.compile(r"U[A-Z0-9]{2,11}|BZ2(?:LR)?|p2N")
"""`U7PG2`, `UDMPRO`, `BZ2LR`: every access point of that kind says so."""

_BRACKETED = re.compile(r"[\[<]([0-9A-Fa-f.:]{2,45})[\]>],?:?")
MEMBER = re.compile(r"((?:[0-9]{1,3}\.){3}[0-9]{1,3})-[0-9]{1,2}")
"""Dell's N series: the address and the unit of the stack."""

_BLADE = re.compile(r"slot[0-9]{1,2}/")
"""F5's VIPRION: the blade before the name."""

_FORWARDED = re.compile(r"(?:Message )?[Ff]orwarded from ([^ :]{1,255}): {1,4}")
"""AIX's syslogd as a relay."""

_SURE = re.compile(
    r"%|: |:$|CEF:|LEEF:|\(FPC |\(\"|<[0-9]{6}> |[0-9],20[0-9]{2}/|date=|devname=|"
    r"[a-z0-9-]{2,32}(?:,[a-z0-9!-]{2,32}){1,6} |\[[A-Za-z_]{1,32}:\"|"
    r"-- MARK --|time=[0-9]{10}\||(?:last )?message repeated [0-9]|[A-Za-z0-9]{2,16} : ?%|"
    r"[0-9A-F]{10,16} [a-z-]{2,32}(?:\[[0-9]{1,10}\])?: |[0-9A-Z]{10,16} \(20[0-9]{2}-|"
    r"<(?:Crit|Erro|Warn|Noti|Info):[A-Za-z]|swlogd |CP[0-9]{1,2} {1,2}(?:\[|- 0x)|"
    r"[A-Z][A-Z0-9_]{1,31}/[0-7]/[A-Za-z][A-Za-z0-9_]{1,63}:|"
    r"(?:c?fpc|[cst]?feb)[0-9]{1,3} |[0-9]-PPE-[0-9]{1,2} |"
    r"[^ ]{1,64} [0-9]{4}-[A-Z][a-z]{2}-|[^ ,]{1,64},[0-9A-Fa-f]{12},[A-Za-z0-9]|[0-9a-f]{12},[A-Z]"
)
"""What no sentence continues with: a mnemonic, CEF, PAN-OS's columns, FortiGate's pairs, MikroTik's
topics, Check Point's pairs, a repeat, FTD's `SFIMS :`, WatchGuard's serial number, Junos's card,
NetScaler's engine, Opengear's own date, UniFi's triple, EXOS's level and component, OmniSwitch's
program, VOSS's card, a module of Comware or VRP."""

_NO_NAME = re.compile(
    r"(?:CP|IO|SF)[0-9]{1,2} {1,2}(?:\[[0-9]{2}/|- 0x)|[0-9A-Z]{10,16} \(20[0-9]{2}-|"
    r"[0-9A-Z]{13} [a-z-]{2,32}(?:\[[0-9]{1,10}\])?: msg_id=\""
)
"""What stands where others name the device: VOSS's card, WatchGuard's serial number."""

_NOBODY = UNSPECIFIED | {"<IP>"}
"""An address that an anonymiser took away, and those of a device that has none."""

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
"""The name of an Aruba access point until somebody gives it one."""

_SYSNAME = re.compile(r"(\"?)([A-Za-z0-9][A-Za-z0-9_.&()-]{0,63})\1 ?:? {1,4}(?=%%(?:10|01)[A-Z])")
"""Between the time and `%%10` or `%%01`, Comware and VRP have the device's name, whatever it is."""

_ODD = re.compile(r"[&()-]")

_ADDRESSED = re.compile(
    r"(?:[0-9]{1,3}\.){3}[0-9]{1,3} [A-Za-z][A-Za-z0-9_-]{0,31}(?:\[[0-9]{1,10}\])?: "
)
"""A name's address and a tag: Ruckus's ICX."""

_PAIR = re.compile(r"[A-Za-z_]{2,32}=[^ ]")


def is_serial(text: str, host: str, at: int) -> bool:
    """Whether what seems a host is a WatchGuard's serial number: the text, which begins at `at`,
    has its number."""
    return len(host) == SERIAL_CHARS and text.startswith('msg_id="', at)


def host_at(text: str, at: int) -> Host | None:
    """The host that may stand here, `None` if the word is certainly none."""
    found = WORD.match(text, at, at + 320)
    if found is None:
        return None
    word, stop = found[0], found.end()
    if word.isupper() and _NO_NAME.match(text, at):
        return None
    end = skip_spaces(text, stop)
    if may_be_host(word):
        return Host(word, at, stop, end)
    if word[-1] == "," and may_be_host(word[:-1]):
        return Host(word[:-1], at, stop - 1, end, _tag_here(text, end))
    if word[-1] == ":" and is_host_address(word[:-1]):
        return Host(word[:-1], at, stop - 1, end, True)
    return _decorated(text, at, word, end)


def _decorated(text: str, at: int, word: str, end: int) -> Host | None:
    """Names with something around them."""
    bracketed = _BRACKETED.fullmatch(word)
    if bracketed is not None and is_host_address(bracketed[1]):
        return Host(bracketed[1], at + 1, at + bracketed.end(1), end, True)
    if word.removesuffix(":") in _NOBODY:
        return Host(None, at, at + len(word), end, True)
    if len(word) == MAC_CHARS and _MAC.fullmatch(word):
        tag = tag_at(text, end, [])
        return Host(word, at, at + len(word), end, True) if tag and tag.procid else None
    member = MEMBER.fullmatch(word)
    if member is not None and is_host_address(member[1]):
        return Host(member[1], at, at + member.end(1), end, True)
    blade = _BLADE.match(word)
    if blade is not None and may_be_host(word[blade.end() :]):
        return Host(word[blade.end() :], at + blade.end(), at + len(word), end)
    if word[0] == "(" or "," in word:
        return triple_at(text, at)
    return None


def triple_at(text: str, at: int) -> Host | None:
    """UniFi: `name,mac,firmware:`, `("model,mac,firmware")` or `mac,model-firmware:`."""
    if text.find(",", at, at + 67) < 0:
        return None
    found = _UNIFI.match(text, at)
    if found is None:
        return None
    name: str | None = found["name"]
    if name is None or _UNIFI_MODEL.fullmatch(name) or not may_be_host(name):
        name = None
    begin, stop = found.span() if name is None else found.span("name")
    return Host(name, begin, stop if name else found.end(), found.end(), True)


def sysname_at(text: str, at: int) -> Host | None:
    """The name before `%%10`: also one in quotes, with a colon, or without a letter (`67-215`), but
    no number alone and no zone."""
    if text.find("%%", at, at + SYSNAME_CHARS_MAX) < 0:
        return None
    found = _SYSNAME.match(text, at)
    if found is None or is_zone(found[2]):
        return None
    if not may_be_host(found[2]) and _ODD.search(found[2]) is None:
        return None
    return Host(found[2], found.start(2), found.end(2), found.end(), True)


def forwarded_at(text: str, at: int) -> Host | None:
    """`Message forwarded from r1: `."""
    if text[at : at + 1] not in ("M", "F", "f"):
        return None
    found = _FORWARDED.match(text, at)
    if found is None or not may_be_host(found[1]):
        return None
    return Host(found[1], found.start(1), found.end(1), found.end(), True)


def proven(text: str, host: Host) -> bool:
    """Whether a word that may be a host is one: by its form, or by what stands behind it. A tag
    without a pid proves it only of words that do not begin sentences (`Interface eth0: down`)."""
    if host.sure or host.name is None:
        return True
    if must_be_host(host.name):
        return True
    if _SURE.match(text, host.end) or text.startswith(f"{host.name} ", host.end):
        return True
    tag = tag_at(text, host.end, [])
    if tag is not None and tag.sure:
        return True
    if tag is not None:
        return not are_words(host.name, tag.appname)
    if "-" in host.name and _ADDRESSED.match(text, host.end):
        return True
    if _PAIR.match(text, host.end) is None:
        return False
    return not (opens_sentence(host.name) or is_titled(host.name))


def _tag_here(text: str, at: int) -> bool:
    return tag_at(text, at, []) is not None

"""Bodies that name their values: key=value, CEF, LEEF, and columns separated by commas.

Each reader maps a text to its values by key, as written; whatever does not fit is left out. None
raises, and each is bounded in keys, in characters of a value and in characters read.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from string import ascii_letters

PAIRS_MAX = 128
"""Keys of one line: a firewall's traffic log has 40 to 110 columns. Each becomes a field."""

KEY_CHARS_MAX = 64
"""Of a key; longer words are text."""

VALUE_CHARS_MAX = 1_024
"""Of a value: what a keyword field of Elasticsearch takes."""

PARTS_MAX = 4 * PAIRS_MAX
"""Parts between separators of one line: values have separators too (`-` in a MAC address)."""

TEXT_CHARS_MAX = 16_384
"""Of a text that is searched for pairs: twice the longest line that firewalls write."""

Pairs = Mapping[str, str]

_KEY = r"([A-Za-z_][A-Za-z0-9_.-]{0,63}+)(?:=|:(?=\"))"
_OTHERWISE = r"|'([^']{0,1024})'|(\S*))"

_PAIR = re.compile(_KEY + r'(?:"([^"\\]{0,2048}(?:\\.[^"\\]{0,2048}){0,64})"' + _OTHERWISE)
"""`key=value`, `key="two words"`, Meraki's `key='two words'`, Check Point's `key:"value"; `."""

_PLAIN_PAIR = re.compile(_KEY + r'(?:"([^"]{0,2048})"' + _OTHERWISE)
"""The same in a text without a backslash."""

_CLOSING = ";,])."
"""What may close a list or a sentence behind a value."""

_BETWEEN = ";,])"
"""The same behind a value that is not the last one between separators: a sentence goes on."""

_ENDING = frozenset(");")
"""What ends a value for certain: what stands behind the next separator is not its own."""

_NOT_FIRST = "0123456789.-"
_IN_KEY = f"{ascii_letters}_{_NOT_FIRST}"
"""The characters of a key, and those of them that none begins with."""

_QUOTED = re.compile(r"\\([\"\\\]=|;])")

_HEADER_PART = re.compile(r"((?:[^|\\]|\\.){0,1024}+)\|")
"""A part of CEF's header, up to a bar without a backslash."""

_EXTENSION_KEY = re.compile(r"(?:^| )([A-Za-z0-9_.\[\]-]{1,64})=")
_ESCAPES: Mapping[str, str] = {"\\\\": "\\", "\\=": "=", "\\|": "|", "\\n": "\n", "\\r": "\r"}
_ESCAPE = re.compile(r"\\[\\=|nr]")

_BAR_BEFORE_KEY = re.compile(r"\|(?=[A-Za-z_][A-Za-z0-9_.-]{0,63}+=)")

_CELL = re.compile(r'(?:^|,)(?:"((?:[^"]|"")*+)"[^,]*|([^,]*))')

CEF_HEADER = (
    "deviceVendor",
    "deviceProduct",
    "deviceVersion",
    "signatureId",
    "name",
    "cefSeverity",
)
"""The parts of CEF's header behind the version, in order (ArcSight Common Event Format, 2017)."""

LEEF_HEADER = ("deviceVendor", "deviceProduct", "deviceVersion", "eventId")
"""The parts of LEEF's header behind the version, in order (IBM QRadar, LEEF 1.0 and 2.0)."""


def may_name(text: str) -> bool:
    """Whether `read_pairs` or `read_listed` could find something: a cheap look."""
    return "=" in text or ':"' in text


def read_pairs(text: str) -> Pairs:
    """`key=value key="quoted value"`, or Check Point's `key:"value"; `; the first of a key wins."""
    pairs: dict[str, str] = {}
    found = _PAIR if "\\" in text else _PLAIN_PAIR
    for key, quoted, single, plain in found.findall(text[:TEXT_CHARS_MAX]):
        if key in pairs:
            continue
        if plain:
            ended = plain[-1] in _CLOSING or len(plain) > VALUE_CHARS_MAX
            pairs[key] = _bare(plain) if ended else plain
        else:
            pairs[key] = (_QUOTED.sub(r"\1", quoted) if "\\" in quoted else quoted) or single
        if len(pairs) == PAIRS_MAX:
            break
    return pairs


def read_listed(text: str, separator: str) -> Pairs:
    """`(A=two words, B=c, C="d, e")`: values that may have blanks, between separators; the first of
    a key wins.

    A key is the word before the last `=` of a part. Where a quote stands behind a `=`, the value
    goes to the next quote, whatever is between. A part without any `=` belongs to the value before
    it (`MACAddr=0000-5e00-5331` between `-`), unless `)` or `;` has ended that.
    """
    text = text[:TEXT_CHARS_MAX]
    quoted = '="' in text
    pairs: dict[str, str] = {}
    key = value = ""
    for before, sign, behind in (_quoted_parts if quoted else _plain_parts)(text, separator):
        if not sign:
            if key and behind and _goes_on(value):
                value = f"{value}{separator}{behind}"
            continue
        if key:
            pairs[key] = _listed_value(value, _BETWEEN)
            if len(pairs) == PAIRS_MAX:
                return pairs
        before = before[-KEY_CHARS_MAX:]
        # a pattern would try each place before the key's in vain
        key = before[len(before.rstrip(_IN_KEY)) :].lstrip(_NOT_FIRST)
        if key in pairs:
            key = ""
        value = behind
    if key:
        pairs[key] = _listed_value(value, _CLOSING)
    return pairs


_Part = tuple[str, str, str]
"""What stands before the sign, the sign, and what stands behind it; the last is all without a
sign, which is empty then."""


def _plain_parts(text: str, separator: str) -> list[_Part]:
    """The parts of a text without quotes behind a sign."""
    return [part.rpartition("=") for part in text.split(separator, PARTS_MAX)[:PARTS_MAX]]


def _quoted_parts(text: str, separator: str) -> Iterator[_Part]:
    """The parts of any text: a separator or a sign in quotes is neither."""
    at = 0
    for _ in range(PARTS_MAX):
        stop = text.find(separator, at)
        sign = text.find('="', at, len(text) if stop < 0 else stop)
        if sign >= 0:
            closing = text.find('"', sign + 2, sign + 3 + VALUE_CHARS_MAX)
            if stop >= 0 and closing >= stop:
                stop = text.find(separator, closing)
        end = len(text) if stop < 0 else stop
        if sign < 0:
            yield text[at:end].rpartition("=")
        else:
            yield text[at:sign], "=", text[sign + 1 : end]
        if stop < 0:
            return
        at = stop + len(separator)


def _goes_on(value: str) -> bool:
    """Whether a value may have the next separator in it."""
    return len(value) < VALUE_CHARS_MAX and value.rstrip()[-1:] not in _ENDING


def _listed_value(value: str, closing: str) -> str:
    """A value between separators: what is in quotes, if it begins with one, else without what
    may be `closing` the list."""
    value = value.strip()
    if value[:1] == '"':
        quote = value.find('"', 1)
        if quote > 0:
            return value[1:quote][:VALUE_CHARS_MAX]
    return _bare(value, closing) if value[-1:] in _CLOSING else value[:VALUE_CHARS_MAX]


def _bare(value: str, closing: str = _CLOSING) -> str:
    """A value without what closes a list or a sentence behind it, and without brackets around it
    (`[2001:db8::1]`)."""
    value = value[:VALUE_CHARS_MAX]
    bare = value.rstrip(";,]" if "(" in value else closing)
    return bare[1:].strip() if bare[:1] == "[" and "]" in value[len(bare) :] else bare


def read_cef(text: str) -> Pairs:
    """The header's parts under the names of `CEF_HEADER`, and the extension's keys; empty if the
    text holds no `CEF:` with its seven bars."""
    begin = text.find("CEF:")
    parts, at = _bars(text, begin + 4, 1 + len(CEF_HEADER)) if begin >= 0 else ([], 0)
    if len(parts) != 1 + len(CEF_HEADER):
        return {}
    pairs = {key: _unescaped(part) for key, part in zip(CEF_HEADER, parts[1:], strict=True)}
    return pairs | _extension(text[at : at + TEXT_CHARS_MAX])


def _extension(text: str) -> dict[str, str]:
    """CEF's `key=value with blanks key=...`: a value ends where the next key begins. Infoblox puts
    its values in quotes, which are left out."""
    keys = list(islice(_EXTENSION_KEY.finditer(text), PAIRS_MAX))
    ends = [key.start() for key in keys[1:]] + [len(text)]
    return {
        key[1]: _unescaped(_unquoted(text[key.end() : end].strip()))[:VALUE_CHARS_MAX]
        for key, end in zip(keys, ends, strict=False)  # without a key there is still one end
    }


def _unquoted(value: str) -> str:
    quoted = value[:1] == '"' and value[-1:] == '"' and value.count('"') == 2
    return value[1:-1] if quoted else value


def read_leef(text: str) -> Pairs:
    """The header's parts under the names of `LEEF_HEADER`, and the attributes; empty if the text
    holds no `LEEF:`. Attributes are separated by a tab, or by what a LEEF 2.0 header says: a
    character or its number (`^`, `x5E`, `0x5E`). Where neither is in the text, bars before a key
    separate them, as some write it."""
    begin = text.find("LEEF:")
    parts, at = _bars(text, begin + 5, 1 + len(LEEF_HEADER)) if begin >= 0 else ([], 0)
    if len(parts) != 1 + len(LEEF_HEADER):
        return {}
    separator = "\t"
    if parts[0].startswith("2"):
        said, bar, _ = text[at : at + 8].partition("|")
        if bar and (said == "=" or "=" not in said):  # else it is the first attribute
            at += len(said) + 1
            separator = _separator(said)
    written = text[at : at + TEXT_CHARS_MAX]
    if separator in written or "|" not in written:
        attributes = written.split(separator, PAIRS_MAX)
    else:
        attributes = _BAR_BEFORE_KEY.split(written, PAIRS_MAX)
    pairs = dict(zip(LEEF_HEADER, parts[1:], strict=True))
    for attribute in attributes[:PAIRS_MAX]:
        key, equals, value = attribute.partition("=")
        if equals and len(key) <= KEY_CHARS_MAX:
            pairs[key.strip()] = value[:VALUE_CHARS_MAX]
    return pairs


def _separator(said: str) -> str:
    digits = said.lower().removeprefix("0").removeprefix("x")
    if len(said) > 1 and len(digits) <= 4 and all(c in "0123456789abcdef" for c in digits):
        return chr(int(digits, 16)) if digits.strip("0") else "\t"
    return said or "\t"


def read_cells(text: str) -> tuple[str, ...]:
    """The cells of a line of CSV; a quoted one may hold commas and doubled quotes."""
    text = text[:TEXT_CHARS_MAX]
    if '"' not in text:
        return _cut(text.split(",", PAIRS_MAX), len(text))
    parts = text.split('"')
    plain = parts[::2]
    # a quote that is no cell's first or last character, or is doubled, takes the long way
    if len(parts) % 2 and _between(plain):
        cells = plain[0].split(",")
        for quoted, behind in zip(parts[1::2], plain[1:], strict=True):
            cells[-1] = quoted
            cells += behind.split(",")[1:]
        return _cut(cells, len(text))
    return tuple(_cells(text))


def _between(plain: list[str]) -> bool:
    """Whether the texts around quoted cells end and begin with commas (or the line)."""
    if plain[0] and plain[0][-1] != ",":
        return False
    for text in plain[1:-1]:
        if len(text) == 0 or text[0] != "," or text[-1] != ",":
            return False
    return plain[-1] == "" or plain[-1][0] == ","


def _cut(cells: list[str], chars: int) -> tuple[str, ...]:
    if chars > VALUE_CHARS_MAX:
        return tuple([cell[:VALUE_CHARS_MAX] for cell in cells[:PAIRS_MAX]])
    return tuple(cells[:PAIRS_MAX])


def _cells(text: str) -> Iterator[str]:
    for number, cell in enumerate(_CELL.finditer(text)):
        if number == PAIRS_MAX:
            return
        quoted, plain = cell.groups()
        yield (plain if quoted is None else quoted.replace('""', '"'))[:VALUE_CHARS_MAX]


def _bars(text: str, at: int, count: int) -> tuple[list[str], int]:
    """The parts before the next `count` bars, and where the last of these ends."""
    parts: list[str] = []
    while len(parts) < count:
        bar = text.find("|", at, at + VALUE_CHARS_MAX + 1)
        plain = text[at:bar]
        if bar >= 0 and "\\" not in plain:
            parts.append(plain)
            at = bar + 1
            continue
        part = _HEADER_PART.match(text, at)
        if part is None:
            break
        parts.append(part[1])
        at = part.end()
    return parts, at


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], text) if "\\" in text else text

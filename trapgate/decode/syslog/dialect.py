"""One dialect, ready for use: a text → what it says."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from trapgate.decode.syslog.body import Body
from trapgate.decode.syslog.header import Header
from trapgate.decode.syslog.names import is_address, may_be_host
from trapgate.decode.syslog.pairs import PAIRS_MAX, VALUE_CHARS_MAX, Pairs
from trapgate.decode.syslog.patterns import PARTS, Reader
from trapgate.decode.syslog.severity import severity_of
from trapgate.decode.syslog.times import Civil, scan

PAIRS_PREFIX = "syslog.pairs."
"""Where the named values of a body are kept, under the vendor's own names."""

PREFIXED_CACHED_MAX = 4_096
"""Names of values whose field is remembered: each vendor has some hundred."""

TIMES_CACHED_MAX = 4_096
"""Times of bodies that are remembered: firewalls write many lines in a second, a time in each."""

NAME_CHARS_MAX = 255
"""Of a code, a provider, a process: a longer one is text."""

_EPOCH = re.compile(r"([0-9]{10})(?:\.([0-9]{1,9})|([0-9]{3}|[0-9]{6}|[0-9]{9}))?")
"""Seconds since 1970, with a fraction or in milli-, micro- or nanoseconds."""

_NO_PARTS: Mapping[str, str] = {}


class FieldRule(msgspec.Struct, frozen=True):
    """What to take from a message that has one of `contains` (if there are any)."""

    contains: tuple[str, ...]
    read: Reader | None
    set: Mapping[str, str]

    def found(self, message: str) -> Mapping[str, str] | None:
        """What it takes, `None` if it does not fit."""
        if not self.contains:
            return self.taken(message)
        for literal in self.contains:
            if literal in message:
                return self.taken(message)
        return None

    def taken(self, message: str) -> Mapping[str, str] | None:
        """The same of a message that has one of `contains`."""
        if self.read is None:
            return self.set
        parts = self.read(message)
        if parts is None or not self.set:
            return parts
        return {**self.set, **parts}


class Takings(msgspec.Struct, frozen=True):
    """What becomes of a named value: the part or field, and the keys that may hold it, each
    perhaps several that are joined."""

    part: str
    keys: tuple[str | tuple[str, ...], ...]


class Dialect(msgspec.Struct, frozen=True):
    """A compiled dialect file; see `DialectFile` for the meaning of each."""

    name: str
    vendor: str | None
    fixed: Mapping[str, str]
    body: tuple[Reader, ...]
    named: Callable[[Header, str], Pairs] | None
    rest: Callable[[str], Pairs]
    take: tuple[Takings, ...]
    provider: str | None
    code: str | None
    severities: Mapping[str, int]
    by_code: Mapping[str, tuple[FieldRule, ...]]
    anywhere: tuple[FieldRule, ...]
    values: Mapping[str, Mapping[str, str]]

    def read(self, header: Header) -> Body | None:
        """What the header's text says, `None` if it is not of this dialect."""
        text = header.text
        parts: Mapping[str, str] | None = None if self.body else _NO_PARTS
        for read in self.body:
            parts = read(text)
            if parts is not None:
                break
        if parts is None:
            return None
        pairs = _NO_PARTS
        if self.named is not None or "pairs" in parts:
            named = self._pairs(header, parts)
            if named is None:
                return None
            if named:
                pairs = named
                parts = {**self._taken(pairs), **parts}
        message = parts.get("message", text)
        code = parts.get("code") or _given(self.code, header)
        found = self._from_words(code or header.msgid or "", message)
        if found:
            parts = {**parts, **found}
        return self._body(header, parts, pairs)

    def _pairs(self, header: Header, parts: Mapping[str, str]) -> Pairs | None:
        """The named values; `None` if the kind needs some and there is none."""
        rest = parts.get("pairs")
        if self.named is not None:
            return self.named(header, header.text if rest is None else rest) or None
        return _NO_PARTS if rest is None else self.rest(rest)

    def _taken(self, pairs: Pairs) -> dict[str, str]:
        taken = {}
        for takings in self.take:
            for key in takings.keys:
                value = pairs.get(key) if isinstance(key, str) else _joined(pairs, key)
                if value:
                    taken[takings.part] = value
                    break
        return taken

    def _from_words(self, code: str, message: str) -> Mapping[str, str] | None:
        if code in self.by_code:
            for rule in self.by_code[code]:
                found = rule.found(message)
                if found is not None:
                    return found
        for rule in self.anywhere:
            for literal in rule.contains:
                if literal in message:
                    found = rule.taken(message)
                    if found is not None:
                        return found
                    break
        return None

    def _body(self, header: Header, parts: Mapping[str, str], pairs: Pairs) -> Body:
        fields = {**self.fixed}
        values = self.values
        for name, value in parts.items():
            if name in PARTS:
                continue
            if name in values:
                value = values[name].get(value, value)
            if name[-3:] == ".ip":
                fields.update(_address(name, value.rstrip(".:,")))
            elif value:
                fields[name] = value
        for key, value in pairs.items():
            if value:
                fields[_prefixed(key)] = value
        part = parts.get
        severity = part("severity")
        said = (
            self.name,
            _name(part("provider"), self.provider, header),
            _name(part("code"), self.code, header),
            None if severity is None else severity_of(severity, self.severities),
            part("message"),
        )
        if _OF_THE_HEADER.isdisjoint(parts):
            return Body(*said, None, None, None, None, None, None, fields)
        host = part("host")
        stamp = written_time(parts["time"]) if "time" in parts else None
        return Body(
            *said,
            _name(part("process"), None, header),
            part("pid"),
            host if host is not None and may_be_host(host) else None,
            _count(part("sequence")),
            None if stamp is None else stamp[0],
            part("zone") or (None if stamp is None else stamp[1]),
            fields,
        )


def _joined(pairs: Pairs, keys: tuple[str, ...]) -> str:
    return " ".join(pairs.get(key, "") for key in keys).strip()


_OF_THE_HEADER = frozenset("process pid host sequence time zone".split())
"""Parts that headers mostly tell, and bodies rarely."""


@lru_cache(PREFIXED_CACHED_MAX)
def _prefixed(key: str) -> str:
    return PAIRS_PREFIX + key


def _given(word: str | None, header: Header) -> str | None:
    """What a file gives for what a body lacks."""
    return header.appname if word == "$program" else word


def _name(text: str | None, given: str | None, header: Header) -> str | None:
    """A name, or what the file gives for it; `None` for one that is too long."""
    if not text:
        text = header.appname if given == "$program" else given
    return text if text is None or len(text) <= NAME_CHARS_MAX else None


def _address(name: str, value: str) -> Mapping[str, str]:
    """A field that is an address, which may have a port behind it; else nothing."""
    if is_address(value):
        return {name: value}
    address, _, port = value.rpartition(":")
    if port.isdigit() and len(port) <= 5 and is_address(address.strip("[]")):
        return {name: address.strip("[]"), f"{name.removesuffix('.ip')}.port": port}
    return {}


def _count(text: str | None) -> int | None:
    """A sequence number has ten digits at most: 32 bits."""
    return int(text) if text is not None and text.isdigit() and len(text) <= 10 else None


@lru_cache(TIMES_CACHED_MAX)
def written_time(text: str) -> tuple[Civil, str | None] | None:
    """A body's time, and the name of the zone behind it: any shape of a header's time, with `/`
    for `-`, or seconds (milli-, micro-, nanoseconds) since 1970. `None` for anything else."""
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        seconds, fraction, more = epoch.groups()
        moment = datetime.fromtimestamp(int(seconds), UTC)
        nanoseconds = int((fraction or more or "0").ljust(9, "0"))
        return Civil(
            moment.year, moment.month, moment.day,
            moment.hour, moment.minute, moment.second,
            nanoseconds, 0,
        ), None  # fmt: skip
    if text[4:5] == "/":
        text = text.replace("/", "-", 2)
    found = scan(text, 0)
    if found is None or found.civil is None:
        return None
    return found.civil, text[found.end :].strip() or None


def structured_pairs(prefixes: tuple[str, ...]) -> Callable[[Header, str], Pairs]:
    """A reader of the parameters of the elements whose ids begin so; with several, of all."""

    def read(header: Header, text: str) -> Pairs:
        pairs: dict[str, str] = {}
        for sd_id, parameters in header.structured_data.items():
            if sd_id.startswith(prefixes):
                for name, value in parameters.items():
                    if len(pairs) < PAIRS_MAX:
                        pairs[name] = value[:VALUE_CHARS_MAX]
        return pairs

    return read

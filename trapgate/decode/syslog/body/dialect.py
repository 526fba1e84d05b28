"""One dialect, ready for use: a text → what it says."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from trapgate.decode.syslog.body.body import Body
from trapgate.decode.syslog.body.field_rules import ADDRESS, FieldRule, Values, add_address
from trapgate.decode.syslog.body.pairs import PAIRS_MAX, VALUE_CHARS_MAX, Pairs, may_name
from trapgate.decode.syslog.body.patterns import PARTS, Groups, Parts, Pattern
from trapgate.decode.syslog.body.takings import Takings
from trapgate.decode.syslog.header.header import Header
from trapgate.decode.syslog.header.names import may_be_host
from trapgate.decode.syslog.header.times import Civil, scan

TIMES_CACHED_MAX = 4_096
"""Times of bodies that are remembered: firewalls write many lines in a second, a time in each."""

NAME_CHARS_MAX = 255
"""Of a code, a provider, a process: a longer one is text."""

_EPOCH = re.compile(r"([0-9]{10})(?:\.([0-9]{1,9})|([0-9]{3}|[0-9]{6}|[0-9]{9}))?")
"""Seconds since 1970, with a fraction or in milli-, micro- or nanoseconds."""

_NO_PAIRS: Pairs = {}


class BodyPattern(msgspec.Struct, frozen=True):
    """A pattern for a whole text. It is `plain` if it gives no other parts than provider, code,
    severity, message and pairs; `places` and `pairs_at` say where in its groups, with a `None`
    behind them, these are."""

    pattern: Pattern
    plain: bool
    places: tuple[int, int, int, int]
    pairs_at: int

    @classmethod
    def of(cls, pattern: Pattern) -> "BodyPattern":
        names = pattern.names
        provider, code, severity, message, pairs = (
            names.index(part) if part in names else -1 for part in _PLAIN
        )
        plain = len(set(names)) == len(names) and set(_PLAIN).issuperset(names)
        return cls(pattern, plain, (provider, code, severity, message), pairs)


_PLAIN = ("provider", "code", "severity", "message", "pairs")


class Dialect(msgspec.Struct, frozen=True):
    """A compiled dialect file; see `DialectFile` for the meaning of each.

    `fixed` are the fields that all of its lines have, `anywhere` its rules for lines of any code,
    each as often as it has literals. It is `plain` if its rules are, it has no pattern for a MSGID,
    and nothing in its texts has a name; lines that a plain pattern of it fits are read without
    naming what was found first.
    """

    name: str
    vendor: str | None
    fixed: Parts
    body: tuple[BodyPattern, ...]
    msgid: Pattern | None
    named: Callable[[Header, str], Pairs] | None
    rest: Callable[[str], Pairs]
    take: Takings
    provider: str | None
    code: str | None
    severities: Mapping[str, int]
    by_code: Mapping[str, tuple[FieldRule, ...]]
    anywhere: tuple[tuple[str, FieldRule], ...]
    values: Values
    plain: bool

    def read(self, header: Header) -> Body | None:
        """What the header's text says, `None` if it is not of this dialect."""
        text = header.text
        plain = self.plain and len(text) <= VALUE_CHARS_MAX
        if not self.body:
            return self._plainly(header, _NOTHING, _NOWHERE) if plain else self._merged(header, {})
        for body in self.body:
            groups = body.pattern.groups(text)
            if groups is not None:
                if plain and body.plain:
                    found = (*groups, None)
                    pairs = found[body.pairs_at]
                    if not pairs or not may_name(pairs):
                        return self._plainly(header, found, body.places)
                return self._merged(header, body.pattern.parts(groups))
        return None

    def _plainly(self, header: Header, groups: Groups, places: tuple[int, int, int, int]) -> Body:
        """The body where all is plain."""
        provider_at, code_at, severity_at, message_at = places
        provider = groups[provider_at] or _given(self.provider, header)
        code = groups[code_at] or _given(self.code, header)
        severity, message = groups[severity_at], groups[message_at]
        fields = self.fixed.copy()
        self._fill(fields, code or header.msgid or "", message or header.text)
        return Body(
            self.name,
            provider if provider is None or len(provider) <= NAME_CHARS_MAX else None,
            code if code is None or len(code) <= NAME_CHARS_MAX else None,
            self.severities.get(severity.lower()) if severity else None,
            message or None,
            None, None, None, None, None, None,  # unpacking a tuple of them costs twice as much
            fields,
        )  # fmt: skip

    def _fill(self, fields: Parts, code: str, message: str) -> None:
        """Add what the first rule that fits takes from a message."""
        for rule in self.by_code.get(code, ()):
            if (not rule.contains or rule.holds(message)) and rule.fill(fields, message):
                return
        failed: FieldRule | None = None
        for literal, rule in self.anywhere:
            if literal in message and rule is not failed:
                if rule.fill(fields, message):
                    return
                failed = rule

    def _merged(self, header: Header, parts: Parts) -> Body | None:
        """The body of what a pattern found, what is named in the text, and what the rules take,
        each before the ones behind it: `None` if something had to be named, and is not."""
        if self.msgid is not None and header.msgid is not None:
            said = self.msgid.groups(header.msgid)
            if said is not None:
                parts = self.msgid.parts(said) | parts
        pairs, plan = _NO_PAIRS, None
        if self.named is not None or "pairs" in parts:
            named = self._pairs(header, parts)
            if named is None:
                return None
            if named:
                pairs, plan = named, self.take.plan(named)
                parts = plan.taken(pairs) | parts
        code = parts.get("code") or _given(self.code, header)
        found = self._from_words(code or header.msgid or "", parts.get("message", header.text))
        if found:
            parts.update(found)
        fields = self._fields(parts)
        if plan is not None:
            plan.keep(fields, pairs)
        return self._body(header, parts, fields)

    def _pairs(self, header: Header, parts: Parts) -> Pairs | None:
        """The named values; `None` if the kind needs some and there is none."""
        rest = parts.get("pairs")
        if self.named is not None:
            return self.named(header, header.text if rest is None else rest) or None
        return _NO_PAIRS if rest is None else self.rest(rest)

    def _from_words(self, code: str, message: str) -> Mapping[str, str] | None:
        """What the first rule that fits takes from a message."""
        for rule in self.by_code.get(code, ()):
            found = rule.taken(message) if rule.holds(message) else None
            if found is not None:
                return found
        failed: FieldRule | None = None
        for literal, rule in self.anywhere:
            if literal in message and rule is not failed:
                found = rule.taken(message)
                if found is not None:
                    return found
                failed = rule
        return None

    def _fields(self, parts: Parts) -> Parts:
        """Those of the parts that are fields, in their shape, behind the fixed ones."""
        fields = self.fixed.copy()
        for name, value in parts.items():
            if name in PARTS:
                continue
            if name in self.values:
                value = self.values[name].get(value, value)
            if name[-3:] == ADDRESS:
                add_address(fields, name, value)
            elif value:
                fields[name] = value
        return fields

    def _body(self, header: Header, parts: Parts, fields: Parts) -> Body:
        part = parts.get
        severity = part("severity")
        provider = part("provider") or _given(self.provider, header)
        code = part("code") or _given(self.code, header)
        corrects = not _OF_THE_HEADER.isdisjoint(parts)
        return Body(
            self.name,
            provider if provider is None or len(provider) <= NAME_CHARS_MAX else None,
            code if code is None or len(code) <= NAME_CHARS_MAX else None,
            None if severity is None else self.severities.get(severity.lower()),
            part("message"),
            *(_said_of_header(parts) if corrects else _NOTHING_OF_HEADER),
            fields,
            corrects,
        )


_NOTHING: Groups = (None,)
_NOWHERE = (-1, -1, -1, -1)
"""The groups of no pattern, and where the parts are in them."""


_OF_THE_HEADER = frozenset("process pid host sequence time zone".split())
"""Parts that headers mostly tell, and bodies rarely."""

_OfHeader = tuple[str | None, str | None, str | None, int | None, Civil | None, str | None]
"""The same as `Body` has them: process, pid, hostname, sequence, civil, zone."""

_NOTHING_OF_HEADER: _OfHeader = (None, None, None, None, None, None)


def _said_of_header(parts: Parts) -> _OfHeader:
    """These parts of all."""
    part = parts.get
    process, host, time = part("process"), part("host"), part("time")
    stamp = None if time is None else written_time(time)
    return (
        process if process is None or len(process) <= NAME_CHARS_MAX else None,
        part("pid"),
        host if host is not None and may_be_host(host) else None,
        _count(part("sequence")),
        None if stamp is None else stamp[0],
        part("zone") or (None if stamp is None else stamp[1]),
    )


def _given(word: str | None, header: Header) -> str | None:
    """What a file gives for what a body lacks."""
    return header.appname if word == "$program" else word


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
    """A reader of the parameters of the elements whose ids begin so; with several, of all. One that
    is called `value` (SLX-OS has nothing else) is named as its element is, up to the `@`."""

    def read(header: Header, text: str) -> Pairs:
        pairs: dict[str, str] = {}
        for sd_id, parameters in header.structured_data.items():
            if sd_id.startswith(prefixes):
                for name, value in parameters.items():
                    if len(pairs) < PAIRS_MAX:
                        key = sd_id.partition("@")[0] if name == "value" else name
                        pairs[key] = value[:VALUE_CHARS_MAX]
        return pairs

    return read

"""Texts of dialect files → dialects ready for use, or everything that is wrong with them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from trapgate.config import Section, did_you_mean, load
from trapgate.decode.syslog.body.dialect import BodyPattern, Dialect, structured_pairs
from trapgate.decode.syslog.body.dialects import Dialects, Mark
from trapgate.decode.syslog.body.field_rules import FieldRule, Values
from trapgate.decode.syslog.body.file import (
    SCHEMA,
    DialectFile,
    FieldSettings,
    Text,
    WhenSettings,
    Words,
)
from trapgate.decode.syslog.body.pairs import (
    Pairs,
    read_cef,
    read_cells,
    read_leef,
    read_listed,
    read_pairs,
)
from trapgate.decode.syslog.body.patterns import (
    PARTS,
    Pattern,
    UnusablePattern,
    compile_pattern,
)
from trapgate.decode.syslog.body.severity import severities
from trapgate.decode.syslog.body.takings import Taking, Takings
from trapgate.decode.syslog.header.header import Header
from trapgate.model import Problem

DIALECTS_MAX = 500
"""Of one configuration: far more vendors than there are, and the marks of all are looked at."""

PATTERNS_MAX = 200
"""Patterns of one dialect, for the body and for fields together."""

LIKE_MAX = 8
"""Dialects in a row that are `like` the next one."""

ORDERS: Mapping[str, int] = {"first": 1, "usual": 0, "last": -1}

PARTS_OF: Mapping[str, str] = {
    "event.code": "code",
    "event.provider": "provider",
    "event.sequence": "sequence",
    "event.severity": "severity",
    "host.name": "host",
    "process.name": "process",
    "process.pid": "pid",
}
"""Fields that are made of a part of the body."""

OTHERS = ("error.", "event.d", "event.id", "event.parser", "host.", "labels.", "log.", "snmp.",
          "source.", "trapgate.")  # fmt: skip
"""Fields that the header, the sender's address or the user's table give."""

FieldCheck = Callable[[str], str | None]
"""What is wrong with the name of a field, `None` if an event can have it."""


def build_dialects(
    ours: Mapping[str, str], users: Mapping[str, str], field_problem: FieldCheck = lambda name: None
) -> tuple[Dialects, tuple[Problem, ...]]:
    """Dialects of the texts of files, ours and the user's, each by the file's name.

    A user's dialect with the name of one of ours stands in its place. Never raises: with problems
    the dialects are those that have none.
    """
    builder = _Builder(field_problem)
    for texts, own in ((ours, True), (users, False)):
        for name, text in texts.items():
            builder.read(name, text, ours=own)
    return builder.dialects(), tuple(builder.problems)


T = TypeVar("T")


class _Known(msgspec.Struct, frozen=True):
    """A file that could be read, and whether it is ours."""

    file: DialectFile
    ours: bool
    number: int


class _Builder:
    def __init__(self, field_problem: FieldCheck) -> None:
        self.problems: list[Problem] = []
        self._field_problem = field_problem
        self._known: dict[str, _Known] = {}

    def read(self, name: str, text: str, *, ours: bool) -> None:
        loaded = load(text, name, DialectFile)
        self.problems += loaded.problems
        file = loaded.value
        if file is None:
            return
        if file.schema != SCHEMA:
            self._fail(file, "schema", f"this trapgate knows schema {SCHEMA}", f"schema: {SCHEMA}")
            return
        before = self._known.get(file.name)
        if before is not None and before.ours == ours:
            first = before.file.where.span.file
            hint = "give each dialect a name of its own"
            self._fail(file, "name", f'"{file.name}" is the name of another ({first})', hint)
        elif len(self._known) == DIALECTS_MAX:
            self._fail(file, "name", f"more than {DIALECTS_MAX} dialects", "remove some")
        else:
            self._known[file.name] = _Known(file, ours, len(self._known))

    def dialects(self) -> Dialects:
        """The dialects; what is wrong with them is added to the problems."""
        marks: dict[str, list[Mark]] = {}
        for known in self._known.values():
            for kind, mark in self._marks(known):
                marks.setdefault(kind, []).append(mark)
        return Dialects(**marks)

    def _marks(self, known: _Known) -> Iterator[tuple[str, Mark]]:
        file = known.file
        dialect = self._dialect(known)
        for when in file.when:
            given = {
                kind: words.texts
                for kind in ("structured_data", "program", "starts", "contains")
                if (words := getattr(when, kind))
            }
            if not given:
                hint = "give starts, program, structured_data or contains"
                self._fail(when, "starts", "this is the mark of every line", hint)
                continue
            yield from _marks_of(dialect, given, known)

    def _dialect(self, known: _Known) -> Dialect:
        file, chain = known.file, self._chain(known)
        self._check(file)
        values, named = _values(chain), _named(chain)
        by_code, anywhere = self._rules(chain, values)
        fixed = {
            "event.parser": file.name,
            "observer.vendor": file.vendor,
            "observer.product": file.product,
        }
        take = _merged(each.file.take for each in reversed(chain))
        rules = (*anywhere, *(rule for found in by_code.values() for rule in found))
        return Dialect(
            name=file.name,
            vendor=file.vendor,
            fixed={field: value for field, value in fixed.items() if value},
            body=self._body(chain),
            msgid=self._msgid(chain),
            named=named,
            rest=_pairs_reader(chain),
            take=Takings(
                tuple(taking for part, words in take.items() for taking in _takings(part, words))
            ),
            provider=next((each.file.provider for each in chain if each.file.provider), None),
            code=next((each.file.code for each in chain if each.file.code), None),
            severities=severities(_merged(each.file.severities for each in reversed(chain))),
            by_code=by_code,
            anywhere=tuple((literal, rule) for rule in anywhere for literal in rule.contains),
            values=values,
            plain=named is None
            and all(each.file.msgid is None for each in chain)
            and all(rule.plain for rule in rules),
        )

    def _body(self, chain: list[_Known]) -> tuple[BodyPattern, ...]:
        found = (
            self._pattern(pattern, each, report=each is chain[0])
            for each in chain
            for pattern in each.file.body
        )
        return tuple(BodyPattern.of(pattern) for pattern in found if pattern is not None)

    def _msgid(self, chain: list[_Known]) -> Pattern | None:
        """The pattern for MSGIDs, of the nearest dialect that has one."""
        for each in chain:
            if each.file.msgid is not None:
                return self._pattern(each.file.msgid, each, report=each is chain[0])
        return None

    def _rules(
        self, chain: list[_Known], values: Values
    ) -> tuple[Mapping[str, tuple[FieldRule, ...]], tuple[FieldRule, ...]]:
        """What to take from messages: by code, and from any."""
        by_code: dict[str, list[FieldRule]] = {}
        anywhere: list[FieldRule] = []
        for each in chain:
            for settings in each.file.fields:
                rule = self._rule(each, settings, values, report=each is chain[0])
                for code in settings.code.texts:
                    by_code.setdefault(code, []).append(rule)
                if not settings.code:
                    anywhere.append(rule)
        return {code: tuple(rules) for code, rules in by_code.items()}, tuple(anywhere)

    def _chain(self, known: _Known) -> list[_Known]:
        """The dialect and those that it is like, nearest first."""
        chain = [known]
        while (like := chain[-1].file.like) is not None:
            following = self._known.get(like)
            if following is None:
                hint = did_you_mean(like, self._known)
                self._fail(chain[-1].file, "like", f'there is no dialect "{like}"', hint)
                break
            if following in chain or len(chain) == LIKE_MAX:
                summary = "dialects are like each other in a circle, or too many in a row"
                self._fail(known.file, "like", summary, "let the last one stand for itself")
                break
            chain.append(following)
        return chain

    def _check(self, file: DialectFile) -> None:
        """What types cannot say of the keys of one file."""
        if len(file.body) + len(file.fields) > PATTERNS_MAX:
            hint = "make two dialects of it"
            self._fail(file, "body", f"more than {PATTERNS_MAX} patterns", hint)
        for word, number in file.severities.items():
            if not 0 <= number <= 7:
                self._fail(file, "severities", f'"{word}" must be 0 to 7', "0 is an emergency")
        if file.kind == "csv" and (file.key_column is None or file.key_column < 1):
            hint = "the number of the column that tells the type, from 1"
            self._fail(file, "key_column", 'csv needs "key_column"', hint)
        if file.kind == "csv" and not file.columns:
            self._fail(file, "columns", 'csv needs "columns"', "name the columns of each type")
        for part in file.take:
            self._name(part, file, "take")
        for field in file.values:
            self._name(field, file, "values")

    def _rule(
        self, known: _Known, settings: FieldSettings, values: Values, *, report: bool
    ) -> FieldRule:
        if report and not settings.code and not settings.contains:
            hint = 'give "code", or with "contains" a text that is cheap to look for'
            self._fail(settings, "pattern", "this would be tried on every line", hint)
        if report:
            for field in settings.set:
                self._name(field, settings, "set")
        pattern = None
        if settings.pattern is not None:
            pattern = self._pattern(settings.pattern, known, report=report)
        return FieldRule.of(settings.contains.texts, pattern, settings.set, values)

    def _pattern(self, text: Text, known: _Known, *, report: bool) -> Pattern | None:
        try:
            pattern = compile_pattern(text.text, ours=known.ours)
        except UnusablePattern as error:
            if report:
                hint = "RE2's syntax: https://github.com/google/re2/wiki/Syntax"
                problem = Problem("pattern", "error", f"the pattern: {error}", text.span, hint)
                self.problems.append(problem)
            return None
        if report:
            for name in pattern.names:
                wrong = self._wrong(name)
                if wrong is not None:
                    summary = f'the group of field "{name}": {wrong}'
                    self.problems.append(Problem("field", "error", summary, text.span))
        return pattern

    def _name(self, name: str, section: Section, key: str) -> None:
        wrong = self._wrong(name)
        if wrong is not None:
            self._fail(section, key, f'"{name}": {wrong}', "")

    def _wrong(self, name: str) -> str | None:
        """What is wrong with the name of a part or a field."""
        if name in PARTS:
            return None
        if name in PARTS_OF:
            return f'use the part "{PARTS_OF[name]}"'
        if name.startswith(OTHERS):
            return "a body cannot give this field"
        return self._field_problem(name)

    def _fail(self, section: Section, key: str, summary: str, help: str) -> None:
        self.problems.append(section.problem(key, summary, help, "dialect"))


def _marks_of(
    dialect: Dialect, given: Mapping[str, tuple[str, ...]], known: _Known
) -> Iterator[tuple[str, Mark]]:
    """A mark for each literal of the first kind; the longest literals decide the rank."""
    (kind, literals), *others = given.items()
    rest = dict(others)
    length = sum(max(map(len, texts)) for texts in rest.values())
    for literal in literals:
        mark = Mark(
            dialect,
            literal,
            (ORDERS[known.file.order], len(literal) + length, known.number),
            rest.get("starts", ()),
            frozenset(rest.get("program", ())),
            rest.get("structured_data", ()),
            rest.get("contains", ()),
        )
        where = "programs" if kind == "program" else kind
        yield "first" if known.file.order == "first" and kind == "contains" else where, mark


def _takings(part: str, words: Words) -> Iterator[Taking]:
    for word in words.texts:
        yield part, word, tuple(word.split("+")) if "+" in word else None


def _merged(mappings: Iterable[Mapping[str, T]]) -> Mapping[str, T]:
    """All of them in one; of a key given twice the later one."""
    return {key: value for mapping in mappings for key, value in mapping.items()}


def _values(chain: list[_Known]) -> Values:
    values: dict[str, dict[str, str]] = {}
    for each in reversed(chain):
        for field, replaced in each.file.values.items():
            values.setdefault(field, {}).update(replaced)
    return values


def _named(chain: list[_Known]) -> Callable[[Header, str], Pairs] | None:
    """The reader of the named values, of the nearest dialect that has some."""
    file = next((each.file for each in chain if each.file.kind != "text"), None)
    if file is None:
        return None
    if file.kind == "structured-data":
        return structured_pairs(_elements(file.when))
    if file.kind == "csv":
        return _columns(file)
    read = {"pairs": _pairs_reader(chain), "cef": read_cef, "leef": read_leef}[file.kind]
    return lambda header, text: read(text)


def _pairs_reader(chain: list[_Known]) -> Callable[[str], Pairs]:
    """The reader of key=value, with the separator of the nearest dialect that has one."""
    separator = next((each.file.separator for each in chain if each.file.separator), None)
    return read_pairs if separator is None else partial(read_listed, separator=separator)


def _elements(when: tuple[WhenSettings, ...]) -> tuple[str, ...]:
    return tuple(prefix for mark in when for prefix in mark.structured_data.texts)


def _columns(file: DialectFile) -> Callable[[Header, str], Pairs]:
    key = (file.key_column or 1) - 1
    columns = {name: words.texts for name, words in file.columns.items()}
    others = columns.get("*")

    def read(header: Header, text: str) -> Pairs:
        cells = read_cells(text)
        names = columns.get(cells[key], others) if len(cells) > key else None
        if names is None:
            return {}
        pairs = dict(zip(names, cells, strict=False))
        pairs.pop("-", None)  # of a column that nobody wants
        return pairs

    return read

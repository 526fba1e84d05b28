"""Label matchers: `name="value"` and its three sisters, read and printed as Alertmanager does.

Two grammars are tried, as Alertmanager's default mode does: the UTF-8 one, and the classic one,
which wins where both can read the text and disagree. The printed form is part of a group key and
must be Alertmanager's byte for byte (`pkg/labels/matcher.go`, `pkg/labels/parse.go`,
`matcher/parse`).
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
import re2

from trapgate.model import Labels, go_quote, go_unquote

Operator = Literal["=", "!=", "=~", "!~"]

MATCHERS_TEXT_MAX = 10_000
"""Longest text that is read as matchers: more is no filter that a human or a client writes."""

_OPERATORS: tuple[Operator, ...] = ("=", "!=", "=~", "!~")
_RESERVED = re.compile(r"[\s{}!=~,\\\"'`]")
_CLASSIC = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!=|!~|=)\s*(.*?)\s*", re.DOTALL)
_TOKEN = re.compile(r"""\s*(?:(=~|!~|!=|=)|([{},])|("(?:[^"\\]|\\.)*")|([^\s{}!=~,\\"'`]+))""")


class MatcherError(ValueError):
    """The text is no matcher; the message says why, in Alertmanager's words where it has any."""


class Matcher(msgspec.Struct, frozen=True):
    """One condition on one label; a label that is missing has the value ""."""

    name: str
    value: str
    operator: Operator = "="

    def __str__(self) -> str:
        if _RESERVED.search(self.name):
            return f"{go_quote(self.name)}{self.operator}{go_quote(self.value)}"
        escaped = self.value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
        return f'{self.name}{self.operator}"{escaped}"'

    @property
    def negative(self) -> bool:
        return self.operator in ("!=", "!~")

    @property
    def regex(self) -> bool:
        return self.operator in ("=~", "!~")


class Matchers:
    """Conditions that must all hold, sorted as Alertmanager sorts them: name, value, operator."""

    def __init__(self, matchers: tuple[Matcher, ...] = ()) -> None:
        """Raises `MatcherError` if a pattern is no RE2 regular expression."""
        self.items = tuple(
            sorted(matchers, key=lambda m: (m.name, m.value, _OPERATORS.index(m.operator)))
        )
        self._tests = [(m, anchored(m.value) if m.regex else None) for m in self.items]

    def __str__(self) -> str:
        return "{" + ",".join(map(str, self.items)) + "}"

    def match(self, labels: Labels) -> bool:
        """Whether every condition holds for these labels."""
        for matcher, pattern in self._tests:
            value = labels.get(matcher.name, "")
            hit = value == matcher.value if pattern is None else pattern(value)
            if hit == matcher.negative:
                return False
        return True


def anchored(pattern: str) -> Callable[[str], bool]:
    """A test whether a whole value meets a user's regular expression, as `^(?:pattern)$` does.

    Raises `MatcherError` for what RE2 refuses.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)  # for an error text without our own additions
        compiled = re2.compile(f"^(?:{pattern})$", options)
    except re2.error as error:
        raise MatcherError(f'"{pattern}" is not a regular expression: {_reason(error)}') from None
    return lambda value: compiled.search(value) is not None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode() if isinstance(reason, bytes) else str(reason)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Read one or more matchers: `a="b"`, `{a="b", c=~"d.*"}`.

    Raises `MatcherError`; whether patterns compile is judged by `Matchers`.
    """
    if len(text) > MATCHERS_TEXT_MAX:
        raise MatcherError(f"bad matcher format: longer than {MATCHERS_TEXT_MAX} characters")
    try:
        classic = tuple(_classic(text))
    except MatcherError as error:
        try:
            return tuple(_utf8(text))
        except MatcherError:
            raise error from None
    return classic


def _classic(text: str) -> Iterator[Matcher]:
    """The grammar of `pkg/labels/parse.go`: tolerant, names of letters, digits, `_` and `:`."""
    body = text.strip()
    body = body.removeprefix("{").removesuffix("}")
    for part in _split(body):
        found = _CLASSIC.fullmatch(part)
        if found is None:
            raise MatcherError(f"bad matcher format: {part}")
        name, operator, value = found.groups()
        yield Matcher(name, _classic_value(value), _operator(operator))


def _operator(text: str) -> Operator:
    return _OPERATORS[_OPERATORS.index(text)]


def _split(body: str) -> Iterator[str]:
    """Cut at the commas outside quotes; a trailing comma is allowed."""
    part, quoted, escaped = "", False, False
    for character in body:
        if character == "," and not quoted:
            yield part
            part = ""
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = character == "\\" and not escaped
        part += character
    if part.strip():
        yield part


def _classic_value(raw: str) -> str:
    inner, quoted = raw, raw.startswith('"')
    if quoted:
        if len(raw) < 2 or not raw.endswith('"'):
            raise MatcherError(f"matcher value contains unescaped double quote: {raw}")
        inner = raw[1:-1]
    value, position = "", 0
    while position < len(inner):
        character = inner[position]
        following = inner[position + 1 : position + 2]
        if character == "\\" and following in ("n", '"', "\\") and following:
            value += "\n" if following == "n" else following
            position += 2
            continue
        if character == '"':
            raise MatcherError(f"matcher value contains unescaped double quote: {raw}")
        value += character
        position += 1
    return value


def _utf8(text: str) -> Iterator[Matcher]:
    """The grammar of `matcher/parse`: any UTF-8 name or value, quoted where it has to be."""
    tokens = list(_tokens(text))
    if tokens[:1] == ["{"]:
        if tokens[-1:] != ["}"]:
            raise MatcherError(f"bad matcher format: {text}")
        tokens = tokens[1:-1]
    position = 0
    while position < len(tokens):
        part = tokens[position : position + 3]
        if len(part) < 3 or part[1] not in _OPERATORS:
            raise MatcherError(f"bad matcher format: {text}")
        name, operator, value = part
        yield Matcher(_unquoted(name), _unquoted(value), _operator(operator))
        position += 3
        if position < len(tokens):
            if tokens[position] != ",":
                raise MatcherError(f"bad matcher format: {text}")
            position += 1


def _tokens(text: str) -> Iterator[str]:
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            raise MatcherError(f"bad matcher format: {text}")
        yield found.group().strip() if found[3] is None else found[3]
        position = found.end()


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        if _RESERVED.search(token):
            raise MatcherError(f"bad matcher format: {token}")
        return token
    try:
        return go_unquote(token)
    except ValueError:
        raise MatcherError(f"bad matcher format: {token}") from None

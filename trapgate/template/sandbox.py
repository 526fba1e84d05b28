"""Where templates run: Jinja2's immutable sandbox, with bounds on everything that can grow.

Jinja2's sandbox keeps templates away from Python; it does not keep them from taking all memory
(`"x" * 10**10`, `center(10**10)`). Here filters are an allow-list, loops and results have limits.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from itertools import islice
from typing import Any, Final

from jinja2 import filters, tests
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

OUTPUT_CHARS_MAX = 4_096
"""A rendered text is cut here: what pagers and chat rooms show is shorter, and each alert keeps
its texts in the replicated state."""

TEXT_CHARS_MAX = 65_536
"""Intermediate texts: a whole syslog line (64 KiB at most) passes through a filter."""

LOOP_ITEMS_MAX = 100
"""Rounds of one `for`: two may be nested, so 10,000 rounds, some milliseconds, at most."""

NUMBER_MAX = 2**63
"""Factors and bases beyond this are refused: no seconds, octets or counts in sight reach it."""

EXPONENT_MAX = 64
"""Powers: with a base of at most `NUMBER_MAX` the result has some 4,000 bits at most."""

CUT = "…"
"""Ends a text that was cut."""

BOUND: Final = "trapgate_bounded"
"""The filter that bounds a loop; put around what a `for` runs over, never written by users."""

FILTERS = (
    "abs",
    "capitalize",
    "default",
    "dictsort",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "replace",
    "round",
    "string",
    "title",
    "trim",
    "truncate",
    "upper",
)
"""None of these makes much out of little (`center` and `indent` do) or reaches attributes (`map`
and `sort` do)."""

TESTS = ("defined", "undefined", "number", "string", "even", "odd")


def bounded(items: Iterable[object]) -> list[object]:
    """What a `for` runs over, as a list. Raises `SecurityError` beyond `LOOP_ITEMS_MAX`."""
    taken = list(islice(items, LOOP_ITEMS_MAX + 1))
    if len(taken) > LOOP_ITEMS_MAX:
        raise SecurityError(f"a loop over more than {LOOP_ITEMS_MAX} items")
    return taken


def short_range(*bounds: int) -> range:
    """`range` of at most `LOOP_ITEMS_MAX` numbers."""
    numbers = range(*bounds)
    if len(numbers) > LOOP_ITEMS_MAX:
        raise SecurityError(f"a range of more than {LOOP_ITEMS_MAX} numbers")
    return numbers


def join(items: Iterable[object], separator: str = "") -> str:
    """The items' texts with a separator between; at most `LOOP_ITEMS_MAX` items. Jinja2's own
    also reads attributes."""
    return str(separator).join(str(item) for item in bounded(items))


def replace(text: object, old: str, new: str) -> str:
    """Replace `old` by `new`, judging the result's length before it is made."""
    source = str(text)
    if len(source) + source.count(old) * max(len(new) - len(old), 0) > TEXT_CHARS_MAX:
        raise SecurityError(f"a text of more than {TEXT_CHARS_MAX} characters")
    return source.replace(old, new)


class Missing(Undefined):
    """A value that is not there: "" when printed, a failure when computed with."""

    @property
    def _undefined_message(self) -> str:
        return f'"{self._undefined_name}" has no value'


class Sandbox(ImmutableSandboxedEnvironment):
    """The one environment of all templates: plain text out, no loader, no globals but `range`."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self) -> None:
        super().__init__(autoescape=False, cache_size=0, undefined=Missing)
        self.globals = {"range": short_range}
        self.filters = {name: _short(filters.FILTERS[name]) for name in FILTERS}
        self.filters |= {"join": _short(join), "replace": replace, BOUND: bounded}
        self.tests = {name: tests.TESTS[name] for name in TESTS}

    # Any: as in the class that this overrides
    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """`*`, `**` and `%`, which can make much out of little."""
        if operator == "*":
            _check_product(left, right)
        elif isinstance(left, str):
            raise SecurityError(f'"{operator}" on a text')
        elif operator == "**" and not (abs(left) <= NUMBER_MAX and abs(right) <= EXPONENT_MAX):
            raise SecurityError("a power of too large numbers")
        return super().call_binop(context, operator, left, right)


def _check_product(left: object, right: object) -> None:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str) and isinstance(other, int):
            if len(one) * other > TEXT_CHARS_MAX:
                raise SecurityError(f"a text of more than {TEXT_CHARS_MAX} characters")
        elif isinstance(one, list | tuple):
            raise SecurityError("a product of lists")  # doubled twice, it prints for ever
        elif isinstance(one, int) and abs(one) > NUMBER_MAX:
            raise SecurityError("a product of too large numbers")


def _short(filter: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, refusing to return a text that is too long."""

    @wraps(filter)  # Jinja2 marks filters by attributes
    def run(*args: Any, **named: Any) -> Any:
        result = filter(*args, **named)
        if isinstance(result, str) and len(result) > TEXT_CHARS_MAX:
            raise SecurityError(f"a text of more than {TEXT_CHARS_MAX} characters")
        return result

    return run


def cut(pieces: Iterable[str]) -> str:
    """Join pieces up to `OUTPUT_CHARS_MAX` characters, the last of them `CUT` if more came."""
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > OUTPUT_CHARS_MAX:
            return text[: OUTPUT_CHARS_MAX - len(CUT)] + CUT
    return text


SANDBOX: Final = Sandbox()
"""Immutable after this; compiled templates hold no state of their own."""

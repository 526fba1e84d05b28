"""A Jinja2 template of a rule: checked when it is loaded, rendered for an alert."""

from collections.abc import Collection, Mapping, Sequence
from typing import Self

import jinja2

from trapgate.template.check import check
from trapgate.template.errors import RenderFailure, TemplateError
from trapgate.template.plain import Piece, plain_pieces, plain_text
from trapgate.template.sandbox import SANDBOX, cut

TEMPLATE_CHARS_MAX = 16_384
"""Four times what may come out: the rest is conditions."""

REASON_CHARS_MAX = 200
"""A failure's reason goes into an alert's text; an exception may quote a whole value."""

VARIABLES = ("labels", "event", "count")
"""`labels.x`, `event["field.name"]` and how often the alert was raised, its first time included."""


class Template:
    """A compiled template; immutable.

    `text` is what the user wrote, `captures` the event's fields that it mentions, sorted.
    """

    def __init__(
        self, text: str, captures: tuple[str, ...], code: jinja2.Template | Sequence[Piece]
    ) -> None:
        self.text = text
        self.captures = captures
        self._code = code

    @classmethod
    def compile(
        cls, text: str, *, labels: Collection[str], names: Collection[str] = VARIABLES
    ) -> Self:
        """Check and compile a template that may use these variables and these labels.

        Raises `TemplateError` for a text that is not a template, uses what does not exist or what
        is not allowed (anything that sets, includes, defines or calls), or exceeds a limit.
        """
        if len(text) > TEMPLATE_CHARS_MAX:
            raise TemplateError(f"more than {TEMPLATE_CHARS_MAX} characters", 1)
        if "{" not in text:
            return cls(text, (), (text,))  # most labels
        try:
            tree, captures = check(SANDBOX.parse(text), names, labels)
            pieces = plain_pieces(tree.body)
            if pieces is not None:
                return cls(text, captures, pieces)  # compiling costs a millisecond
            return cls(text, captures, SANDBOX.from_string(tree))
        except jinja2.TemplateSyntaxError as error:
            summary = (error.message or "not a template").rstrip(".")
            raise TemplateError(summary, error.lineno) from None
        except (SyntaxError, RecursionError, MemoryError):
            # of Python's compiler, which has limits of its own
            raise TemplateError("nested too deeply", 1) from None

    def render(self, *, labels: Mapping[str, str], event: Mapping[str, str], count: int) -> str:
        """The text for these values, cut at `OUTPUT_CHARS_MAX`; a missing value is "".

        Raises `RenderFailure` if these values cannot be computed with, or exceed a limit.
        """
        code = self._code
        if not isinstance(code, jinja2.Template):
            return cut(plain_text(code, labels, event, count))
        try:
            # shared: the names as they are, instead of a copy of the globals for each alert
            values = {**SANDBOX.globals, "labels": labels, "event": event, "count": count}
            return cut(code.root_render_func(code.new_context(values, shared=True)))
        except (
            jinja2.TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise RenderFailure(reason[:REASON_CHARS_MAX]) from None

"""How a template can fail: the user's text at load, the values at render."""


class TemplateError(Exception):
    """A template that cannot be used: `summary` is a sentence without a full stop, `line` counts
    from 1 within the template's text, `help` says what to write instead."""

    def __init__(self, summary: str, line: int, help: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.line = line
        self.help = help


class RenderFailure(Exception):
    """A template that could not be rendered with these values; `reason` is one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

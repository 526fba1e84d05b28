"""What became of one module: its facts, and what is wrong with its text."""

from typing import Literal

import msgspec

from trapgate.mib.facts import Module
from trapgate.model import Problem, Severity, Span

SCHEMA: Literal[1] = 1


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong with a module, at a line of its file (from 1; 0: the whole file)."""

    severity: Severity
    summary: str
    line: int = 0
    help: str = ""

    def problem(self, file: str, severity: Severity = "warning") -> Problem:
        """The finding in a file of this name. It stops nothing, the module is left out at most,
        so that it is a warning to all but who asked for this very module."""
        span = Span(file, self.line, 1 if self.line else 0)
        return Problem("mib", severity, self.summary, span, self.help)


class Outcome(msgspec.Struct, frozen=True):
    """The facts of a module, `None` if its text could not be compiled; findings say why. `schema`
    is the version of this format, in which the cache keeps it."""

    schema: Literal[1]
    module: str
    facts: Module | None
    findings: tuple[Finding, ...] = ()

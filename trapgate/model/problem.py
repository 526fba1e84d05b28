"""What is wrong, where, and what to do: for a user's file and for a device's bytes alike."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Span(msgspec.Struct, frozen=True):
    """A place in a file: lines and columns count from 1, as editors do; 0 is "the whole file"."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Problem(msgspec.Struct, frozen=True):
    """One finding.

    `code` is a stable slug (a metric's label, a docs anchor), `summary` one sentence without a
    full stop, `help` what to do about it. A problem found in a datagram has no span.
    """

    code: str
    severity: Severity
    summary: str
    span: Span | None = None
    help: str = ""


class Decision(msgspec.Struct, frozen=True):
    """What trapgate decided about a subject, and why: the line that answers "why no ticket?".

    `subject` is an event id, an alert's fingerprint, a group key or a notification id; `verdict` a
    stable slug; `reason` a sentence for a human; `refs` the other subjects that it concerns.
    `earlier` are the subjects of which the same was decided just before: a run of repeats is one
    decision, with the last event as its subject. All of them find it in the history.
    """

    subject: str
    verdict: str
    reason: str
    refs: Mapping[str, str] = {}
    earlier: tuple[str, ...] = ()

    @property
    def times(self) -> int:
        """How many decisions this one stands for."""
        return 1 + len(self.earlier)

"""Who is refused, in the log: in which it can be found which device has a wrong key.

In: refusals with the address of their sender. Out: log lines, few whatever arrives. How many were
refused in all the ingest counters say.
"""

from collections.abc import Callable, Mapping

import structlog

from trapgate.model import NS_PER_S, Now, Outcome, Refusal

AGAIN_S = 60
"""How often a line about the same sender and reason is written."""

TOLD_MAX = 256
"""Senders and reasons that are told apart. It also bounds the lines: in `AGAIN_S` there are never
more, even if every datagram comes from another forged address."""

TOLD: Mapping[Outcome, frozenset[str]] = {
    Outcome.COMMUNITY_DENIED: frozenset(),
    Outcome.USM: frozenset({"discovery"}),
}
"""The outcomes of senders that somebody must correct, with the reasons that are not such: discovery
is how informs begin."""

Key = tuple[str, str, str]
"""Address, reason, subject."""


class Refused:
    """Tells of refusals: at once of a new one, then once every `AGAIN_S` with how many there were.

    When the table is full, further senders are only counted, and the next line says how many
    messages that were (`untold`).
    """

    def __init__(self, log: structlog.typing.FilteringBoundLogger, now: Callable[[], Now]) -> None:
        self._log = log
        self._now = now
        self._told: dict[Key, tuple[int, int]] = {}
        self._untold = 0

    def note(self, peer: str, refusal: Refusal) -> None:
        """Tell of a refusal, or count it. `peer` is the sender's address."""
        usual = TOLD.get(refusal.outcome)
        if usual is None or refusal.reason in usual:
            return
        at = self._now().elapsed_ns
        key = (peer, refusal.reason, refusal.subject)
        told_at, since = self._told.get(key, (None, 0))
        if told_at is not None and at - told_at < AGAIN_S * NS_PER_S:
            self._told[key] = (told_at, since + 1)
        elif told_at is None and not self._room(at):
            self._untold += 1
        else:
            self._told.pop(key, None)
            self._told[key] = (at, 0)  # the youngest at the end
            self._tell(peer, refusal, since + 1)

    def _room(self, at: int) -> bool:
        """Whether another sender can be told; one whose time is over gives way, with its count."""
        if len(self._told) >= TOLD_MAX:
            oldest = next(iter(self._told))
            told_at, since = self._told[oldest]
            if at - told_at < AGAIN_S * NS_PER_S:
                return False
            del self._told[oldest]
            self._untold += since
        return True

    def _tell(self, peer: str, refusal: Refusal, count: int) -> None:
        values: dict[str, str | int] = {"outcome": refusal.outcome, "reason": refusal.reason}
        if refusal.subject:
            values["user"] = refusal.subject
        if self._untold:
            values["untold"], self._untold = self._untold, 0
        self._log.info("ingest.refused", peer=peer, count=count, **values)

"""Alarms: what an operator must see to, said in four places at once.

One line in the log when it begins and one when it is over, a gauge in between
(`trapgate_pipeline_alarms`), a line at `/-/ready` and one on the page at `/`. Any process may raise
one; the core learns of it as of all that the others count, from the metrics that they publish,
which works while the disk is full.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from trapgate.observe.logs import logger
from trapgate.observe.metrics import Metrics, published_samples

GAUGE = "trapgate_pipeline_alarms"
REASONS = "trapgate_pipeline_alarm_reasons"

REASON_CHARS_MAX = 300
"""Of a reason as it is shown: servers may answer with a page."""


class AlarmKind(msgspec.Struct, frozen=True):
    """What an alarm means and what to do. `unready`: what trapgate is there for does not work here
    now, and traffic that can go elsewhere should."""

    meaning: str
    advice: str
    unready: bool = False


ALARMS: Mapping[str, AlarmKind] = {
    "spool.full": AlarmKind(
        "the spool is full: new datagrams are refused",
        "see which reader is behind (trapgate_spool_backlog_records) and why it cannot go on; or "
        "give the spool more room (spool.size_max)",
        unready=True,
    ),
    "spool.pressed": AlarmKind(
        "the spool is nearly full: senders above their fair share are refused",
        "see which reader is behind (trapgate_spool_backlog_records) and why it cannot go on",
    ),
    "spool.write-failed": AlarmKind(
        "the disk refuses what arrives: datagrams are lost, stream senders wait",
        "make room on the disk of the data folder, or see to the disk; trapgate goes on by itself",
        unready=True,
    ),
    "store.away": AlarmKind(
        "the event store takes nothing: events wait in the spool; paging does not wait for it",
        "see to the store for this reason; the events in the spool are safe as long as it has room "
        "(spool.size_max, spool.age_max); that new ones are lost, or that they page nobody, would "
        "be an alarm of its own",
    ),
    "store.damaged": AlarmKind(
        "files of the event store are damaged: events in them may not be found; all else goes on",
        "see to the disk; move the files away while trapgate is stopped, or put repaired ones in "
        "their place; they go with their day otherwise (store.retention_days)",
    ),
    "spool.store-gave-up": AlarmKind(
        "the event store is so far behind that its oldest events were given up: they cannot be "
        "searched for",
        "bring the store back; to keep more for it, give the spool more room (spool.size_max)",
    ),
    "spool.rules-gave-up": AlarmKind(
        "the rules are so far behind that the oldest datagrams were given up: they have paged "
        "nobody",
        "see why the rules cannot go on (the log of ingest and core), then look at the devices",
        unready=True,
    ),
    "rules.blocked": AlarmKind(
        "what the rules make of datagrams cannot be handed to core: it pages nobody now",
        "see to the disk of the data folder for this reason, and to core if it does not read "
        "(trapgate_spool_backlog_records of matches); what arrives is kept, and pages later",
        unready=True,
    ),
    "process.failing": AlarmKind(
        "a process of trapgate dies again and again, and does little in between",
        "see in the log how it ends (process.died) and why (process.failed); what arrives is kept, "
        "unless it is receive",
        unready=True,
    ),
    "process.hung": AlarmKind(
        "a process of trapgate has not gone on for a minute; after two it is ended and started "
        "again",
        "see in the log where it hangs (process.ending, and the stack behind it) and in the system "
        "whether its disk answers; what arrives is kept, unless it is receive",
        unready=True,
    ),
}


class Alarm:
    """One thing that may be wrong in this process, of a named kind of `ALARMS`; `subject` tells
    which, where there are several (a spool's name)."""

    def __init__(self, metrics: Metrics, name: str, subject: str) -> None:
        """Raises `KeyError` if there is no such kind."""
        self._name = name
        self._subject = subject
        self._help = ALARMS[name].advice
        self._gauge = metrics.gauge(GAUGE).labels(name, subject)
        self._gauge.set(0)
        self._reasons = metrics.gauge(REASONS)
        self._reason = ""
        self.on = False

    def begin(self, **values: str | int) -> None:
        """It is wrong now; said once until `end`. A `reason` among the values is shown wherever the
        alarm is, the last one if there are several."""
        self._show(str(values.get("reason", "")))
        if not self.on:
            self.on = True
            self._gauge.set(1)
            logger().error(self._name, subject=self._subject, **values, help=self._help)

    def end(self, **values: str | int) -> None:
        """It is over, if it had begun."""
        if self.on:
            self.on = False
            self._gauge.set(0)
            self._show("")
            logger().info(f"{self._name}.over", subject=self._subject, **values)

    def _show(self, reason: str) -> None:
        reason = reason[:REASON_CHARS_MAX]
        if reason == self._reason:
            return
        if self._reason:
            self._reasons.remove(self._name, self._subject, self._reason)
        self._reason = reason
        if reason:
            self._reasons.labels(self._name, self._subject, reason).set(1)


class Sounding(msgspec.Struct, frozen=True, order=True):
    """An alarm that some process has raised."""

    name: str
    subject: str
    reason: str = ""

    @property
    def kind(self) -> AlarmKind:
        return ALARMS[self.name]

    def __str__(self) -> str:
        reason = f"; reason: {self.reason}" if self.reason else ""
        return f"{self.name} ({self.subject}): {self.kind.meaning}{reason}"


def sounding(own: Metrics, others: Iterable[Path]) -> list[Sounding]:
    """The alarms of all processes: this one's, and those in the files that the others publish."""
    files = tuple(others)
    reasons = {
        (sample.labels["alarm"], sample.labels["subject"]): sample.labels["reason"]
        for sample in published_samples(own, files, REASONS)
    }
    found = {
        Sounding(alarm, subject, reasons.get((alarm, subject), ""))
        for sample in published_samples(own, files, GAUGE)
        for alarm, subject in [(sample.labels["alarm"], sample.labels["subject"])]
        if sample.value and sample.labels["alarm"] in ALARMS
    }
    return sorted(found)

"""What ingest does between batches: take over a new configuration, delete what is old, measure.

Whatever the disk does, ingest goes on: a chore that is refused is tried again.
"""

from collections.abc import Callable, Sequence

from trapgate.app.build import Configuration
from trapgate.app.engine import RevokedEngines
from trapgate.app.published import Published
from trapgate.app.settings import StoreSettings
from trapgate.app.trouble import Trouble
from trapgate.model import NS_PER_S, Now
from trapgate.observe import Metrics, logger
from trapgate.pipeline.ingest import Ingest
from trapgate.pipeline.recollection import Memories
from trapgate.pipeline.translate import Translator
from trapgate.ports import KeptStore
from trapgate.spool import SpoolWriter

CHORES_S = 10
"""How often ingest deletes what it need not keep: read segments, old days of events."""


class TendedSpool:
    """The care of a spool whose writer ingest has (the matches, and what receive processes of an
    earlier run have left): what its readers have read is deleted, what not is a metric."""

    def __init__(self, writer: SpoolWriter, metrics: Metrics, readers: Sequence[str]) -> None:
        self._writer = writer
        self._readers = readers
        self._trimming = Trouble("spool.trim")
        self._bytes = metrics.gauge("trapgate_spool_bytes").labels(writer.folder.name)
        self._backlog = metrics.gauge("trapgate_spool_backlog_records")

    def trim(self) -> None:
        """Delete and measure; if the disk refuses, the spool fills."""
        with self._trimming.contained():
            self._writer.trim(self._readers)
            for reader in self._readers:
                backlog = self._writer.backlog(reader)
                self._backlog.labels(self._writer.folder.name, reader).set(backlog)
        self._bytes.set(self._writer.size_bytes)


class Chores:
    """To be called between two batches."""

    def __init__(
        self,
        *,
        ingests: Sequence[Ingest],
        memories: Memories,
        published: Published,
        settings: StoreSettings,
        store: KeptStore,
        spools: Sequence[TendedSpool],
        translator_of: Callable[[Configuration], Translator],
        revoked: RevokedEngines,
        now: Callable[[], Now],
    ) -> None:
        self._ingests = ingests
        self._memories = memories
        self._published = published
        self._settings = settings
        self._store = store
        self._spools = spools
        self._translator_of = translator_of
        self._revoked = revoked
        self._now = now
        self._retaining = Trouble("store.retention")
        self._saving = Trouble("memory.unsaved")
        self._revoking = Trouble("engines.revoked")
        self._due_at = 0
        self.stamp = published.stamp
        """Of the configuration in use."""

    def __call__(self) -> None:
        """Look for a new configuration and for engines that were revoked; do the rest if `CHORES_S`
        have passed."""
        self._take_over()
        with self._revoking.contained():
            self._revoked.refresh()
        moment = self._now()
        if moment.elapsed_ns >= self._due_at:
            self._due_at = moment.elapsed_ns + CHORES_S * NS_PER_S
            for spool in self._spools:
                spool.trim()
            self._retain(moment)
            with self._saving.contained():
                self._save(moment)

    def end(self) -> None:
        """The last chore: what is remembered need not be decoded again at the next start."""
        with self._saving.contained():
            self._save(self._now(), at_once=True)

    def _save(self, moment: Now, *, at_once: bool = False) -> None:
        for kind in (self._memories.rules, self._memories.store):
            kind.save(moment, at_once=at_once)

    def _take_over(self) -> None:
        configuration = self._published.newer()
        if configuration is not None:
            translator = self._translator_of(configuration)
            self.stamp = self._published.stamp
            self._memories.take_over(translator)
            for ingest in self._ingests:
                ingest.adopt(translator)
            logger().info("reloaded")

    def _retain(self, moment: Now) -> None:
        with self._retaining.contained():
            self._store.retain(
                moment, days=self._settings.retention_days, bytes_max=self._settings.size_max
            )

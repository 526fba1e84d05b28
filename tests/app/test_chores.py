"""What ingest does between batches, on a disk that refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.folders import RULES, built, bundle_of, written
from trapgate.app.build import Configuration
from trapgate.app.chores import CHORES_S, Chores, TendedSpool
from trapgate.app.engine import RevokedEngines, revoke_engines
from trapgate.app.files import publish_bundle
from trapgate.app.layout import CORE_READER, RULES_READER, STORE_READER, Layout
from trapgate.app.published import Published
from trapgate.listen import RecordReader
from trapgate.model import NS_PER_S, Now
from trapgate.observe import Metrics
from trapgate.pipeline.ingest import Ingest, Sinks
from trapgate.pipeline.leg import DURABLE, Leg
from trapgate.pipeline.recollection import Memories, Recollection
from trapgate.spool import SnapshotFile, SpoolReader, SpoolWriter
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.folder import DAY_NS, Part, part_path
from trapgate.store.sqlite.words import words_path

SOME_DAY = 20_000
"""Long after the first of days."""


class Site:
    """Ingest with its files."""

    def __init__(self, configuration: Configuration, layout: Layout) -> None:
        self.layout = layout
        self.metrics = Metrics()
        self.moment = Now(SOME_DAY * DAY_NS, 0)
        self.revoked = RevokedEngines(layout.revoked_engines)
        layout.create()
        self.writer = SpoolWriter.open(layout.matches_spool)
        self.store = SqliteEventStore.open(layout.events)
        decode = RecordReader().decode
        legs = [
            Leg(SpoolReader.open(layout.raw_spool, name), decode)
            for name in (STORE_READER, RULES_READER)
        ]
        memories = Memories(
            *(Recollection(SnapshotFile(layout.memory(n))) for n in (RULES_READER, STORE_READER))
        )
        self.ingest = Ingest(
            store_leg=legs[0],
            rules_leg=legs[1],
            translator=configuration.translator(lambda *_: None),
            memories=memories,
            sinks=Sinks(lambda _: DURABLE, lambda _: None, lambda _: None, lambda *_: None),
            metrics=self.metrics,
            now=lambda: self.moment,
        )
        self.chores = Chores(
            ingests=[self.ingest],
            memories=memories,
            published=Published(layout.bundle),
            settings=configuration.settings.store,
            store=self.store,
            spools=[TendedSpool(self.writer, self.metrics, (CORE_READER,))],
            translator_of=lambda configuration: configuration.translator(lambda *_: None),
            revoked=self.revoked,
            now=lambda: self.moment,
        )

    def turn(self) -> None:
        """One round of chores, all of them due."""
        self.moment = Now(self.moment.wall_ns, self.moment.elapsed_ns + CHORES_S * NS_PER_S)
        self.chores()

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(built(written(tmp_path)), Layout(tmp_path / "data"))
    yield site
    site.store.close()
    site.writer.close()


def test_what_core_has_not_read_is_a_metric(site: Site) -> None:
    reader = SpoolReader.open(site.layout.matches_spool, CORE_READER)
    backlog = "trapgate_spool_backlog_records"
    site.turn()
    assert site.value(backlog, spool="matches", reader="core") == 0
    site.writer.append([b"one", b"two", b"three"])
    site.turn()
    assert site.value(backlog, spool="matches", reader="core") == 3
    assert site.value("trapgate_spool_bytes", spool="matches") == site.writer.size_bytes
    reader.ack(reader.read(0, 2)[1][0], b"")
    site.turn()
    assert site.value(backlog, spool="matches", reader="core") == 1


def test_what_the_disk_refuses_is_told_once_and_tried_again(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    cursor = site.layout.matches_spool / f"{CORE_READER}.cursor"
    cursor.symlink_to(cursor)
    for _ in range(3):
        site.turn()
    printed = "".join(capfd.readouterr())
    assert printed.count("spool.trim") == 1
    assert site.value("trapgate_spool_bytes", spool="matches") == site.writer.size_bytes

    cursor.unlink()
    site.turn()
    printed = "".join(capfd.readouterr())
    assert printed.count("spool.trim.over") == 1


def test_a_day_that_cannot_be_deleted_is_no_end(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    words_path(part_path(site.layout.events, Part(0))).mkdir()
    for _ in range(2):
        site.turn()
    assert "".join(capfd.readouterr()).count("store.retention") == 1


def test_a_published_configuration_is_taken_over(site: Site, tmp_path: Path) -> None:
    before = site.ingest.translator.matcher
    site.chores()
    assert site.ingest.translator.matcher is before
    text = RULES.replace("InterfaceDown", "PortDown")
    publish_bundle(bundle_of(written(tmp_path, rules__own=text)), site.layout.bundle)
    site.chores()
    assert site.ingest.translator.matcher is not before


def test_engines_are_revoked_while_it_runs(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    engine_id, path = bytes.fromhex("8000000005cafe"), site.layout.revoked_engines
    site.chores()
    assert engine_id not in site.revoked
    revoke_engines(path, [engine_id])
    site.chores()
    assert engine_id in site.revoked
    path.write_text("{")
    for _ in range(2):
        site.chores()
    assert engine_id in site.revoked  # nobody is let in by damage
    assert "".join(capfd.readouterr()).count("engines.revoked") == 1
    path.unlink()
    site.chores()
    assert engine_id not in site.revoked

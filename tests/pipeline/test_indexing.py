"""The loop of the index process: it stops when told, and says how far behind it is."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.parts import make_part, place, write
from trapgate.model import NS_PER_S, Now
from trapgate.observe import Metrics
from trapgate.observe.notice import shown
from trapgate.pipeline.indexing import REST_S, Indexing
from trapgate.store import Indexer
from trapgate.store.sqlite.words import WordsReader, words_path

BATCH = 10


class Site:
    """One loop over a folder with one part."""

    def __init__(self, folder: Path) -> None:
        self.stop = os.eventfd(0, os.EFD_NONBLOCK)
        self.part = make_part(folder / "events-2026-11-21.sqlite")
        self.metrics_path = folder / "index.prom"
        self.metrics = Metrics()
        self.elapsed_ns = 0
        self.step_ns = NS_PER_S
        self.backlog: Callable[[], bool] = lambda: False
        indexer = Indexer(folder, batch_events=BATCH)
        self.indexing = Indexing(
            indexer,
            self.metrics,
            self.metrics_path,
            stop=self.stop,
            clock=self.clock,
            backlog=lambda: self.backlog(),
        )

    def clock(self) -> Now:
        """Each look at the clock takes a second."""
        self.elapsed_ns += self.step_ns
        return Now(0, self.elapsed_ns)

    def indexed(self) -> int:
        reader = WordsReader.open(self.part)
        if reader is None:
            return 0
        with reader:
            return reader.upto(1) - place(0)

    def value(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(name)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.indexing.close()
    os.close(made.stop)


def test_a_turn_indexes_all_and_tells(site: Site) -> None:
    write(site.part, dict.fromkeys(range(1, 36), "Link down"))
    assert site.indexing.turn()
    assert site.indexed() == 35
    assert site.value("trapgate_store_words_lag_events") == 0
    assert b"trapgate_store_words_lag_events 0.0" in shown(site.metrics_path)


def test_told_to_stop_it_leaves_between_two_pieces(site: Site) -> None:
    write(site.part, dict.fromkeys(range(1, 36), "Link down"))
    os.eventfd_write(site.stop, 1)
    site.indexing.run()
    assert site.indexed() == BATCH
    assert site.value("trapgate_store_words_lag_events") == 25
    assert b"trapgate_store_words_lag_events 25.0" in shown(site.metrics_path)


def test_it_rests_while_ingest_has_a_backlog(site: Site) -> None:
    """And is told to stop then."""

    def told() -> bool:
        os.eventfd_write(site.stop, 1)
        return True

    site.backlog = told
    write(site.part, dict.fromkeys(range(1, 36), "Link down"))
    assert not site.indexing.turn()
    assert site.indexed() == BATCH


def test_it_does_not_rest_for_ever(site: Site) -> None:
    site.backlog = lambda: True
    site.step_ns = int((REST_S + 1) * NS_PER_S)
    write(site.part, dict.fromkeys(range(1, 36), "Link down"))
    assert site.indexing.turn()
    assert site.indexed() == 35


def test_runs_until_it_is_told_to_stop(site: Site) -> None:
    write(site.part, {1: "Link down"})
    thread = threading.Thread(target=site.indexing.run)
    thread.start()
    while site.indexed() < 1:
        thread.join(0.01)
    os.eventfd_write(site.stop, 1)
    thread.join(10)
    assert not thread.is_alive()


def test_failures_are_counted(site: Site) -> None:
    write(site.part, {1: "Link down"})
    words_path(site.part).mkdir()
    assert site.indexing.turn()
    assert site.indexing.turn()
    assert (site.value("trapgate_store_words_failures_total") or 0) >= 2
    words_path(site.part).rmdir()
    assert site.indexing.turn()
    assert site.indexed() == 1


def test_metrics_that_cannot_be_published_end_nothing(site: Site) -> None:
    site.metrics_path.mkdir()
    write(site.part, {1: "Link down"})
    assert site.indexing.turn()
    assert site.indexed() == 1

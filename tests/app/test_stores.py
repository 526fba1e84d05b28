"""The event store by its kind, and the settings that it is made of."""

import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.folders import MAIN, built, complaints, written
from trapgate.app.layout import Layout
from trapgate.app.restart import restart_needed
from trapgate.app.stores import store_to_read, store_to_write
from trapgate.observe import Metrics
from trapgate.store import SqliteEventStore
from trapgate.store.elastic.store import ElasticsearchEventStore

NOBODY = "http://127.0.0.1:1"


def elastic(**settings: str) -> str:
    inner = ", ".join(f"{key}: {value}" for key, value in settings.items())
    return f"{MAIN}store: {{kind: elasticsearch, elasticsearch: {{{inner}}}}}\n"


def test_the_kind_decides_and_no_server_is_asked(tmp_path: Path) -> None:
    layout, metrics = Layout(tmp_path / "data"), Metrics()
    settings = built(written(tmp_path, trapgate=elastic(urls=f"['{NOBODY}']"))).settings.store
    for open_ in (store_to_write, store_to_read):
        store = open_(settings, layout, metrics)
        assert isinstance(store, ElasticsearchEventStore)
        store.close()
    settings = built(written(tmp_path)).settings.store
    for open_ in (store_to_write, store_to_read):
        store = open_(settings, layout, metrics)
        assert isinstance(store, SqliteEventStore)
        store.close()


def test_secrets_and_paths_are_filled_in(tmp_path: Path) -> None:
    text = elastic(username="u", password_file="secret.txt")
    path = written(tmp_path, trapgate=text, **{"secret.txt": "s3cret\n"})
    old = built(path)
    assert old.settings.store.elasticsearch.password == "s3cret"
    # paths start where the file is, wherever the process runs
    unused = f"{MAIN}store: {{elasticsearch: {{ca_file: ca.pem}}}}\n"
    other = built(written(tmp_path / "other", trapgate=unused))
    assert other.settings.store.elasticsearch.ca_file == str(tmp_path / "other" / "ca.pem")
    (tmp_path / "secret.txt").write_text("other")
    (problem,) = restart_needed(old, built(path))
    assert problem.summary == (
        '"store.elasticsearch.password" has changed, which a reload cannot apply'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (elastic(urls="[]"), ['trapgate.yml:3:46: "urls" names no server (add http://']),
        (elastic(username="u", password_file="gone.txt"), ["trapgate.yml:3:59: cannot read "]),
        (
            elastic(urls="['https://a']", ca_file="gone.pem"),
            ["trapgate.yml:3:67: cannot read "],
        ),
        # a bad file hides nothing else of the section
        (
            elastic(urls="['https://a']", ca_file="gone.pem", namespace="A", bulk_size="1"),
            [
                "trapgate.yml:3:67: cannot read ",
                'trapgate.yml:3:86: "A"',
                'trapgate.yml:3:100: "bu',
            ],
        ),
        # what is not used is not judged
        (f"{MAIN}store: {{elasticsearch: {{urls: [], ca_file: gone.pem}}}}\n", []),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = complaints(written(tmp_path, trapgate=text))
    assert len(found) == len(expected), found
    for complaint, beginning in zip(found, expected, strict=True):
        assert complaint.startswith(beginning)


def test_event_files_that_are_left_behind_are_told_of(tmp_path: Path) -> None:
    layout, metrics = Layout(tmp_path / "data"), Metrics()
    settings = built(written(tmp_path, trapgate=elastic())).settings.store
    with capture_logs() as logs:
        store_to_write(settings, layout, metrics).close()
        layout.events.mkdir(parents=True)
        (layout.events / "events-2026-11-21.sqlite").touch()
        store_to_read(settings, layout, metrics).close()
        assert logs == []
        store_to_write(settings, layout, metrics).close()
    assert [(log["event"], log["files"]) for log in logs] == [("store.left-behind", 1)]


def test_the_client_is_loaded_only_where_it_is_used() -> None:
    program = (
        "import sys, trapgate.app.stores, trapgate.app.files, trapgate.app.build;"
        "sys.exit('elasticsearch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0

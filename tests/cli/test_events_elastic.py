"""The same commands on Elasticsearch: what they print is what they print of the embedded store."""

from pathlib import Path

import pytest

from cli.conftest import Trapgate
from cli.stored import DAY, sixty, stored
from store.elastic.stores import bench

COMMANDS = [
    ("events", "search", "--all"),
    ("events", "search", "host.name:router-1 and event.severity <= 3", "-o", "json"),
    ("events", "search", 'message:"event 7"', "-o", "wide"),
    ("events", "search", "--by", "host.name,event.severity,vlan.id"),
    ("events", "search", "host.name:nobody"),
    ("events", "export"),
    ("replay", "-o", "json"),
]


@pytest.mark.real
def test_the_answers_are_those_of_the_embedded_store(
    trapgate: Trapgate, folder: Path, elasticsearch_url: str, namespace: str
) -> None:
    stored(folder, sixty())
    with bench(elasticsearch_url, namespace) as elastic:
        elastic.store.write(sixty())
        elastic.refresh()
    config = folder / "elastic.yml"
    elsewhere = f"{{urls: ['{elasticsearch_url}'], namespace: {namespace}}}"
    config.write_text(f"store: {{kind: elasticsearch, elasticsearch: {elsewhere}}}\n")
    for command in COMMANDS:
        expected = trapgate(*command, *DAY)
        answer = trapgate(*command, *DAY, "--config", str(config))
        assert (answer.exit_code, answer.stdout) == (expected.exit_code, expected.stdout), command
        assert answer.stderr == expected.stderr
    for event_id in (sixty()[6].id, sixty()[6].id[:8], "f" * 32):
        shown = trapgate("events", "show", event_id, "--config", str(config))
        assert shown.stdout == trapgate("events", "show", event_id).stdout

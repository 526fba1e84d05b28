"""What a reload cannot take over: each key, where it is, what it was and is."""

from pathlib import Path

import pytest

from app.folders import MAIN, built, written
from trapgate.app.problems import one_line
from trapgate.app.restart import SECRETS, restart_needed
from trapgate.app.settings import ObserveSettings, SpoolSettings, StoreSettings, WebSettings
from trapgate.config import Section
from trapgate.config.section import field_types
from trapgate.store import ElasticsearchSettings

ELASTIC = MAIN + "store:\n  elasticsearch:\n    username: u\n    "


def said(tmp_path: Path, before: str, after: str) -> list[str]:
    old = built(written(tmp_path, trapgate=before))
    new = built(written(tmp_path, trapgate=after))
    texts = [one_line(problem) for problem in restart_needed(old, new)]
    end = ", which a reload cannot apply (restart trapgate to use it)"
    assert all(text.endswith(end) for text in texts)
    return [text.removeprefix(f"{tmp_path}/").removesuffix(end) for text in texts]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("\n\nspool: {}", []),
        ("notify: {log: []}", []),
        ("sources: [{cidr: 10.0.0.1, name: r1}]", []),
        ("listen: []", []),
        ("data: there", ['3:1: "data" has changed from ./data to there']),
        (
            "spool: {age_max: , size_max: 2560MiB}",
            [
                '3:20: "spool.size_max" has changed from 1GiB to 2560MiB',
                '3:9: "spool.age_max" has changed from 1w to nothing',
            ],
        ),
        ("decode: {workers: 2}", ['3:10: "decode.workers" has changed from 1 to 2']),
        (
            "store:\n  retention_days: 7\n  words: no",
            [
                '4:3: "store.retention_days" has changed from 30 to 7',
                '5:3: "store.words" has changed from true to false',
            ],
        ),
        (
            "store: {elasticsearch: {urls: ['http://a', 'http://b']}}",
            [
                '3:25: "store.elasticsearch.urls" has changed from [http://127.0.0.1:9200] to '
                "[http://a, http://b]"
            ],
        ),
        (
            "web: {listen: '127.0.0.1:1', external_url: 'http://u:s3cret@h'}",
            [
                '3:7: "web.listen" has changed from 127.0.0.1:9093 to 127.0.0.1:1',
                '3:30: "web.external_url" has changed from nothing to http://<secret>@h',
            ],
        ),
        (
            "observe: {log_level: debug}",
            ['3:11: "observe.log_level" has changed from info to debug'],
        ),
    ],
)
def test_what_a_reload_cannot_apply_is_refused(
    tmp_path: Path, line: str, expected: list[str]
) -> None:
    assert said(tmp_path, MAIN, MAIN + line) == [f"trapgate.yml:{each}" for each in expected]


def test_a_key_that_is_gone_is_told_where_it_would_be(tmp_path: Path) -> None:
    before = MAIN + "store: {retention_days: 7}\n"
    changed = '"store.retention_days" has changed from 7 to 30'
    assert said(tmp_path, before, MAIN + "store: {words: yes}") == [f"trapgate.yml:3:1: {changed}"]
    assert said(tmp_path, before, MAIN) == [f"trapgate.yml: {changed}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("password: s3cret", "password: an0ther"),
        ("password: s3cret", "password_file: secret.txt"),
    ],
)
def test_a_secret_is_named_and_not_told(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "secret.txt").write_text("from a file")
    expected = 'trapgate.yml:6:5: "store.elasticsearch.password" has changed'
    assert said(tmp_path, ELASTIC + before, ELASTIC + after) == [expected]


@pytest.mark.parametrize(
    "section",
    [SpoolSettings, StoreSettings, ElasticsearchSettings, WebSettings, ObserveSettings],
)
def test_no_secret_is_forgotten(section: type[Section]) -> None:
    """Each has a twin for a file, by which a new one is found."""
    keys = field_types(section)
    assert {key for key in keys if f"{key}_file" in keys} <= SECRETS

"""`store.elasticsearch`: what is refused, and why."""

from pathlib import Path

import pytest

from listen.authority import Authority
from trapgate.config import load
from trapgate.model import Problem
from trapgate.store import check_elasticsearch, check_elasticsearch_files
from trapgate.store.elastic.settings import ElasticsearchSettings


def problems(text: str) -> list[Problem]:
    loaded = load(text, "trapgate.yml", ElasticsearchSettings)
    assert loaded.value is not None, loaded.problems
    return check_elasticsearch(loaded.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "urls: ['https://es1:9200', 'https://[2001:db8::1]:9200/', 'https://es3.example.net']",
        "{username: elastic, password: x}",
        "{username: elastic, password_file: x}",
        "{api_key: x}",
        "{urls: ['https://a'], ca_file: ca.pem, cert_file: a.pem, key_file: a.key}",
        "{namespace: lab_2.x, ilm_policy: mine}",
    ],
)
def test_what_is_fine(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("urls: []", '"urls" names no server'),
        ("urls: ['es1:9200']", '"es1:9200" is no URL of a server'),
        ("urls: ['ftp://es1']", '"ftp://es1" is no URL of a server'),
        ("urls: ['http://es1:99999']", '"http://es1:99999" is no URL: Port out of range 0-65535'),
        ("urls: ['http://es1:0']", '"http://es1:0" has no port that can be reached'),
        (
            "urls: ['https://u:s3cret@es1:9200']",
            '"https://...@es1:9200" must not hold a user or a password: they have keys of their '
            "own",
        ),
        ("urls: ['http://es1/path']", '"http://es1/path" must end behind the port'),
        ("urls: ['http://a', 'https://b']", '"urls" has both http and https: secrets would go '
         "over either"),
        ("ca_file: ca.pem", '"ca_file" has no effect with http://'),
        ("{username: u}", '"username" needs "password"'),
        ("{username: u, password: ''}", '"password" is empty'),
        ("api_key: ''", '"api_key" is empty'),
        ("{username: '', password: p}", '"username" is empty'),
        ("{password: p}", '"password" needs "username"'),
        ("{password_file: p}", '"password_file" needs "username"'),
        ("{username: u, password: p, password_file: f}", '"password" and "password_file" exclude '
         "each other"),
        ("{username: u, password: p, api_key: k}", "an API key and a user exclude each other"),
        ("{urls: ['https://a'], key_file: k}", '"key_file" needs "cert_file"'),
        ("namespace: Lab-1", '"Lab-1" cannot be the end of a data stream\'s name'),
        ("namespace: ''", '"" cannot be the end of a data stream\'s name'),
        (f"namespace: {'x' * 101}", f'"{"x" * 101}" cannot be the end of a data stream\'s name'),
        ("request_timeout: 500ms", '"request_timeout" must be 1s or more'),
        ("bulk_size: 100MiB", '"bulk_size" must be from 1MiB to 64MiB'),
        ("ilm_policy: ''", '"ilm_policy" has no name in it'),
    ],
)  # fmt: skip
def test_what_is_wrong(text: str, summary: str) -> None:
    (problem,) = problems(text)
    assert problem.summary == summary
    assert problem.span is not None
    assert problem.span.line == 1


def test_certificates_are_tried(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.issue("own")
    settings = ElasticsearchSettings(
        urls=("https://a",),
        ca_file=authority.ca_file.name,
        cert_file=own.cert_file.name,
        key_file=own.key_file.name,
    )
    assert check_elasticsearch_files(settings.below(tmp_path)) == []
    (missing,) = check_elasticsearch_files(settings.below(tmp_path / "elsewhere"))[:1]
    assert missing.code == "unreadable-file"


def test_every_bad_file_is_told_of_in_words_of_a_person(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own, other = authority.issue("own"), authority.issue("other")
    text = own.cert_file.read_text()
    (tmp_path / "empty.pem").write_text("nothing")
    (tmp_path / "locked.key").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    (tmp_path / "torn.pem").write_text(text[: len(text) // 2] + text[-200:])

    def found(ca: str, cert: str, key: str | None) -> list[str]:
        settings = ElasticsearchSettings(
            urls=("https://a",), ca_file=ca, cert_file=cert, key_file=key
        )
        problems = check_elasticsearch_files(settings.below(tmp_path))
        assert not any("_ssl" in problem.summary + problem.help for problem in problems)
        return [problem.summary.replace(f"{tmp_path}/", "") for problem in problems]

    ca, cert = authority.ca_file.name, own.cert_file.name
    assert found("empty.pem", cert, other.key_file.name) == [
        "empty.pem holds no certificate that can be read",
        f"the key in {other.key_file.name} does not belong to {cert}",
    ]
    assert found("gone.pem", "empty.pem", "gone.key") == [
        "cannot read gone.pem: No such file or directory",
        "cannot read gone.key: No such file or directory",
    ]
    assert found(ca, "empty.pem", own.key_file.name) == ["empty.pem holds no certificate"]
    assert found(ca, cert, None) == [f"{cert} holds no private key"]
    assert found(ca, cert, "locked.key") == ["the key in locked.key has a password"]
    assert found(ca, "torn.pem", own.key_file.name) == [
        f"torn.pem or its key in {own.key_file.name} is damaged"
    ]


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("{urls: ['http://es1:9200'], api_key: k}", True),
        ("{urls: ['http://localhost', 'http://10.0.0.1'], username: u, password_file: p}", True),
        ("{urls: ['http://localhost:9200', 'http://[::1]'], username: u, password: p}", False),
        ("{urls: ['https://es1:9200'], username: u, password: p}", False),
        ("urls: ['http://es1:9200']", False),
    ],
)
def test_a_secret_in_plain_text_is_warned_of(text: str, warned: bool) -> None:
    assert [problem.code for problem in problems(text)] == ["plain-text-secret"] * warned


def test_no_part_of_a_password_is_in_a_problem() -> None:
    for url in ("https://u:s3cret@es1:9200", "https://u:s3cret/x@es1", "https://u:1[s3cret]@es1"):
        (problem,) = problems(f"urls: ['{url}']")
        assert "s3cret" not in problem.summary + problem.help

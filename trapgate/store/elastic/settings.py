"""`store.elasticsearch`: the servers, how they are spoken to, and who is asked to delete. The
docstrings of the fields are the user's reference."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from trapgate.config import ByteSize, Duration, Section
from trapgate.model import NS_PER_S, Problem

NAMESPACE_CHARS_MAX = 100
"""Elastic's own limit for this part of a data stream's name."""

_NAMESPACE = re.compile(r"[a-z0-9_.]+", re.ASCII)

TIMEOUT_S_MIN = 1

BULK_BYTES_MIN, BULK_BYTES_MAX = 1 << 20, 64 << 20
"""One event fits into the least with all that is indexed of it; a server takes 100 MB (its
`http.max_content_length`) unless it was told otherwise."""

SECRETS = ("password", "api_key")
"""Keys with a `*_file` twin."""

FILES = ("ca_file", "cert_file", "key_file")


class ElasticsearchSettings(Section, frozen=True, kw_only=True):
    """`store.elasticsearch`: used with `kind: elasticsearch`. Servers from 8.14 on and 9.x are
    supported. docs/elasticsearch.md tells what is created there and what rights that takes."""

    urls: tuple[str, ...] = ("http://127.0.0.1:9200",)
    """The nodes: `https://es1.example.net:9200`, all of one cluster and all alike in `http` or
    `https`. Requests take turns; a node that does not answer is left alone for a while."""

    namespace: str = "default"
    """The end of the data streams' names, `logs-snmp.trap-NAMESPACE` and
    `logs-syslog.network-NAMESPACE`: lower-case letters, digits, `_` and `.`."""

    username: str | None = None
    """Who asks, with `password` (basic authentication)."""

    password: str | None = None
    """The password."""

    password_file: str | None = None
    """A file that holds the password, relative to this file."""

    api_key: str | None = None
    """An API key as Elasticsearch shows it (`encoded`), instead of a user."""

    api_key_file: str | None = None
    """A file that holds the API key, relative to this file."""

    ca_file: str | None = None
    """Authorities that vouch for the servers (PEM), relative to this file. Without it the system's.
    """

    cert_file: str | None = None
    """A client certificate with its chain (PEM), relative to this file."""

    key_file: str | None = None
    """Its private key (PEM, without a password), relative to this file. Without it the key is in
    `cert_file`, too."""

    compression: bool = False
    """Whether requests are compressed: a tenth of the bytes or less, for nearly twice the CPU. For
    servers that are far away."""

    request_timeout: Duration = Duration(30 * NS_PER_S)
    """Longest wait for an answer; then the attempt has failed, and is made again for as long as it
    takes."""

    bulk_size: ByteSize = ByteSize(5 << 20)
    """Bytes of events that go into one request, from 1MiB to 64MiB."""

    ilm_policy: str | None = None
    """An index lifecycle policy of yours that rolls over and deletes, instead of the data stream
    lifecycle with `retention_days`."""

    def below(self, folder: Path) -> "ElasticsearchSettings":
        """The same with absolute paths; `folder` is where relative ones start."""
        paths = {key: str(folder / path) for key in FILES if (path := getattr(self, key))}
        return msgspec.structs.replace(self, **paths)

    def secret_files(self) -> Mapping[str, str]:
        """The files that hold secrets, by the keys that name them."""
        keys = [f"{key}_file" for key in SECRETS]
        return {key: path for key in keys if (path := getattr(self, key)) is not None}


def check_elasticsearch(settings: ElasticsearchSettings) -> list[Problem]:
    """What is wrong with the settings, without a look at files or servers."""
    problems = _check_urls(settings) + _check_identity(settings) + _check_privacy(settings)
    name = settings.namespace
    if not _NAMESPACE.fullmatch(name) or len(name) > NAMESPACE_CHARS_MAX:
        summary = f'"{name}" cannot be the end of a data stream\'s name'
        hint = f"write lower-case letters, digits, _ and ., at most {NAMESPACE_CHARS_MAX}"
        problems.append(settings.problem("namespace", summary, hint))
    if settings.request_timeout.seconds < TIMEOUT_S_MIN:
        summary = f'"request_timeout" must be {TIMEOUT_S_MIN}s or more'
        problems.append(settings.problem("request_timeout", summary))
    if not BULK_BYTES_MIN <= settings.bulk_size <= BULK_BYTES_MAX:
        problems.append(settings.problem("bulk_size", '"bulk_size" must be from 1MiB to 64MiB'))
    if settings.ilm_policy == "":
        problems.append(settings.problem("ilm_policy", '"ilm_policy" has no name in it'))
    return problems


def _check_urls(settings: ElasticsearchSettings) -> list[Problem]:
    if not settings.urls:
        return [settings.problem("urls", '"urls" names no server', "add http://127.0.0.1:9200")]
    problems = []
    for url in settings.urls:
        summary = _url_fault(url)
        if summary:
            hint = "write https://es1.example.net:9200"
            problems.append(settings.problem("urls", f'"{_shown(url)}" {summary}', hint))
    schemes = {url.partition("://")[0].lower() for url in settings.urls}
    if not problems and len(schemes) > 1:
        summary = '"urls" has both http and https: secrets would go over either'
        problems.append(settings.problem("urls", summary))
    for key in FILES:
        if getattr(settings, key) and schemes == {"http"}:
            summary = f'"{key}" has no effect with http://'
            problems.append(settings.problem(key, summary, "write https:// in urls"))
    return problems


def _url_fault(url: str) -> str | None:
    if "@" in url:  # first: what is wrong with the rest may be said in words of the secret
        return "must not hold a user or a password: they have keys of their own"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is no URL: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "is no URL of a server"
    if port == 0:
        return "has no port that can be reached"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return "must end behind the port"
    return None


def _shown(url: str) -> str:
    """The URL without what may be a secret: a problem's text goes to logs."""
    before, at, after = url.rpartition("@")
    return f"{before.partition('://')[0]}://...@{after}" if at else url


def _check_privacy(settings: ElasticsearchSettings) -> list[Problem]:
    """A warning if secrets go over the network for anybody to read."""
    plain = [url for url in settings.urls if url.lower().startswith("http://")]
    keys = [key for key in SECRETS if getattr(settings, key) or getattr(settings, f"{key}_file")]
    if not keys or all(map(_is_here, plain)):
        return []
    summary = f'"{keys[0]}" goes over the network in plain text: "urls" has http://'
    hint = "write https:// if the servers have TLS, and let them have it if not"
    span = settings.where.key("urls")
    return [Problem("plain-text-secret", "warning", summary, span, hint)]


def _is_here(url: str) -> bool:
    """Whether the URL is of this machine; one that is none is judged elsewhere."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_identity(settings: ElasticsearchSettings) -> list[Problem]:
    problems = []
    for key in ("username", *SECRETS):
        if getattr(settings, key) == "":
            summary = f'"{key}" is empty'
            problems.append(settings.problem(key, summary, "leave it out, or give it a value"))
    for key in SECRETS:
        if getattr(settings, key) is not None and getattr(settings, f"{key}_file") is not None:
            summary = f'"{key}" and "{key}_file" exclude each other'
            problems.append(settings.problem(f"{key}_file", summary))
    password = settings.password is not None or settings.password_file is not None
    api_key = settings.api_key is not None or settings.api_key_file is not None
    if api_key and (settings.username is not None or password):
        summary = "an API key and a user exclude each other"
        problems.append(
            settings.problem("api_key" if settings.api_key else "api_key_file", summary)
        )
    elif password and settings.username is None:
        key = "password" if settings.password is not None else "password_file"
        problems.append(settings.problem(key, f'"{key}" needs "username"'))
    elif settings.username is not None and not password:
        problems.append(settings.problem("username", '"username" needs "password"'))
    if settings.key_file and not settings.cert_file:
        problems.append(settings.problem("key_file", '"key_file" needs "cert_file"'))
    return problems

"""TLS to the servers: whom to trust, and who we are. Without the client, so that a configuration is
checked without loading it."""

import ssl
from pathlib import Path

from trapgate.model import Problem
from trapgate.store.elastic.settings import FILES, ElasticsearchSettings


def tls_context(settings: ElasticsearchSettings) -> ssl.SSLContext | None:
    """Whom to trust and who we are; `None` for `http://`. Raises `OSError` for a file that cannot
    be read or used."""
    if not settings.urls[0].lower().startswith("https://"):
        return None
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.cert_file is not None:
        # an empty password: without one OpenSSL would ask at the terminal
        context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    return context


def check_elasticsearch_files(settings: ElasticsearchSettings) -> list[Problem]:
    """What is wrong with the certificates; for settings with absolute paths."""
    problems = []
    for key in FILES:
        path = getattr(settings, key)
        try:
            if path is not None:
                Path(path).read_bytes()
        except OSError as error:
            summary = f"cannot read {path}: {error.strerror}"
            problems.append(settings.problem(key, summary, "correct the path", "unreadable-file"))
    if problems or not settings.urls:
        return problems
    try:
        tls_context(settings)
    except OSError as error:  # `ssl.SSLError` is one
        key = "cert_file" if settings.cert_file else "ca_file"
        summary = f"a certificate cannot be used: {error.strerror or error}"
        problems.append(settings.problem(key, summary, "PEM, the key without a password"))
    return problems

"""TLS to the servers: whom to trust, and who we are. Without the client, so that a configuration is
checked without loading it."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from trapgate.model import Problem
from trapgate.store.elastic.settings import FILES, ElasticsearchSettings

_BEGIN_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_UNUSABLE = "unusable-certificate"


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
    """What is wrong with the certificates, all at once; for settings with absolute paths."""
    problems = []
    texts: dict[str, str] = {}
    for key in FILES:
        path = getattr(settings, key)
        try:
            if path is not None:
                texts[key] = Path(path).read_bytes().decode("ascii", "replace")
        except OSError as error:
            summary = f"cannot read {path}: {error.strerror}"
            hint = "correct the path, or the file's mode"
            problems.append(settings.problem(key, summary, hint, "unreadable-file"))
    if not settings.urls or not settings.urls[0].lower().startswith("https://"):
        return problems
    if "ca_file" in texts:
        problems += _check_authorities(settings)
    if "cert_file" in texts and (settings.key_file is None or "key_file" in texts):
        problems += _check_own(settings, texts)
    return problems


def _check_authorities(settings: ElasticsearchSettings) -> list[Problem]:
    try:
        ssl.create_default_context(cafile=settings.ca_file)
    except ssl.SSLError:
        summary = f"{settings.ca_file} holds no certificate that can be read"
        hint = "give the certificate of the authority that signed those of the servers, as PEM"
        return [settings.problem("ca_file", summary, f"{hint} ({_BEGIN_CERTIFICATE})", _UNUSABLE)]
    return []


def _check_own(settings: ElasticsearchSettings, texts: Mapping[str, str]) -> list[Problem]:
    cert_file, key = settings.cert_file, "key_file" if settings.key_file else "cert_file"
    key_file = getattr(settings, key)
    assert cert_file is not None
    if _BEGIN_CERTIFICATE not in texts["cert_file"]:
        summary = f"{cert_file} holds no certificate"
        hint = f"give ours with its chain, as PEM ({_BEGIN_CERTIFICATE})"
        return [settings.problem("cert_file", summary, hint, _UNUSABLE)]
    if "ENCRYPTED" in texts[key]:
        summary = f"the key in {key_file} has a password"
        hint = "decrypt it: openssl pkey -in KEY -out PLAIN"
        return [settings.problem(key, summary, hint, _UNUSABLE)]
    if "PRIVATE KEY-----" not in texts[key]:
        summary = f"{key_file} holds no private key"
        hint = "give the key of the certificate, as PEM (-----BEGIN PRIVATE KEY-----)"
        return [settings.problem(key, summary, hint, _UNUSABLE)]
    try:
        ssl.create_default_context().load_cert_chain(cert_file, key_file, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            summary = f"the key in {key_file} does not belong to {cert_file}"
            return [settings.problem(key, summary, "give the key of this certificate", _UNUSABLE)]
        summary = f"{cert_file} or its key in {key_file} is damaged"
        hint = "write both anew, as PEM; `openssl x509` and `openssl pkey` say which one it is"
        return [settings.problem("cert_file", summary, hint, _UNUSABLE)]
    return []

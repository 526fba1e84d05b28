"""TLS sessions in memory, with Python's `ssl` as the client: who gets in, and what comes out."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from listen.authority import Identity, pem_of
from listen.lab import VERSIONS, Client, Lab
from trapgate.listen.tls import (
    TlsRefused,
    TlsSession,
    UnusableFile,
    check_files,
    load_context,
)
from trapgate.listen.tls_settings import TlsSettings


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


def connect(
    lab: Lab,
    tls: TlsSettings,
    identity: Identity | None = None,
    version: ssl.TLSVersion = VERSIONS[1],
) -> tuple[TlsSession, Client]:
    """Shake hands. Raises `TlsRefused`, `ssl.SSLError`."""
    session, client = TlsSession(load_context(tls)), Client(lab, identity, version)
    for _ in range(10):
        sent = client.step(session.answer())
        if sent:
            assert session.feed(sent) == b""
        if session.established:
            client.step(session.answer())
            return session, client
    raise AssertionError("no end of the handshake")


@pytest.mark.parametrize("version", VERSIONS)
def test_text_in_pieces(lab: Lab, version: ssl.TLSVersion) -> None:
    session, client = connect(lab, lab.settings(), version=version)
    assert session.presented is None
    sent = client.say(b"5 <1>ab") + client.say(b"x" * 100_000)
    plain = b"".join(session.feed(sent[at : at + 999]) for at in range(0, len(sent), 999))
    assert plain == b"5 <1>ab" + b"x" * 100_000
    assert not session.over
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    assert session.feed(client.sent()) == b""
    assert session.over


ACCEPTED: dict[str, Callable[[Lab], tuple[TlsSettings, Identity | None]]] = {
    "nobody is asked": lambda lab: (lab.settings(), lab.stranger),
    "by authority": lambda lab: (lab.of_authority(), lab.known),
    "by name": lambda lab: (lab.of_authority(client_names=("*.example.net",)), lab.known),
    "self-signed, by fingerprint": lambda lab: (lab.listed(lab.known, lab.stranger), lab.stranger),
    "another authority's, by fingerprint": lambda lab: (lab.listed(lab.other), lab.other),
    "expired, by fingerprint": lambda lab: (lab.listed(lab.expired), lab.expired),
    "by fingerprint beside an authority": lambda lab: (
        lab.of_authority(client_fingerprints=(lab.stranger.fingerprint,)),
        lab.stranger,
    ),
    "optional and none": lambda lab: (
        lab.settings(client_auth="optional", client_ca_file=str(lab.authority.ca_file)),
        None,
    ),
}


@pytest.mark.parametrize("case", ACCEPTED)
@pytest.mark.parametrize("version", VERSIONS)
def test_who_is_accepted(lab: Lab, case: str, version: ssl.TLSVersion) -> None:
    tls, identity = ACCEPTED[case](lab)
    session, client = connect(lab, tls, identity, version)
    assert session.feed(client.say(b"4 <1>a")) == b"4 <1>a"
    shown = tls.client_auth != "none" and identity is not None
    assert (session.presented is not None) == shown
    if session.presented and identity:
        assert session.presented.fingerprints[0] == identity.fingerprint


REFUSED: dict[str, tuple[Callable[[Lab], tuple[TlsSettings, Identity | None]], str, str]] = {
    "no certificate": (
        lambda lab: (lab.of_authority(), None),
        "tls-no-certificate",
        "peer did not return a certificate",
    ),
    "self-signed": (
        lambda lab: (lab.of_authority(), lab.stranger),
        "tls-certificate",
        "it is self-signed",
    ),
    "another authority's": (
        lambda lab: (lab.of_authority(), lab.other),
        "tls-certificate",
        "its authority is not known",
    ),
    "expired": (
        lambda lab: (lab.of_authority(), lab.expired),
        "tls-certificate",
        "it has expired",
    ),
    "another name": (
        lambda lab: (lab.of_authority(client_names=("core2.example.net",)), lab.known),
        "tls-certificate",
        "none of its names is listed: core1.example.net",
    ),
    "another fingerprint": (
        lambda lab: (lab.listed(lab.known), lab.stranger),
        "tls-certificate",
        "its fingerprint is not listed",
    ),
    "optional, but a wrong one": (
        lambda lab: (
            lab.settings(client_auth="optional", client_ca_file=str(lab.authority.ca_file)),
            lab.stranger,
        ),
        "tls-certificate",
        "it is self-signed",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("version", VERSIONS)
def test_who_is_refused(lab: Lab, case: str, version: ssl.TLSVersion) -> None:
    make, reason, detail = REFUSED[case]
    tls, identity = make(lab)
    with pytest.raises(TlsRefused) as refused:
        connect(lab, tls, identity, version)
    assert (refused.value.reason, refused.value.detail) == (reason, detail)
    if identity is not None:
        assert refused.value.presented is not None
        assert refused.value.presented.fingerprints[0] == identity.fingerprint


def test_the_client_is_told_why(lab: Lab) -> None:
    session = TlsSession(load_context(lab.of_authority()))
    client = Client(lab, None, ssl.TLSVersion.TLSv1_2)
    session.feed(client.step())
    with pytest.raises(TlsRefused):
        session.feed(client.step(session.answer()))
    with pytest.raises(ssl.SSLError, match="handshake failure"):
        client.step(session.answer())


def test_a_version_that_is_too_old(lab: Lab) -> None:
    tls = lab.settings(minimum_version="1.3")
    connect(lab, tls, version=ssl.TLSVersion.TLSv1_3)
    with pytest.raises(TlsRefused) as refused:
        connect(lab, tls, version=ssl.TLSVersion.TLSv1_2)
    assert (refused.value.reason, refused.value.detail) == ("tls-handshake", "unsupported protocol")


def authorities_told(tls: TlsSettings) -> int:
    """How many authorities a client is told that we know."""
    session = TlsSession(load_context(tls))
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    client = SSL.Connection(context, None)
    client.set_connect_state()
    for _ in range(2):
        if answer := session.answer():
            client.bio_write(answer)
        with suppress(SSL.WantReadError):
            client.do_handshake()
        with suppress(SSL.WantReadError, TlsRefused):
            session.feed(client.bio_read(65_536))
    return len(client.get_client_ca_list())


def test_authorities_are_told_unless_others_are_listed(lab: Lab) -> None:
    """A client that is told shows no certificate of another authority (GnuTLS)."""
    assert authorities_told(lab.of_authority()) == 1
    listed = (lab.stranger.fingerprint,)
    assert authorities_told(lab.of_authority(client_fingerprints=listed)) == 0


@pytest.mark.parametrize(
    "data", [b"<13>text\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff"]
)
def test_what_is_not_tls(lab: Lab, data: bytes) -> None:
    with pytest.raises(TlsRefused) as refused:
        TlsSession(load_context(lab.settings())).feed(data + bytes(20_000))
    assert refused.value.reason == "tls-handshake"


def test_a_damaged_record_keeps_what_came_before(lab: Lab) -> None:
    session, client = connect(lab, lab.settings())
    good, bad = client.say(b"<1>good\n"), bytearray(client.say(b"<2>bad\n"))
    bad[-1] ^= 1
    with pytest.raises(TlsRefused) as refused:
        session.feed(good + bad)
    assert (refused.value.reason, refused.value.plain) == ("tls-record", b"<1>good\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=200), start=st.sampled_from([b"", b"\x16\x03\x01\x00\x40\x01"]))
def test_any_bytes_are_refused_or_waited_for(lab: Lab, data: bytes, start: bytes) -> None:
    session = TlsSession(load_context(lab.settings()))
    with suppress(TlsRefused):
        assert session.feed(start + data) == b""
    assert not session.established


def test_a_session_is_not_resumed(lab: Lab) -> None:
    """A client that was accepted before is judged again."""
    context = load_context(lab.listed(lab.stranger))
    made = ssl.create_default_context(cafile=str(lab.authority.ca_file))
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(lab.stranger.cert_file, lab.stranger.key_file)
    known: ssl.SSLSession | None = None
    for _ in range(2):
        session, into, out = TlsSession(context), ssl.MemoryBIO(), ssl.MemoryBIO()
        client = made.wrap_bio(into, out, server_hostname="trapgate.example.net", session=known)
        for _ in range(3):
            into.write(session.answer())
            with suppress(ssl.SSLWantReadError):
                client.do_handshake()
            session.feed(out.read())
        assert session.established
        assert session.presented is not None
        assert not client.session_reused
        known = client.session


BROKEN: dict[str, tuple[Callable[[Lab, Path], TlsSettings], str, str]] = {
    "no certificate": (
        lambda lab, at: TlsSettings(cert_file=str(at)),
        "cert_file",
        "No such file or directory",
    ),
    "no key": (
        lambda lab, at: TlsSettings(cert_file=str(lab.own.cert_file), key_file=str(at)),
        "key_file",
        "No such file or directory",
    ),
    "the key is not in the certificate's file": (
        lambda lab, at: TlsSettings(cert_file=str(lab.own.cert_file)),
        "cert_file",
        "does not belong",
    ),
    "another's key": (
        lambda lab, at: TlsSettings(
            cert_file=str(lab.own.cert_file), key_file=str(lab.known.key_file)
        ),
        "key_file",
        "does not belong",
    ),
    "no PEM": (
        lambda lab, at: TlsSettings(cert_file=str(_written(at, b"text"))),
        "cert_file",
        "no certificate that can be used",
    ),
    "a key with a password": (
        lambda lab, at: TlsSettings(
            cert_file=str(lab.own.cert_file),
            key_file=str(_written(at, pem_of(lab.own.key, b"secret"))),
        ),
        "key_file",
        "has a password",
    ),
    "no authorities": (
        lambda lab, at: lab.settings(
            client_auth="required", client_ca_file=str(_written(at, b"text"))
        ),
        "client_ca_file",
        "no certificates of authorities",
    ),
}


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("case", BROKEN)
def test_files_that_cannot_be_used(lab: Lab, tmp_path: Path, case: str) -> None:
    make, key, summary = BROKEN[case]
    tls = make(lab, tmp_path / "file")
    with pytest.raises(UnusableFile) as unusable:
        load_context(tls)
    assert unusable.value.key == key
    assert summary in unusable.value.summary
    assert unusable.value.help
    (problem,) = check_files(tls)
    assert (problem.code, problem.summary) == ("unusable-certificate", unusable.value.summary)


def test_key_and_certificate_in_one_file(lab: Lab, tmp_path: Path) -> None:
    both = _written(tmp_path / "both", lab.own.cert_file.read_bytes() + pem_of(lab.own.key))
    assert check_files(TlsSettings(cert_file=str(both))) == []
    connect(lab, TlsSettings(cert_file=str(both)))

"""Certificates that change while a listener runs, in whatever order their files are written."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from listen.authority import Authority, Identity
from trapgate.listen.certificates import Certificates
from trapgate.listen.tls_settings import TlsSettings


class Files:
    """The files of a listener; what is put there has a stamp of its own."""

    def __init__(self, folder: Path) -> None:
        (folder / "made").mkdir()
        authority = Authority(folder / "made")
        self.first = authority.issue("first", "trapgate")
        self.second = authority.issue("second", "trapgate")
        self.cert, self.key = folder / "own.pem", folder / "own.key"
        self.settings = TlsSettings(cert_file=str(self.cert), key_file=str(self.key))
        self.put_cert(self.first)
        self.put_key(self.first)

    def put_cert(self, identity: Identity) -> None:
        self._put(self.cert, identity.cert_file.read_bytes())

    def put_key(self, identity: Identity) -> None:
        self._put(self.key, identity.key_file.read_bytes())

    def _put(self, path: Path, data: bytes) -> None:
        scratch = path.with_suffix(".new")
        scratch.write_bytes(data)
        os.replace(scratch, path)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_what_has_not_changed_is_not_read_again(files: Files) -> None:
    certificates = Certificates("lines", files.settings)
    before = certificates.context
    certificates.refresh()
    assert before is not None
    assert certificates.context is before


def test_the_certificate_first_and_then_its_key(files: Files) -> None:
    certificates = Certificates("lines", files.settings)
    before = certificates.context
    with capture_logs() as logs:
        files.put_cert(files.second)
        for _ in range(3):
            certificates.refresh()
        assert certificates.context is before
        files.put_key(files.second)
        certificates.refresh()
    assert certificates.context not in (None, before)
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("tls.files-unusable", "error"),
        ("tls.files-read-again", "info"),
    ]
    assert logs[0]["key"] == "key_file"
    assert logs[0]["going_on_with"] == "the files of before"


def test_files_that_are_away_for_a_while(files: Files) -> None:
    files.cert.unlink()
    with capture_logs() as logs:
        certificates = Certificates("lines", files.settings)
        missing = certificates.context
        assert missing is None
        assert logs[0]["going_on_with"] == "no connections"
        files.put_cert(files.first)
        certificates.refresh()
        good = certificates.context
        assert good is not None
        files.key.unlink()
        certificates.refresh()
        assert certificates.context is good


def test_a_link_that_leads_elsewhere(files: Files, tmp_path: Path) -> None:
    """As Kubernetes replaces the files of a secret: the folder is a link."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, identity in ((one, files.first), (other, files.second)):
        folder.mkdir()
        (folder / "own.pem").write_bytes(identity.cert_file.read_bytes())
        (folder / "own.key").write_bytes(identity.key_file.read_bytes())
    link = tmp_path / "link"
    link.symlink_to(one)
    settings = TlsSettings(cert_file=str(link / "own.pem"), key_file=str(link / "own.key"))
    certificates = Certificates("lines", settings)
    before = certificates.context
    link.unlink()
    link.symlink_to(other)
    certificates.refresh()
    assert certificates.context not in (None, before)

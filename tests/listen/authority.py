"""Certificates for tests, made when they are needed: an authority, and whom it vouches for."""

import datetime
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from trapgate.listen.clients import Presented

DAY = datetime.timedelta(days=1)


class Identity(NamedTuple):
    """A certificate and its key, as files and as they are."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    cert_file: Path
    key_file: Path

    @property
    def fingerprint(self) -> str:
        return Presented.of(self.certificate, "").fingerprints[0]


class Authority:
    """An authority with its files in a folder, `NAME-ca.pem` among them."""

    def __init__(self, folder: Path, name: str = "lab") -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} authority")])
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, SHA256())
        )
        self.ca_file = folder / f"{name}-ca.pem"
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, file: str, common: str = "", names: Sequence[str] = (), *, days: int = 1
    ) -> Identity:
        """A certificate in `FILE.pem` and `FILE.key`: with a common name, alternative names (DNS
        names and addresses), and valid until `days` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(file, common, names, key, self._name, self._key, days)

    def self_signed(self, file: str, common: str) -> Identity:
        """One that nobody vouches for."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        return self._write(file, common, (), key, issuer, key, 1)

    def _write(
        self,
        file: str,
        common: str,
        names: Sequence[str],
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Name,
        signer: ec.EllipticCurvePrivateKey,
        days: int,
    ) -> Identity:
        until = datetime.datetime.now(datetime.UTC) + days * DAY
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else []
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - 9 * DAY)
            .not_valid_after(until)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
        )
        if names:
            extension = x509.SubjectAlternativeName(list(map(_alternative, names)))
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(signer, SHA256())
        cert_file, key_file = self._folder / f"{file}.pem", self._folder / f"{file}.key"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(pem_of(key))
        return Identity(certificate, key, cert_file, key_file)


def pem_of(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    """A private key as it stands in a file."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )

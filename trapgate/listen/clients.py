"""Who may send over TLS: the certificate that a client shows, judged by authority, name or
fingerprint (RFC 5425 §4.2 and §5)."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

_FINGERPRINT = re.compile(r"sha-?(1|256):([0-9a-f]{2}(?::?[0-9a-f]{2})*)", re.IGNORECASE)
_HEX_DIGITS = {"1": 40, "256": 64}

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\.?", re.IGNORECASE)
_ADDRESS = re.compile(r"[0-9a-f:.]+", re.IGNORECASE)


class Presented(msgspec.Struct, frozen=True):
    """A client's certificate. `names` are lower case; `distrust` says why no authority that we
    know vouches for it, in words; empty if one does."""

    fingerprints: tuple[str, ...]
    names: tuple[str, ...]
    distrust: str

    @classmethod
    def of(cls, certificate: x509.Certificate, distrust: str) -> "Presented":
        """What is judged of a certificate."""
        fingerprints = tuple(
            f"{name}:{certificate.fingerprint(kind).hex(':').upper()}"
            for name, kind in (("sha256", SHA256()), ("sha1", SHA1()))
        )
        return cls(fingerprints, _names(certificate), distrust)


class ClientPolicy(msgspec.Struct, frozen=True):
    """What a listener wants of its clients' certificates.

    One whose fingerprint is listed is accepted whoever has signed it, and whenever it expires;
    another if an authority vouches for it (`by_authority`) and it has one of `names`, or no name
    is listed. `fingerprints` are as `fingerprint` returns them.
    """

    auth: Literal["none", "optional", "required"] = "none"
    by_authority: bool = False
    names: tuple[str, ...] = ()
    fingerprints: frozenset[str] = frozenset()

    def refusal(self, presented: Presented | None) -> str:
        """Why this client may not send; empty if it may. None: it has shown no certificate."""
        if self.auth == "none" or (presented is None and self.auth == "optional"):
            return ""
        if presented is None:
            return "no certificate"
        if self.fingerprints.intersection(presented.fingerprints):
            return ""
        if not self.by_authority:
            return "its fingerprint is not listed"
        if presented.distrust:
            return presented.distrust
        if self.names and not any(
            name_matches(wanted, name) for wanted in self.names for name in presented.names
        ):
            return f"none of its names is listed: {', '.join(presented.names) or 'it has none'}"
        return ""


def fingerprint(text: str) -> str:
    """A fingerprint as it is compared: `sha256:AA:BB:...`. Takes RFC 5425's form (`sha-1:aa:bb`)
    and hex without colons. Raises `ValueError` with a sentence for the user."""
    found = _FINGERPRINT.fullmatch(text)
    digits = found[2].replace(":", "").upper() if found else ""
    if found is None or len(digits) != _HEX_DIGITS[found[1]]:
        raise ValueError(f'"{text}" is no fingerprint; write sha256:AA:BB:... (32 bytes in hex)')
    return f"sha{found[1]}:{bytes.fromhex(digits).hex(':').upper()}"


def is_name(text: str) -> bool:
    """Whether it can be the name of a client: a DNS name, `*` as its first label at most, or an
    address."""
    return bool(_NAME.fullmatch(text) or _ADDRESS.fullmatch(text))


def name_matches(one: str, other: str) -> bool:
    """Whether two names are the same, where `*` as the first label, in either, is any one label
    (RFC 5425 §5.2)."""
    one, other = one.lower().removesuffix("."), other.lower().removesuffix(".")
    if one == other:
        return True
    return _covers(one, other) or _covers(other, one)


def _covers(pattern: str, name: str) -> bool:
    first, _, parent = pattern.partition(".")
    label, _, of = name.partition(".")
    return first == "*" and bool(parent) and parent == of and label != "*"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """DNS names and addresses of the subject's alternative names, else its common name."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        # ValueError: damaged extensions, whose names nobody can vouch for
        names: Sequence[str] = ()
    else:
        dns = extension.value.get_values_for_type(x509.DNSName)
        addresses = extension.value.get_values_for_type(x509.IPAddress)
        names = [*dns, *map(str, addresses)]
    if not names:
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = [str(attribute.value) for attribute in common]
    return tuple(name.lower() for name in names)

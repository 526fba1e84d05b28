"""`tls` of a listener: our certificate, and whose clients may send. The docstrings of the fields
are the user's reference."""

from pathlib import Path
from typing import Literal

import msgspec

from trapgate.config import Section
from trapgate.listen.clients import ClientPolicy, fingerprint, is_name
from trapgate.model import Problem

CLIENT_KEYS = ("client_ca_file", "client_names", "client_fingerprints")


class TlsSettings(Section, frozen=True, kw_only=True):
    """`tls` of a listener with `transport: tls`. The files are looked at each second; what has
    changed is used for new connections, and one that cannot be used leaves the one before in force
    and is logged."""

    cert_file: str
    """Our certificate and the chain that leads to its authority, in this order (PEM), relative to
    this file."""

    key_file: str | None = None
    """Its private key (PEM, without a password), relative to this file. Without it the key is in
    `cert_file`, too."""

    minimum_version: Literal["1.2", "1.3"] = "1.2"
    """The oldest version of TLS that is spoken."""

    client_auth: Literal["none", "optional", "required"] = "none"
    """Whether clients show a certificate: `none` asks for none, `optional` takes clients without
    one too, `required` does not. One that is shown must be acceptable by the keys below."""

    client_ca_file: str | None = None
    """Authorities whose clients are accepted (PEM, one or more), relative to this file."""

    client_names: tuple[str, ...] = ()
    """Of those, only clients with one of these names: a DNS name or address of the certificate's
    alternative names, or its common name if it has none of these. `*` as the first label is any one
    label. Without it every client of the authorities is accepted."""

    client_fingerprints: tuple[str, ...] = ()
    """Certificates that are accepted whoever has signed them, self-signed ones for instance:
    `sha256:AA:BB:...` or `sha1:AA:BB:...`. The fingerprint of a client that was refused is in the
    log, to be copied from there."""

    def files(self) -> tuple[Path, ...]:
        """Every file that it names."""
        names = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(Path(name) for name in names if name is not None)

    def below(self, folder: Path) -> "TlsSettings":
        """The same with absolute paths; `folder` is where relative ones start."""
        key, authorities = self.key_file, self.client_ca_file
        return msgspec.structs.replace(
            self,
            cert_file=str(folder / self.cert_file),
            key_file=None if key is None else str(folder / key),
            client_ca_file=None if authorities is None else str(folder / authorities),
        )

    def policy(self) -> ClientPolicy:
        """Who may send, of settings that `check_tls` accepts."""
        return ClientPolicy(
            auth=self.client_auth,
            by_authority=self.client_ca_file is not None,
            names=self.client_names,
            fingerprints=frozenset(map(fingerprint, self.client_fingerprints)),
        )


def check_tls(tls: TlsSettings) -> list[Problem]:
    """What is wrong with the settings, without a look at the files."""
    problems: list[Problem] = []
    for text in tls.client_fingerprints:
        try:
            fingerprint(text)
        except ValueError as error:
            problems.append(tls.problem("client_fingerprints", str(error)))
    for name in tls.client_names:
        if not is_name(name):
            summary = f'"{name}" is no name of a client'
            hint = 'write core1.example.net, "*.example.net" or an address'
            problems.append(tls.problem("client_names", summary, hint))
    given = [key for key in CLIENT_KEYS if getattr(tls, key)]
    if tls.client_auth == "none":
        hint = "add client_auth: required"
        problems += [
            tls.problem(key, f'"{key}" has no effect with client_auth: none', hint) for key in given
        ]
    elif not (tls.client_ca_file or tls.client_fingerprints):
        summary = f"client_auth: {tls.client_auth} accepts no certificate as it is"
        hint = "add client_ca_file or client_fingerprints"
        problems.append(tls.problem("client_auth", summary, hint))
    elif tls.client_names and not tls.client_ca_file:
        summary = '"client_names" says nothing without an authority that vouches for names'
        problems.append(tls.problem("client_names", summary, "add client_ca_file"))
    return problems

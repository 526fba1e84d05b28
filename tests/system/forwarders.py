"""Real relays, as children of a test: Debian's rsyslog and syslog-ng, reading a file and forwarding
each of its lines."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from listen.authority import Identity

UNPACKED = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trapgate-peers/syslog-ng"
)
"""Where tests/install-peers unpacks what cannot be installed beside rsyslog."""

ENDS_WITHIN_S = 20.0


class Target(NamedTuple):
    """Where to forward to, and how: `counted` is RFC 6587's octet counting; with `authority` (its
    file) it is TLS, `client` being what is shown there."""

    port: int
    transport: str = "tcp"
    counted: bool = False
    authority: Path | None = None
    client: Identity | None = None
    driver: str = "gtls"


Forwarder = Callable[[Path, Path, Target], tuple[Sequence[str], Mapping[str, str]]]
"""Writes its configuration into a folder, to forward the lines of a file; the command and its
environment."""


def rsyslog(folder: Path, lines: Path, target: Target) -> tuple[Sequence[str], Mapping[str, str]]:
    """rsyslog with imfile and omfwd."""
    path = shutil.which("rsyslogd", path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        _missing("rsyslogd", "rsyslog")
    module = f"lmnsd_{target.driver}.so"
    if target.authority and not list(Path("/usr/lib").glob(f"*/rsyslog/{module}")):
        _missing(module, "rsyslog-gnutls, rsyslog-openssl")
    action = [
        'type="omfwd" target="127.0.0.1" template="RSYSLOG_SyslogProtocol23Format"',
        f'port="{target.port}" protocol="{target.transport}"',
        f'TCP_Framing="{"octet-counted" if target.counted else "traditional"}"',
        'action.resumeRetryCount="-1" action.resumeInterval="1"',
    ]
    files = [f'workDirectory="{folder}"']
    if target.authority:
        action.append(f'StreamDriver="{target.driver}" StreamDriverMode="1"')
        action.append('StreamDriverAuthMode="x509/name"')
        action.append('StreamDriverPermittedPeers="trapgate.example.net"')
        files.append(f'defaultNetstreamDriverCAFile="{target.authority}"')
    if target.client:
        files.append(f'defaultNetstreamDriverCertFile="{target.client.cert_file}"')
        files.append(f'defaultNetstreamDriverKeyFile="{target.client.key_file}"')
    config = folder / "rsyslog.conf"
    config.write_text(
        f"global({' '.join(files)})\n"
        'module(load="imfile" mode="polling" pollingInterval="1")\n'
        f'input(type="imfile" file="{lines}" tag="feed:" ruleset="forward")\n'
        f'ruleset(name="forward") {{ action({" ".join(action)}) }}\n'
    )
    return (path, "-n", "-f", str(config), "-i", str(folder / "pid")), os.environ


def syslog_ng(folder: Path, lines: Path, target: Target) -> tuple[Sequence[str], Mapping[str, str]]:
    """syslog-ng with file() and network(), or syslog() if octets are counted."""
    program = UNPACKED / "usr/sbin/syslog-ng"
    if not program.exists():
        _missing("syslog-ng", "syslog-ng-core, unpacked by tests/install-peers")
    transport = "tls" if target.authority else target.transport
    options = [f'port({target.port}) transport("{transport}")']
    if target.authority:
        files = [f'ca-file("{target.authority}") peer-verify(required-trusted)']
        if target.client:
            files.append(f'cert-file("{target.client.cert_file}")')
            files.append(f'key-file("{target.client.key_file}")')
        options.append(f"tls({' '.join(files)})")
    driver = "syslog" if target.counted else "network"
    config = folder / "syslog-ng.conf"
    config.write_text(
        "@version: 3.35\n"
        "options { stats-freq(0); time-reopen(1); };\n"
        f'source lines {{ file("{lines}" flags(no-parse) follow-freq(0.1)); }};\n'
        f'destination out {{ {driver}("127.0.0.1" {" ".join(options)}); }};\n'
        "log { source(lines); destination(out); flags(flow-control); };\n"
    )
    libraries = [UNPACKED / "usr/lib/syslog-ng"]
    libraries += (UNPACKED / "usr/lib").glob("*-linux-gnu")
    libraries += (UNPACKED / "lib").glob("*-linux-gnu")
    (modules,) = (UNPACKED / "usr/lib/syslog-ng").glob("3.*")
    command = [str(program), "--foreground", "--no-caps", "--cfgfile", str(config)]
    command += [
        f"--{option}={folder / option}" for option in ("persist-file", "pidfile", "control")
    ]
    command.append(f"--module-path={modules}")
    return command, {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}


@contextmanager
def forwarding(
    forwarder: Forwarder, folder: Path, lines: Sequence[str], target: Target
) -> Iterator[Path]:
    """A relay that forwards these lines, and what is appended to the file that is given."""
    source = folder / "lines.log"
    source.write_text("".join(f"{line}\n" for line in lines))
    command, environment = forwarder(folder, source, target)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield source
            assert process.poll() is None, (folder / "output").read_text()
        finally:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _missing(program: str, package: str) -> NoReturn:
    reason = f"{program} is not here (Debian: {package})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

"""Debian's rsyslog and syslog-ng, the peers: each writes every line as a JSON object to a file."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ports import free_port

from .processes import Running, cpu_us

Transport = Literal["udp", "tcp"]

RSYSLOGD = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
"""Where it is; `None` where it is not installed."""

UNPACKED = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trapgate-peers/syslog-ng"
)
"""Where tests/install-peers unpacks what cannot be installed beside rsyslog."""

SYSLOG_NG = UNPACKED / "usr/sbin/syslog-ng"

READY_S = 10.0

BUFFER_BYTES = 33_554_432
"""Receive buffer of a UDP socket, as much as trapgate asks for."""

_RSYSLOG = """\
global(workDirectory="{folder}")
module(load="im{transport}")
input(type="im{transport}" port="{port}" address="127.0.0.1" ruleset="write"{buffer})
template(name="json" type="string" string="%jsonmesg%\\n")
ruleset(name="write") {{ action(type="omfile" file="{folder}/lines.json" template="json") }}
"""

_SYSLOG_NG = """\
@version: 3.35
options {{ stats-freq(0); keep-hostname(yes); use-dns(no); }};
source in {{ network(ip("127.0.0.1") port({port}) transport("{transport}"){buffer}); }};
destination out {{
  file("{folder}/lines.json" template("$(format-json --scope rfc5424,nv-pairs)\\n"));
}};
log {{ source(in); destination(out);{flow} }};
"""


class Syslogd(Running):
    """One run of either, in a folder of its own. A context manager."""

    def __init__(self, name: str, folder: Path, transport: Transport) -> None:
        """`name` is `rsyslog` or `syslog-ng`. Raises `FileNotFoundError`."""
        if not present(name):
            raise FileNotFoundError(name)
        super().__init__(name, READY_S)
        self.port = free_port()
        self._folder = folder
        self._transport = transport
        self._counted = 0
        self._counted_bytes = 0

    def _started(self) -> "subprocess.Popen[bytes]":
        self._folder.mkdir(parents=True)
        command, environment = self._rsyslog() if self._name == "rsyslog" else self._syslog_ng()
        with (self._folder / "output").open("wb") as output:
            return subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=environment
            )

    def cpu(self) -> float:
        """CPU microseconds so far."""
        return cpu_us(self._process.pid)

    def written(self) -> int:
        """Lines that are in its file by now; reads only what came since the last call."""
        try:
            with (self._folder / "lines.json").open("rb") as file:
                file.seek(self._counted_bytes)
                text = file.read()
        except FileNotFoundError:
            return 0
        self._counted_bytes += len(text)
        self._counted += text.count(b"\n")
        return self._counted

    def _is_ready(self) -> bool:
        """Whether it has the port: nobody else may bind it then."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._name} ended: {(self._folder / 'output').read_text()}")
        table = Path("/proc/net", self._transport).read_text().splitlines()[1:]
        return any(line.split()[1].endswith(f":{self.port:04X}") for line in table)

    def _rsyslog(self) -> tuple[list[str], Mapping[str, str]]:
        udp = self._transport == "udp"
        config = self._folder / "rsyslog.conf"
        config.write_text(
            _RSYSLOG.format(
                folder=self._folder,
                transport=self._transport,
                port=self.port,
                buffer=f' rcvbufSize="{BUFFER_BYTES}"' if udp else "",
            )
        )
        pid = self._folder / "pid"
        return [str(RSYSLOGD), "-n", "-f", str(config), "-i", str(pid)], os.environ

    def _syslog_ng(self) -> tuple[list[str], Mapping[str, str]]:
        udp = self._transport == "udp"
        config = self._folder / "syslog-ng.conf"
        config.write_text(
            _SYSLOG_NG.format(
                folder=self._folder,
                transport=self._transport,
                port=self.port,
                buffer=f" so-rcvbuf({BUFFER_BYTES})" if udp else "",
                flow="" if udp else " flags(flow-control);",
            )
        )
        libraries = [UNPACKED / "usr/lib/syslog-ng"]
        libraries += (UNPACKED / "usr/lib").glob("*-linux-gnu")
        libraries += (UNPACKED / "lib").glob("*-linux-gnu")
        (modules,) = (UNPACKED / "usr/lib/syslog-ng").glob("3.*")
        command = [str(SYSLOG_NG), "--foreground", "--no-caps", "--cfgfile", str(config)]
        command += [
            f"--{option}={self._folder / option}"
            for option in ("persist-file", "pidfile", "control")
        ]
        command.append(f"--module-path={modules}")
        return command, {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}


def present(name: str) -> bool:
    """Whether this peer is on this machine."""
    return RSYSLOGD is not None if name == "rsyslog" else SYSLOG_NG.exists()

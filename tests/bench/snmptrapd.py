"""net-snmp's `snmptrapd`, the peer: it writes each trap as a line of text."""

import os
import shutil
import subprocess
from pathlib import Path

from ports import free_port

from .processes import Running, cpu_us

PROGRAM = shutil.which("snmptrapd") or shutil.which("snmptrapd", path="/usr/sbin")
"""Where it is; `None` where it is not installed (Debian's package `snmptrapd`)."""

READY_S = 10.0

OPEN_TO_ALL = "disableAuthorization yes\n"
"""A configuration that lets every community in."""

_TRAP_OID = b".1.3.6.1.6.3.1.1.4.1.0"


class Snmptrapd(Running):
    """One run of it, numeric output; every community is let in unless `config` says otherwise.
    A context manager."""

    def __init__(self, folder: Path, config: str = OPEN_TO_ALL) -> None:
        if PROGRAM is None:
            raise FileNotFoundError("snmptrapd")
        super().__init__("snmptrapd", READY_S)
        self.port = free_port()
        self._log = folder / "traps.log"
        self._folder = folder
        self._config = config
        self._counted_bytes = 0
        self._counted = 0

    def _started(self) -> "subprocess.Popen[bytes]":
        self._folder.mkdir(parents=True)
        config = self._folder / "snmptrapd.conf"
        config.write_text(self._config)
        where = f"udp:127.0.0.1:{self.port}"
        flags = ["-f", "-Lf", str(self._log), "-n", "-On", "-C", "-c", str(config)]
        return subprocess.Popen(
            [str(PROGRAM), *flags, where],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(self._folder)},
        )

    def cpu(self) -> float:
        """CPU microseconds so far."""
        return cpu_us(self._process.pid)

    def written(self) -> int:
        """Traps that are in its file by now; reads only what came since the last call."""
        with self._log.open("rb") as log:
            log.seek(self._counted_bytes)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._counted_bytes += len(whole)
        self._counted += whole.count(_TRAP_OID)
        return self._counted

    def _is_ready(self) -> bool:
        return self._log.exists() and b"NET-SNMP version" in self._log.read_bytes()

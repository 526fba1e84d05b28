"""`trapgate run`."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from trapgate.app.claims import StartFailed
from trapgate.app.mibs import forget_unused_mibs
from trapgate.app.supervisor import EX_CONFIG, Supervisor
from trapgate.cli.check import reported_configuration
from trapgate.listen.spread import of_worker
from trapgate.observe import configure_logs


def run_trapgate(config: Path | None) -> int:
    """Run until stopped; returns the exit code, 78 for what cannot be started as configured."""
    configuration = reported_configuration(config, keep="always")
    if configuration is None:
        return EX_CONFIG
    observe = configuration.settings.observe
    configure_logs("supervisor", observe.log_level, observe.log_format)
    path = str(config.absolute()) if config else None
    supervisor = Supervisor(configuration, path)
    try:
        return supervisor.run(_ready)
    except StartFailed as failed:
        print(f"trapgate cannot start: {failed}", file=sys.stderr)
        return EX_CONFIG


def _command() -> str:
    """How this user can call trapgate: by its name if it is on the path, else as it was called."""
    if shutil.which("trapgate"):
        return "trapgate"
    called = os.path.relpath(sys.argv[0])
    return "python -m trapgate" if called.endswith("__main__.py") else called


def _ready(supervisor: Supervisor) -> None:
    """Tidy up, now that the data folder is ours, and say that all is well."""
    configuration = supervisor.configuration
    forget_unused_mibs(configuration.data, configuration.bundle.vendor_mibs)
    _say_ready(supervisor)


def _say_ready(supervisor: Supervisor) -> None:
    """What listens where, and what to try."""
    configuration = supervisor.configuration
    lines = [f"trapgate is ready; configuration: {configuration.bundle.main[0]}"]
    listeners = of_worker(supervisor.inherited.listeners, 1)
    for bound in listeners:
        entry = bound.settings
        place = f"{entry.address.host}:{bound.local.port}"
        lines.append(f"  {entry.protocol:6} {entry.transport} {place}")
    api = f"http://{supervisor.http}"
    lines.append(f"  HTTP       {api}/ (Alertmanager's API: /api/v2/alerts)")
    lines.append(f"  data       {configuration.data}")
    lines.append("Try:")
    traps = [b for b in listeners if b.settings.protocol == "snmp"]
    if traps:
        lines.append(f"  {_command()} send trap linkDown --to localhost:{traps[0].local.port}")
    lines.append(f"  curl {api}/api/v2/alerts")
    with suppress(OSError):  # a full disk, nobody who reads: what runs goes on
        print("\n".join(lines), flush=True)

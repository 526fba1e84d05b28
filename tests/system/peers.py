"""The real programs that the tests run: net-snmp's, util-linux' and Alertmanager's."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

PACKAGES: Mapping[str, str] = {
    "snmptrap": "snmp",
    "snmpinform": "snmp",
    "logger": "bsdutils",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
}
"""Where Debian has them."""

ENDS_WITHIN_S = 20.0


def program(name: str) -> str:
    """The program's path; without it the test is skipped, in continuous integration it fails."""
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed (Debian: {PACKAGES[name]})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a peer to its end; `returncode` is the caller's to look at."""
    return subprocess.run(
        [program(name), *arguments], capture_output=True, text=True, timeout=ENDS_WITHIN_S
    )


def ran(name: str, *arguments: str) -> str:
    """Run a peer that must not fail; returns its standard output."""
    done = run(name, *arguments)
    assert done.returncode == 0, (name, arguments, done.stderr)
    return done.stdout


def amtool_alerts(url: str, *matchers: str) -> list[Mapping[str, Any]]:
    """`amtool alert query -o json`."""
    output = ran("amtool", f"--alertmanager.url={url}", "alert", "query", "-o", "json", *matchers)
    found: list[Mapping[str, Any]] = json.loads(output)
    return found

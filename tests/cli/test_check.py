"""`trapgate check`: what a user reads when a file is wrong."""

from pathlib import Path

import pytest

from cli.conftest import Trapgate
from golden import Golden

MAIN = """\
alerting:
  config: alertmanager.yml
rules:
  bundled: false
  files: [rules/*.yml]
"""

ALERTMANAGER = """\
route:
  receiver: noc
receivers:
- name: noc
"""

RULES = """\
groups:
- name: links
  rules:
  - alert: LinkDown
    match: event.code:"IF-MIB::linkDown"
    clear: event.code:"IF-MIB::linkUp"
    by: [host.name, interface.name]
    annotations:
      summary: "{{ labels.interface_name }} of {{ labels.host_name }} is down"
"""

FAULTS = {
    "unknown-key": {
        "trapgate.yml": MAIN + "listn: []\nstore:\n  retention: 30d\n",
    },
    "bad-rule-file": {
        "rules/links.yml": """\
groups:
- name: links
  rules:
  - alert: LinkDown
    mach: event.code:"IF-MIB::linkDown"
    match: event.code:"IF-MIB::linkDown" and (host.name:r1
    clear: event.code:"IF-MIB::linkUp"
    by: [host.name, host.name]
    for: 5m
    labels:
      alertname: other
      1st: x
    annotations:
      summary: "{{ labels.device"
- name: more
  rules:
  - alert: NeverEnds
    match: event.code:UPDOWN
""",
    },
    "not-yaml": {
        "alertmanager.yml": ALERTMANAGER + "  webhook_configs:\n   - url: a: b\n",
    },
    "not-supported-yet": {
        "alertmanager.yml": """\
global:
  resolve_timeout: 5m
  smtp_smarthost: mail.example.net:25
  slack_api_url: https://hooks.example.net/s3cret
templates: ['*.tmpl']
route:
  receiver: noc
  mute_time_intervals: [nights]
  routes:
  - matchers: [severity="critical"]
    receiver: pager
inhibit_rules: []
time_intervals: []
receivers:
- name: noc
  email_configs: [{to: noc@example.net}]
- name: pager
  pagerduty_configs: []
""",
    },
    "missing-files": {
        "trapgate.yml": MAIN.replace("rules/*.yml", "links.yml").replace("alertmanager", "am"),
    },
}


def write(folder: Path, files: dict[str, str]) -> None:
    whole = {"trapgate.yml": MAIN, "alertmanager.yml": ALERTMANAGER, "rules/links.yml": RULES}
    for name, text in (whole | files).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def test_all_is_well(trapgate: Trapgate, folder: Path) -> None:
    write(folder, {})
    result = trapgate("check")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "trapgate.yml, alertmanager.yml: valid; 1 rules\n"


def test_the_defaults_are_well(trapgate: Trapgate) -> None:
    result = trapgate("check")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("(built in) trapgate.yml, (built in) alertmanager.yml: valid;")


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_said(name: str, trapgate: Trapgate, folder: Path, golden: Golden) -> None:
    write(folder, FAULTS[name])
    result = trapgate("check")
    assert (result.exit_code, result.stdout) == (78, "")
    golden.check(f"check-{name}.txt", result.stderr)


def test_another_file_can_be_named(trapgate: Trapgate, folder: Path) -> None:
    write(folder, {"other.yml": "rules: {bundled: false}\n"})
    assert trapgate("check", "--config", "other.yml").stdout.startswith("other.yml, ")
    missing = trapgate("check", "--config", "gone.yml")
    assert missing.exit_code == 78
    assert "gone.yml: error: cannot read gone.yml: No such file or directory" in missing.stderr


def test_a_warning_is_said_and_is_no_failure(trapgate: Trapgate, folder: Path) -> None:
    write(folder, {"trapgate.yml": MAIN + 'web: {listen: "*:9093"}\n'})
    result = trapgate("check")
    assert result.exit_code == 0
    assert "warning: the API has no authentication yet" in result.stderr

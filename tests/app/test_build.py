"""Texts → a configuration, or every problem with its place."""

from pathlib import Path

import pytest

from app.folders import ALERTMANAGER, MAIN, RULES, built, bundle_of, complaints, written
from trapgate.app.build import build
from trapgate.model import IntegrationId, Protocol
from trapgate.notify import LogIntegration, WebhookIntegration


def test_a_whole_configuration(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        trapgate=MAIN + "notify: {log: [{receiver: default}]}\ndata: here\n",
        alertmanager=ALERTMANAGER
        + "  webhook_configs: [{url: 'http://127.0.0.1:1/a'}, {url: 'http://127.0.0.1:1/b'}]\n",
    )
    configuration = built(path)
    assert [rule.alert for rule in configuration.rules] == ["InterfaceDown"]
    assert configuration.data == tmp_path / "here"
    made = {key: type(make()) for key, make in configuration.integrations.items()}
    assert made == {
        IntegrationId("default", "webhook", 0): WebhookIntegration,
        IntegrationId("default", "webhook", 1): WebhookIntegration,
        IntegrationId("default", "log", 0): LogIntegration,
    }


def test_the_defaults_are_accepted_without_a_word(tmp_path: Path) -> None:
    configuration, problems = build(bundle_of(written(tmp_path, trapgate="{}")))
    assert configuration is not None
    assert problems == []
    assert configuration.translator(lambda *_: None)
    protocols = {entry.protocol for entry in configuration.settings.listen}
    assert protocols == {Protocol.SNMP, Protocol.SYSLOG}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"trapgate": MAIN + "store: {retention_days: 0}"},
            ['trapgate.yml:3:9: "retention_days" must be from 1 to 36500'],
        ),
        (
            {"trapgate": MAIN + "notify:\n  log:\n  - receiver: defualt\n"},
            [
                'trapgate.yml:5:5: there is no receiver "defualt" in alertmanager.yml '
                '(did you mean "default"?)'
            ],
        ),
        (
            {"trapgate": MAIN + "normalize: {rate_limit: {burst: 0}}"},
            ['trapgate.yml:3:26: "burst" must be 1 to 1000000'],
        ),
        (
            {"trapgate": MAIN + "sources: [{cidr: 10.0.0.1, timezone: Mars/Base}]"},
            ['trapgate.yml:3:28: "Mars/Base" is not a time zone (write it as Europe/Berlin)'],
        ),
        (
            {"trapgate": MAIN + "decode: {workers: 9}"},
            ['trapgate.yml:3:10: "workers" must be from 0 to 8'],
        ),
        (
            {"trapgate": MAIN + "spool: {workers: 17}"},
            ['trapgate.yml:3:9: "workers" must be from 1 to 16'],
        ),
        (
            {"trapgate": MAIN + "spool: {age_max: 9m}"},
            [
                'trapgate.yml:3:9: "age_max" must be 10m or more '
                "(leave it empty to have no such bound)"
            ],
        ),
        (
            {"trapgate": MAIN + "store: {retention_days: 36501}"},
            ['trapgate.yml:3:9: "retention_days" must be from 1 to 36500'],
        ),
        (
            {"trapgate": MAIN + "spool: {workers: 99, age_max: 1m, size_max: 1MiB}"},
            [
                'trapgate.yml:3:9: "workers" must be from 1 to 16',
                'trapgate.yml:3:22: "age_max" must be 10m or more',
                'trapgate.yml:3:35: "size_max" must be 4MiB or more',
            ],
        ),
        (
            # what cannot be read hides nothing of what can
            {"trapgate": MAIN + "spool: {size_max: lots, age_max: 9x, workers: 99}"},
            [
                'trapgate.yml:3:19: "size_max": "lots" is not a size',
                'trapgate.yml:3:34: "age_max": "9x" is not a duration',
                'trapgate.yml:3:38: "workers" must be from 1 to 16',
            ],
        ),
        (
            {"trapgate": MAIN + "spool: {workers: 2, size_max: 7MiB}"},
            [
                'trapgate.yml:3:21: "size_max" must be 8MiB or more '
                "(4MiB for each of the receive processes: 2)"
            ],
        ),
        (
            {"alertmanager": ALERTMANAGER + "- name: default\n"},
            [
                'alertmanager.yml:3:3: notification config name "default" is not unique',
                'alertmanager.yml:4:3: notification config name "default" is not unique',
            ],
        ),
        (
            {"alertmanager": ALERTMANAGER + "  webhook_configs:\n  - send_resolved: true\n"},
            [
                "alertmanager.yml:5:5: one of url or url_file must be configured "
                "(give the webhook its URL in one of them)"
            ],
        ),
        (
            {
                "alertmanager": ALERTMANAGER + "  webhook_configs: [{url_file: url.txt}]\n",
                "url.txt": "ftp://127.0.0.1/",
            },
            ["alertmanager.yml:4:21: the URL must start with http:// or https://"],
        ),
        (
            {"alertmanager": "route: {receiver: nobody}\nreceivers: [{name: default}]\n"},
            ['alertmanager.yml:1:9: undefined receiver "nobody" used in route'],
        ),
        (
            {"rules__own": RULES.replace("event.code:up", "event.code:(up")},
            ["rules/own.yml:6:"],
        ),
        (
            {
                "trapgate": MAIN + "stoer: {}\n",
                "alertmanager": ALERTMANAGER + "inhibit_rules: []\n",
                "rules__own": RULES + "    foo: bar\n",
            },
            [
                'trapgate.yml:3:1: unknown key "stoer" in the file (did you mean "store"?)',
                'alertmanager.yml:4:1: "inhibit_rules" is not supported yet: inhibition comes '
                "later",
                'rules/own.yml:7:5: unknown key "foo" in an item of "rules"',
            ],
        ),
    ],
    ids=lambda value: "" if isinstance(value, list) else next(iter(value)),
)
def test_each_problem_has_its_place(
    tmp_path: Path, files: dict[str, str], expected: list[str]
) -> None:
    found = complaints(written(tmp_path, **files))
    assert len(found) == len(expected)
    for one, beginning in zip(found, expected, strict=True):
        assert one.startswith(beginning)


@pytest.mark.parametrize("host", ["*", "0.0.0.0", "[::]", "192.0.2.1", "[fe80::1%lo]"])
def test_an_open_api_is_a_warning_and_no_more(tmp_path: Path, host: str) -> None:
    path = written(tmp_path, trapgate=MAIN + f'web: {{listen: "{host}:9093"}}\n')
    configuration, problems = build(bundle_of(path))
    assert configuration is not None
    assert [(problem.code, problem.severity) for problem in problems] == [("open-api", "warning")]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]"])
def test_an_api_for_this_machine_only_is_none(tmp_path: Path, host: str) -> None:
    path = written(tmp_path, trapgate=MAIN + f'web: {{listen: "{host}:9093"}}\n')
    assert build(bundle_of(path))[1] == []


@pytest.mark.parametrize(
    ("web", "url"),
    [
        ("{}", "http://127.0.0.1:9093"),
        ("{listen: '[::1]:80'}", "http://[::1]:80"),
        ("{listen: '*:9093'}", "http://localhost:9093"),
        ("{listen: '0.0.0.0:1'}", "http://localhost:1"),
        ("{listen: '[::]:1'}", "http://localhost:1"),
        ("{listen: '*:9093', external_url: 'https://trapgate.example.net'}",
         "https://trapgate.example.net"),
    ],
)  # fmt: skip
def test_where_links_lead(tmp_path: Path, web: str, url: str) -> None:
    assert built(written(tmp_path, trapgate=f"{MAIN}web: {web}\n")).settings.web.url() == url


def test_secrets_from_files_are_in_their_places(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        trapgate=MAIN + "decode: {snmp: {communities: [{name: c, community_file: secret.txt}]}}",
        **{"secret.txt": "s3cret\n"},
    )
    (entry,) = built(path).settings.decode.snmp.communities
    assert (entry.name, entry.community) == ("c", "s3cret")


USERS = """\
decode:
  snmp:
    users:
    - name: noc
      auth: sha-256
      auth_passphrase_file: auth.txt
      privacy: aes-128
      privacy_passphrase_file: privacy.txt
"""


def test_passphrases_from_files_are_in_their_places(tmp_path: Path) -> None:
    texts = {"auth.txt": "long enough\n", "privacy.txt": "long enough too\n"}
    path = written(tmp_path, trapgate=MAIN + USERS, **texts)
    (user,) = built(path).settings.decode.snmp.users
    assert (user.auth_passphrase, user.privacy_passphrase) == ("long enough", "long enough too")


def test_a_passphrase_in_a_file_is_checked_too(tmp_path: Path) -> None:
    path = written(
        tmp_path, trapgate=MAIN + USERS, **{"auth.txt": "short", "privacy.txt": "long enough"}
    )
    (complaint,) = complaints(path)
    assert 'the passphrase for auth of "noc" has fewer than 8 characters' in complaint


def test_the_hash_follows_the_text(tmp_path: Path) -> None:
    one = built(written(tmp_path)).alertmanager_hash()
    other = built(written(tmp_path, alertmanager=ALERTMANAGER + "# more\n")).alertmanager_hash()
    assert one != other
    assert float(one) == one


def test_what_is_shown_of_alertmanagers_file_has_no_secret(tmp_path: Path) -> None:
    text = ALERTMANAGER + "  webhook_configs: [{url: 'http://127.0.0.1/s3cret'}]\n"
    shown = built(written(tmp_path, alertmanager=text)).alertmanager_text()
    assert "s3cret" not in shown
    assert "<secret>" in shown

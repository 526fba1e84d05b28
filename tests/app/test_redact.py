"""No way to write a URL shows it."""

import pytest

from trapgate.app.redact import without_secrets
from trapgate.config import load
from trapgate.notify import WebhookSettings

SECRET = "s3cret"


@pytest.mark.parametrize(
    "text",
    [
        "url: http://h/s3cret\n",
        "a:\n- url: http://h/s3cret\n  b: 1\n",
        "{url: http://h/s3cret}\n",
        "a: [{b: 1, url: 'http://h/s3cret'}]\n",
        '"url": "http://h/s3cret"\n',
        "'url' : http://h/s3cret\n",
        "? url\n: http://h/s3cret\n",
        "url: >-\n  http://h\n  /s3cret\n",
        "url: |\n  http://h/s3cret\n",
        "url:\n  http://h/s3cret\n",
        '"u\\x72l": http://h/s3cret\n',
        "a: &u http://h/s3cret\nurl: *u\n",
        "url: &u http://h/s3cret\na: *u\n",
        "a: &m {url: http://h/s3cret}\nb: {<<: *m}\n",
        "# url: http://h/s3cret\na: 1\n",
        "url: !!str http://h/s3cret # http://h/s3cret\n",
    ],
)
def test_it_is_gone_however_it_is_written(text: str) -> None:
    assert SECRET in text
    assert SECRET not in without_secrets(text)


def test_everything_else_is_as_it_was() -> None:
    text = (
        "route:\n  receiver: 'on'\n  group_by: ['...']\n"
        "receivers:\n- name: Zürich\n  webhook_configs:\n"
        "  - url: http://h/s3cret\n    send_resolved: true\n    max_alerts: 5\n"
        "    url_file: /etc/url\n"
    )
    assert without_secrets(text) == text.replace("http://h/s3cret", "<secret>")
    assert without_secrets("") == ""


def test_what_is_shown_can_be_read_again() -> None:
    shown = without_secrets("{url: http://h/s3cret, max_alerts: 3}")
    loaded = load(shown, "a.yml", WebhookSettings)
    assert loaded.value == WebhookSettings(url="<secret>", max_alerts=3)


def test_an_alias_of_what_holds_it_ends() -> None:
    assert "<secret>" in without_secrets("a: &a [*a, {url: http://h/s3cret}]")

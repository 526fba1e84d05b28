"""The parts of `alertmanager.yml` that alerting reads: Alertmanager's own schema, keys used so far.

What Alertmanager knows and trapgate does not build yet is refused by name.
"""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from trapgate.config import Duration, Section

_OTHER_RECEIVERS = """
smtp_from smtp_hello smtp_smarthost smtp_auth_username smtp_auth_password smtp_auth_password_file
smtp_auth_secret smtp_auth_secret_file smtp_auth_identity smtp_require_tls smtp_tls_config
smtp_force_implicit_tls slack_api_url slack_api_url_file slack_app_token slack_app_token_file
slack_app_url pagerduty_url opsgenie_api_url opsgenie_api_key opsgenie_api_key_file wechat_api_url
wechat_api_secret wechat_api_secret_file wechat_api_corp_id victorops_api_url victorops_api_key
victorops_api_key_file telegram_api_url telegram_bot_token telegram_bot_token_file webex_api_url
rocketchat_api_url rocketchat_token rocketchat_token_file rocketchat_token_id
rocketchat_token_id_file jira_api_url mattermost_webhook_url mattermost_webhook_url_file
""".split()


class GlobalSettings(Section, frozen=True, kw_only=True):
    """`global`: defaults for the whole file."""

    resolve_timeout: Duration = Duration.from_text("5m")
    """How long an alert that came without an end fires after it was last received."""

    later: ClassVar[Mapping[str, str]] = {
        "http_config": "proxies, TLS and authentication of receivers come later",
        **dict.fromkeys(_OTHER_RECEIVERS, "defaults for a receiver that is not built yet"),
    }


class RouteSettings(Section, frozen=True, kw_only=True):
    """`route`: a node of the routing tree. What a child leaves out it inherits."""

    receiver: str | None = None
    """Name of the receiver that is told."""

    group_by: tuple[str, ...] | None = None
    """Labels that make a group; `['...']` groups by all of them, `[]` puts all alerts in one."""

    matchers: tuple[str, ...] = ()
    """Conditions on labels, as `severity="critical"`; all must hold."""

    match: Mapping[str, str] = {}
    """Deprecated form of `matchers`: labels and their exact values."""

    match_re: Mapping[str, str] = {}
    """Deprecated form of `matchers`: labels and regular expressions."""

    continue_: bool = msgspec.field(default=False, name="continue")
    """Whether siblings further down are tried even if this node matched."""

    group_wait: Duration | None = None
    """How long the first notification of a group waits for more alerts (root: 30s)."""

    group_interval: Duration | None = None
    """Least time between notifications of a group about changes (root: 5m)."""

    repeat_interval: Duration | None = None
    """Time after which an unchanged group is told again (root: 4h)."""

    routes: tuple["RouteSettings", ...] = ()
    """Children: the first that matches takes the alert."""

    later: ClassVar[Mapping[str, str]] = {
        "mute_time_intervals": "time intervals come later",
        "active_time_intervals": "time intervals come later",
        "labels": "labels of routes come later",
    }

"""Notifications → receivers. Integrations are conversations without IO; the carrier carries them.

In: a `Notification` of the alerting core. Out: how its delivery ended (`Done`, `Retry`, `Failed`).
One module per integration, with its settings and its docs page of the same name.
"""

from trapgate.notify.carrier import Carrier
from trapgate.notify.log import LogIntegration, LogSettings
from trapgate.notify.webhook import WebhookIntegration, WebhookSettings, check_webhook

__all__ = [
    "Carrier",
    "LogIntegration",
    "LogSettings",
    "WebhookIntegration",
    "WebhookSettings",
    "check_webhook",
]

"""A receiver that is away, broken or busy is told when it is back: the firing, then the clear."""

from collections.abc import Iterator

import pytest

from system.running import Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook

pytestmark = pytest.mark.real

NAME = interface(1)
DOWN, UP = link_trap(1), link_trap(1, up=True, request_id=2)

RETRY_AFTER_S = 2


@pytest.fixture
def device(trapgate: Trapgate) -> Iterator[Sender]:
    with Sender(trapgate.snmp) as sender:
        yield sender


def retries(trapgate: Trapgate) -> int:
    return trapgate.counted("trapgate_notify_attempts_total", outcome="retry")


def test_connections_are_refused(trapgate: Trapgate, webhook: Webhook, device: Sender) -> None:
    webhook.close()
    device.send(DOWN)
    eventually(lambda: retries(trapgate) >= 2, "two tries")
    webhook.open()
    webhook.await_statuses(NAME, "firing")
    assert len(webhook.of(NAME)) == 1
    device.send(UP)
    webhook.await_statuses(NAME, "firing", "resolved")


def test_it_fails_with_500(trapgate: Trapgate, webhook: Webhook, device: Sender) -> None:
    webhook.status = 500
    device.send(DOWN)
    eventually(lambda: len(webhook.of(NAME)) >= 2, "two tries")
    webhook.status = 200
    (told,) = webhook.await_statuses(NAME, "firing")
    assert {delivery.key for delivery in webhook.of(NAME)} == {told.key}
    device.send(UP)
    webhook.await_statuses(NAME, "firing", "resolved")


def test_raised_and_cleared_while_it_is_away(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    """It may have taken the firing that it answered with 500: the clear is owed."""
    webhook.status = 500
    device.send(DOWN)
    eventually(lambda: webhook.of(NAME), "a try")
    device.send(UP)
    eventually(lambda: trapgate.alerts() == [], "cleared")
    webhook.status = 200
    eventually(lambda: webhook.statuses(NAME)[-1:] == ["resolved"], "the clear")
    assert webhook.statuses(NAME) in (["firing", "resolved"], ["resolved"])
    eventually(lambda: trapgate.counted("trapgate_alerting_owed_resolves") == 0, "nothing is owed")


def test_retry_after_is_honoured(trapgate: Trapgate, webhook: Webhook, device: Sender) -> None:
    webhook.status, webhook.retry_after = 429, str(RETRY_AFTER_S)
    device.send(DOWN)
    (refused,) = eventually(lambda: webhook.of(NAME), "a try")
    webhook.status = 200
    (told,) = webhook.await_statuses(NAME, "firing")
    assert told.key == refused.key
    assert told.at - refused.at >= RETRY_AFTER_S
    device.send(UP)
    webhook.await_statuses(NAME, "firing", "resolved")


def test_a_refusal_for_good_is_not_repeated_at_once(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    """A 400 is an answer: it is counted, and what it refused is not owed a clear."""
    webhook.status = 400
    device.send(DOWN)
    eventually(
        lambda: trapgate.counted("trapgate_notify_attempts_total", outcome="failed") >= 1,
        "it has failed",
    )
    assert retries(trapgate) == 0


def test_one_that_hangs_does_not_hold_up_the_rest(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    webhook.hang()
    device.send(DOWN)
    eventually(lambda: webhook.of(NAME), "a request")
    device.send(*(link_trap(index) for index in range(2, 12)))
    eventually(lambda: len(trapgate.alerts()) == 11, "alerts")
    eventually(lambda: trapgate.kept() == 11, "events")
    eventually(lambda: len(webhook.deliveries) >= 11, "ten more requests")
    webhook.answer()
    for index in range(1, 12):
        webhook.await_statuses(interface(index), "firing")

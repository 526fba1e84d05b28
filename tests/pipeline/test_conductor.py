"""The conductor: what is durable first, what is told to whom, and what happens when things fail."""

import asyncio
import threading
import time
from collections.abc import Coroutine

import pytest
from structlog.testing import capture_logs

from alerting.samples import routing
from pipeline.cores import CoreSite, breathe, until
from trapgate.alerting.codec import LOG_PREFIX
from trapgate.alerting.core import COMMIT_RETRY_S
from trapgate.alerting.merge import received
from trapgate.alerting.settings import RouteSettings
from trapgate.model import (
    NEVER,
    NS_PER_MS,
    NS_PER_S,
    Alert,
    Decision,
    IntegrationId,
    Notification,
    Now,
    PostedAlert,
    fingerprint,
)
from trapgate.model.exchange import Done, Ending, Failed, Retry
from trapgate.pipeline.conductor import (
    DECISIONS_MAX,
    RECEIVES_MAX,
    SENDS_MAX,
    UNITS_MAX,
    NotAccepted,
)
from trapgate.state import StateUnavailable

NEW = "first notification"


def run(test: Coroutine[None, None, None]) -> None:
    with capture_logs():
        asyncio.run(test)


def alerts(site: CoreSite, *names: str) -> list[Alert]:
    """Alerts that fire from now on, each in a group of its own."""
    now_ns = site.now().wall_ns
    return [
        Alert(
            fingerprint=fingerprint({"alertname": name}),
            labels={"alertname": name},
            annotations={},
            starts_at=now_ns,
            ends_at=NEVER,
            updated_at=now_ns,
            received_at=now_ns,
        )
        for name in names
    ]


def kinds(site: CoreSite) -> list[str]:
    """The units of each transaction, in order: n for a notification log's, a for an alert's."""
    return [
        "".join("n" if unit.puts[0].key.startswith(LOG_PREFIX) else "a" for unit in units)
        for units in site.store.transactions
    ]


def quiet() -> CoreSite:
    """A site whose groups wait, so that nothing is told meanwhile."""
    return CoreSite(routes=routing(group_wait="30s"))


def test_an_alert_is_durable_then_claimed_then_told_then_confirmed() -> None:
    site = CoreSite()

    async def answer(_: IntegrationId, notification: Notification) -> Ending:
        (claimed,) = site.store.log()
        assert claimed.intent is not None
        assert claimed.intent.sequence == notification.sequence
        return Done({"ticket": "INC1"}, "made INC1")

    async def main() -> None:
        site.receivers.answer = answer
        async with site.running():
            (alert,) = alerts(site, "A")
            await site.conductor.receive([alert], [("x/y", b"1")])
            assert site.store.entries()["x/y"].value == b"1"
            await until(lambda: "notified" in site.verdicts())
            (told,) = site.receivers.told
            assert (told.reason, told.alerts) == (NEW, (alert,))
            await until(lambda: site.store.log()[0].intent is None)  # told, and then confirmed
            (entry,) = site.store.log()
            assert (entry.firing, entry.intent) == ((alert.fingerprint,), None)
            assert entry.memory == {"ticket": "INC1"}

    run(main())
    assert kinds(site) == ["a", "n", "n"]
    assert site.value("trapgate_alerting_commits_total", outcome="applied") == 3
    outcome = {"integration": "webhook", "outcome": "done"}
    assert site.value("trapgate_notify_attempts_total", **outcome) == 1
    assert site.value("trapgate_pipeline_latency_seconds_count") == 1


def test_commits_are_grouped_and_claims_come_first() -> None:
    site = CoreSite()

    async def main() -> None:
        async with site.running(), asyncio.TaskGroup() as clients:
            site.store.gate.clear()
            clients.create_task(site.conductor.receive(alerts(site, "A")))
            await until(lambda: site.store.transactions)
            for name in "BCD":
                clients.create_task(site.conductor.receive(alerts(site, name)))
            await asyncio.sleep(0)
            site.store.gate.set()

    run(main())
    assert kinds(site)[:2] == ["a", "naaa"]
    assert len(site.receivers.told) == 4


def test_a_commit_that_does_not_come_back_is_no_going_on() -> None:
    site = quiet()

    async def main() -> None:
        async with site.running():
            assert site.conductor.goes_on()
            site.store.gate.clear()
            receiving = asyncio.create_task(site.conductor.receive(alerts(site, "A")))
            await until(lambda: bool(site.store.transactions))
            assert site.conductor.goes_on()  # it has just begun
            assert not site.conductor.goes_on()
            assert not site.conductor.goes_on()
            site.store.gate.set()
            await receiving
            assert site.conductor.goes_on()
            await site.conductor.receive(alerts(site, "B"))
            assert site.conductor.goes_on()

    run(main())


def test_a_transaction_has_a_bound_that_a_single_receipt_may_pass() -> None:
    site = quiet()
    sizes = (1, 900, 900, 900, UNITS_MAX + 1, 1)

    async def main() -> None:
        async with site.running(), asyncio.TaskGroup() as clients:
            site.store.gate.clear()
            for number, size in enumerate(sizes):
                names = [f"{number}-{index}" for index in range(size)]
                clients.create_task(site.conductor.receive(alerts(site, *names)))
                await until(lambda: site.store.transactions)
            site.store.gate.set()

    run(main())
    assert [len(units) for units in site.store.transactions] == [1, 1800, 900, UNITS_MAX + 1, 1]


def test_what_could_not_be_written_is_refused_and_can_come_again() -> None:
    site = CoreSite()

    async def main() -> None:
        async with site.running():
            site.store.fail_next("disk full")
            with pytest.raises(NotAccepted, match="disk full") as caught:
                await site.conductor.receive(alerts(site, "A"), [("x/y", b"1")])
            assert caught.value.reason == "disk full"
            assert site.store.entries() == {}
            assert site.conductor.core.board.alerts == {}
            await site.conductor.receive(alerts(site, "A"), [("x/y", b"1")])
            await until(lambda: site.receivers.told)

    run(main())
    assert site.value("trapgate_alerting_commits_total", outcome="failed") == 1


def test_a_claim_that_could_not_be_written_is_not_sent_until_it_is() -> None:
    site = CoreSite()

    async def main() -> None:
        async with site.running():
            site.store.fails_on = LOG_PREFIX
            await site.conductor.receive(alerts(site, "A"))
            await until(lambda: site.value("trapgate_alerting_commits_total", outcome="failed"))
            assert site.receivers.told == []
            site.pass_time(COMMIT_RETRY_S)
            await until(lambda: site.receivers.told)

    run(main())
    assert len(site.receivers.told) == 1


def test_a_confirmation_that_could_not_be_written_is_written_later_and_not_sent_again() -> None:
    site = CoreSite()

    async def answer(_: IntegrationId, __: Notification) -> Ending:
        site.store.fail_next("away")
        return Done()

    async def main() -> None:
        site.receivers.answer = answer
        async with site.running():
            await site.conductor.receive(alerts(site, "A"))
            await until(lambda: site.value("trapgate_alerting_commits_total", outcome="failed"))
            assert site.store.log()[0].intent is not None
            site.pass_time(COMMIT_RETRY_S)
            await until(lambda: site.store.log()[0].intent is None)

    run(main())
    assert len(site.receivers.told) == 1
    assert len(site.store.log()[0].firing) == 1


@pytest.mark.parametrize("applied", [False, True])
def test_a_write_of_which_nobody_knows_ends_the_process(applied: bool) -> None:
    site = CoreSite()

    async def main() -> None:
        async with site.running():
            site.store.fail_next("the answer was lost", uncertain=True, applied=applied)
            await site.conductor.receive(alerts(site, "A"))

    with pytest.raises(ExceptionGroup) as caught:
        run(main())
    matched, rest = caught.value.split(StateUnavailable)
    assert matched is not None
    assert rest is None
    assert site.receivers.told == []
    again = CoreSite(site.store)

    async def restart() -> None:
        async with again.running():
            if applied:
                await until(lambda: again.receivers.told)

    run(restart())
    assert len(again.receivers.told) == applied


def test_a_bug_in_an_integration_is_a_retry() -> None:
    site = CoreSite()

    async def broken(_: IntegrationId, __: Notification) -> Ending:
        raise ZeroDivisionError

    async def main() -> None:
        site.receivers.answer = broken
        async with site.running():
            await site.conductor.receive(alerts(site, "A"))
            await until(lambda: "notification-retried" in site.verdicts())
            (decision,) = [d for d in site.history.decisions if d.verdict == "notification-retried"]
            assert decision.reason == f"{NEW}: trapgate failed: ZeroDivisionError"
            site.receivers.answer = site.receivers.accept
            site.pass_time(300)
            await until(lambda: "notified" in site.verdicts())

    run(main())
    first, second = site.receivers.told
    assert (first.id, first.uncertain, second.id, second.uncertain) == (
        second.id,
        False,
        first.id,
        True,
    )
    failed = {"integration": "webhook", "reason": "other"}
    assert site.value("alertmanager_notifications_failed_total", **failed) == 1
    assert site.value("alertmanager_notifications_total", integration="webhook") == 2


@pytest.mark.parametrize(
    ("ending", "outcome", "reason", "level"),
    [
        (Retry("HTTP 503", uncertain=True), "retry", "serverError", "warning"),
        (Retry("HTTP 429: slow down", uncertain=False), "retry", "rateLimited", "warning"),
        (Retry("no connection", uncertain=False), "retry", "other", "warning"),
        (Failed("HTTP 404"), "failed", "clientError", "error"),
    ],
)
def test_what_a_receiver_did_not_take_is_counted_and_logged(
    ending: Ending, outcome: str, reason: str, level: str
) -> None:
    site = CoreSite()

    async def answer(_: IntegrationId, __: Notification) -> Ending:
        return ending

    async def main() -> None:
        site.receivers.answer = answer
        async with site.running():
            await site.conductor.receive(alerts(site, "A"))
            labels = {"integration": "webhook", "outcome": outcome}
            await until(lambda: site.value("trapgate_notify_attempts_total", **labels))

    with capture_logs() as logs:
        asyncio.run(main())
    labels = {"integration": "webhook", "reason": reason}
    assert site.value("alertmanager_notifications_failed_total", **labels) == 1
    assert site.value("trapgate_pipeline_latency_seconds_count") == 0
    (line,) = logs
    assert line["event"] == f"notify.{outcome}"
    assert (line["log_level"], line["integration"]) == (level, "team/webhook/0")


def test_trouble_with_an_integration_is_said_once_and_so_is_its_end() -> None:
    site = CoreSite()

    async def refuse(_: IntegrationId, __: Notification) -> Ending:
        return Retry("no connection", uncertain=False)

    async def main() -> None:
        site.receivers.answer = refuse
        async with site.running():
            await site.conductor.receive(alerts(site, "A", "B", "C"))
            await until(lambda: len(site.receivers.told) == 3)
            site.receivers.answer = site.receivers.accept
            site.pass_time(300)
            await until(lambda: site.verdicts().count("notified") == 3)

    with capture_logs() as logs:
        asyncio.run(main())
    assert [line["event"] for line in logs] == ["notify.retry", "notify.works-again"]


def test_so_many_notifications_are_under_way_at_once() -> None:
    site = CoreSite()
    answered = asyncio.Event()
    count = SENDS_MAX + 8

    async def answer(_: IntegrationId, __: Notification) -> Ending:
        await answered.wait()
        return Done()

    async def main() -> None:
        site.receivers.answer = answer
        async with site.running():
            names = [f"N{index}" for index in range(count)]
            await site.conductor.receive(alerts(site, *names))
            await until(
                lambda: sum(entry.intent is not None for entry in site.store.log()) == count
            )
            await until(lambda: len(site.receivers.told) == SENDS_MAX)
            await breathe()
            assert len(site.receivers.told) == SENDS_MAX
            answered.set()

    run(main())
    assert len(site.receivers.told) == count


def test_too_many_receipts_are_told_to_come_back() -> None:
    site = quiet()

    async def main() -> None:
        async with site.running(), asyncio.TaskGroup() as clients:
            site.store.gate.clear()
            for index in range(RECEIVES_MAX):
                clients.create_task(site.conductor.receive(alerts(site, f"A{index}")))
            await asyncio.sleep(0)
            with pytest.raises(NotAccepted, match="too many"):
                await site.conductor.receive(alerts(site, "B"))
            site.store.gate.set()

    run(main())
    assert len(site.conductor.core.board.alerts) == RECEIVES_MAX


@pytest.mark.parametrize("fails", [False, True])
def test_a_client_that_has_gone_disturbs_nobody(fails: bool) -> None:
    site = quiet()

    async def main() -> None:
        async with site.running():
            site.store.gate.clear()
            if fails:
                site.store.fail_next("away")
            client = asyncio.create_task(site.conductor.receive(alerts(site, "A")))
            await until(lambda: site.store.transactions)
            client.cancel()
            await asyncio.wait([client])
            site.store.gate.set()
            await site.conductor.receive(alerts(site, "B"))

    run(main())
    names = {alert.labels["alertname"] for alert in site.conductor.core.board.alerts.values()}
    assert names == ({"B"} if fails else {"A", "B"})


def test_stopping_waits_for_what_is_under_way() -> None:
    site = CoreSite()
    answered = asyncio.Event()

    async def answer(_: IntegrationId, __: Notification) -> Ending:
        await answered.wait()
        return Done()

    async def main() -> None:
        site.receivers.answer = answer
        async with site.running():
            await site.conductor.receive(alerts(site, "A"))
            await until(lambda: site.receivers.told)
            site.stop.set()
            await breathe()
            assert site.store.log()[0].intent is not None
            answered.set()

    run(main())
    assert site.store.log()[0].intent is None
    assert site.verdicts()[-1] == "notified"


def test_stopping_writes_what_was_received() -> None:
    site = quiet()

    async def main() -> None:
        async with site.running(), asyncio.TaskGroup() as clients:
            site.store.gate.clear()
            clients.create_task(site.conductor.receive(alerts(site, "A")))
            clients.create_task(site.conductor.receive(alerts(site, "B")))
            await until(lambda: site.store.transactions)
            site.stop.set()
            await breathe()
            site.store.gate.set()

    run(main())
    assert len(site.store.entries()) == 2


def test_a_receiver_that_hangs_delays_the_stop_no_longer_than_the_grace() -> None:
    site = CoreSite()

    async def hang(_: IntegrationId, __: Notification) -> Ending:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> None:
        site.receivers.answer = hang
        async with asyncio.timeout(5), site.running(grace_s=0.05):
            await site.conductor.receive(alerts(site, "A"))
            await until(lambda: site.receivers.told)

    run(main())
    assert site.store.log()[0].intent is not None
    again = CoreSite(site.store)

    async def restart() -> None:
        async with again.running():
            await until(lambda: "notified" in again.verdicts())

    run(restart())
    (first,), (second,) = site.receivers.told, again.receivers.told
    assert (second.id, second.uncertain) == (first.id, True)


def test_the_tick_comes_by_itself() -> None:
    site = CoreSite(
        routes=routing(group_wait="20ms"), now=lambda: Now(time.time_ns(), time.monotonic_ns())
    )

    async def main() -> None:
        async with site.running():
            (alert,) = alerts(site, "A")
            await site.conductor.receive([alert])
            await until(lambda: site.receivers.told)
            assert site.now().wall_ns >= alert.starts_at + 20 * NS_PER_MS

    run(main())


def test_another_routing_is_taken_over() -> None:
    site = quiet()

    async def main() -> None:
        async with site.running():
            await site.conductor.receive(alerts(site, "A"))
            site.conductor.reconfigure(routing(group_wait="0s"))
            await until(lambda: site.receivers.told)

    run(main())


def test_a_history_that_fails_stops_nothing() -> None:
    site = CoreSite()
    site.history.broken = True

    async def main() -> None:
        async with site.running():
            await site.conductor.receive(alerts(site, "A"))
            await until(lambda: site.value("trapgate_alerting_history_failures_total"))
            site.history.broken = False
            await site.conductor.receive(alerts(site, "B"))
            await until(lambda: "notified" in site.verdicts())

    run(main())


def test_decisions_that_wait_at_the_end_are_written() -> None:
    site = CoreSite()

    async def main() -> None:
        async with site.running():
            site.history.gate.clear()
            site.conductor.decide([Decision("first", "v", "r")])
            await until(lambda: site.history.batches)
            site.conductor.decide([Decision("second", "v", "r")])
            threading.Timer(0.05, site.history.gate.set).start()  # the end of `run` waits for it

    run(main())
    assert [decision.subject for decision in site.history.decisions] == ["first", "second"]


def test_decisions_that_are_about_to_be_written_at_the_end_are_written() -> None:
    """The history's thread may not have begun with them when its loop is ended: often enough to
    show in so many tries."""

    async def main(site: CoreSite) -> None:
        async with site.running():
            site.conductor.decide([Decision("first", "v", "r")])
            await until(lambda: site.history.decisions)
            site.conductor.decide([Decision("last", "v", "r")])

    for _ in range(30):
        site = CoreSite()
        run(main(site))
        assert [decision.subject for decision in site.history.decisions] == ["first", "last"]


def test_decisions_that_wait_are_bounded() -> None:
    site = CoreSite()

    async def main() -> None:
        many = [Decision(str(index), "v", "r") for index in range(DECISIONS_MAX + 5)]
        async with site.running():
            site.conductor.decide(many)
            await until(lambda: site.history.decisions)

    run(main())
    assert len(site.history.decisions) == DECISIONS_MAX
    assert site.history.decisions[0].subject == "5"


def test_a_receiver_that_hangs_holds_up_nobody_else() -> None:
    hung = RouteSettings(receiver="hung", matchers=('kind="slow"',))
    site = CoreSite(routes=routing(hung, group_wait="0s", hung=(True,)))
    answered = asyncio.Event()

    async def answer(integration: IntegrationId, _: Notification) -> Ending:
        if integration.receiver == "hung":
            await answered.wait()
        return Done()

    async def main() -> None:
        site.receivers.answer = answer
        async with site.running():
            names = [f"N{index}" for index in range(SENDS_MAX * 5)]
            await site.conductor.receive([slow(site, name) for name in names])
            await until(lambda: len(site.receivers.told) == SENDS_MAX)
            await site.conductor.receive(alerts(site, "Healthy"))
            await until(lambda: site.receivers.told[-1].integration.receiver == "team")
            answered.set()

    run(main())


def slow(site: CoreSite, name: str) -> Alert:
    posted = PostedAlert({"alertname": name, "kind": "slow"}, ends_at=NEVER)
    return received(posted, site.now(), 300 * NS_PER_S)


def test_decisions_that_do_not_fit_are_counted() -> None:
    site = CoreSite()

    async def main() -> None:
        async with site.running():
            many = [Decision(str(n), "noted", "a test") for n in range(DECISIONS_MAX + 7)]
            site.conductor.decide(many)

    run(main())
    assert len(site.history.decisions) == DECISIONS_MAX
    assert site.value("trapgate_alerting_history_failures_total") == 7

"""The board: alerts find their channels, and channels keep what they owe when routes change."""

import msgspec

from alerting.samples import alert, at, routing
from trapgate.alerting.board import Board
from trapgate.alerting.protocol import ChannelKey
from trapgate.alerting.settings import RouteSettings
from trapgate.alerting.sweep import referenced
from trapgate.model import GroupId, IntegrationId, Intent, LogEntry, ToldAlert

A = alert("A", device="r1")
B = alert("A", device="r2")
GROUP = GroupId('{}:{alertname="A"}', {"alertname": "A"})
TEAM = IntegrationId("team", "webhook", 0)
KEY = ChannelKey(GROUP.key, TEAM)
TO_PAGE = RouteSettings(matchers=('device="r1"',), receiver="page")


def told(*fingerprints: str, integration: IntegrationId = TEAM) -> LogEntry:
    return LogEntry(GROUP, integration, 1, sequence=1, at=at(0), firing=fingerprints)


def board(*entries: LogEntry) -> Board:
    made = Board(routing())
    for each in (A, B):
        made.put_alert(each)
    for entry in entries:
        made.adopt(entry)
    return made


def test_alerts_join_the_channels_of_their_route() -> None:
    made = Board(routing(team=(True, False)))
    channels = made.put_alert(A)
    assert [channel.spec.id.index for channel in channels] == [0, 1]
    assert made.put_alert(B) == channels
    assert made.alerts_of(channels[0]) in ([A, B], [B, A])
    assert made.channels_of(A.fingerprint) == channels


def test_a_channel_that_lost_its_alerts_stays_while_it_owes() -> None:
    made = board(told(A.fingerprint))
    channel = made.channels[KEY]
    made.reroute(routing(group_by=("device",)))
    assert made.channels[KEY] is channel
    assert channel.members == set()
    assert channel.timers == made.routing.route.timers
    assert made.alerts_of(channel) == [A]
    assert channel in made.channels_of(A.fingerprint)
    assert channel not in made.channels_of(B.fingerprint)


def test_one_alert_that_left_a_group_is_still_owed_there() -> None:
    made = board(told(A.fingerprint, B.fingerprint))
    channel = made.channels[KEY]
    made.reroute(routing(TO_PAGE, page=(True,)))
    assert channel.members == {B.fingerprint}
    assert {each.fingerprint for each in made.alerts_of(channel)} == {A.fingerprint, B.fingerprint}
    receivers = [each.spec.id.receiver for each in made.channels_of(A.fingerprint)]
    assert receivers == ["page", "team"]


def test_a_channel_that_owes_nothing_is_parked_and_comes_back() -> None:
    made = board(msgspec.structs.replace(told(), resolved=(A.fingerprint,)))
    channel = made.channels[KEY]
    made.reroute(routing(group_by=("device",)))
    assert KEY not in made.channels
    assert made.parked[KEY] is channel
    assert list(made.entries()) == [channel.entry]  # it is in the store, so it is in memory
    made.reroute(routing())
    assert made.channels[KEY] is channel
    assert not made.parked


def test_channels_that_have_nothing_written_down_go() -> None:
    made = board()
    made.reroute(routing(group_by=("device",)))
    assert KEY not in made.channels
    assert not made.parked


def test_a_removed_integration_waits_for_its_return() -> None:
    made = board(told(A.fingerprint))
    channel = made.channels[KEY]
    channel.phase = "sending"
    made.reroute(routing(team=()))
    assert made.find(KEY) is channel
    assert not made.channels
    assert made.owed_resolves() == {"team": 1}
    made.reroute(routing(team=(False,)))
    assert made.channels[KEY] is channel
    assert channel.phase == "sending"
    assert not channel.spec.send_resolved


def test_an_entry_of_an_unknown_integration_waits_too() -> None:
    gone = IntegrationId("gone", "webhook", 0)
    made = board(told(A.fingerprint, integration=gone))
    assert made.owed_resolves() == {"team": 0, "gone": 1}
    assert made.alerts_of(made.channels[KEY])  # others are not concerned
    assert made.channels_of(A.fingerprint) == (made.channels[KEY],)


def test_an_adopted_intent_is_sent_again_and_uncertain() -> None:
    intent = Intent(2, at(5), "new alerts added", (ToldAlert(A.fingerprint, "firing", 0, 1),))
    made = board(msgspec.structs.replace(told(), intent=intent))
    channel = made.channels[KEY]
    assert (channel.phase, channel.uncertain) == ("waiting", True)
    assert channel.held() == {A.fingerprint}


def test_dropping_alerts_and_entries() -> None:
    made = board(told())
    made.drop_alert(A.fingerprint)
    assert made.channels[KEY].members == {B.fingerprint}
    made.drop_alert(B.fingerprint)
    assert KEY in made.parked  # its entry is still in the store
    made.drop_entry(KEY)
    assert made.find(KEY) is None
    assert made.channels_of(A.fingerprint) == ()
    made.drop_entry(KEY)
    made.drop_alert(A.fingerprint)


def test_what_the_log_still_needs() -> None:
    intent = Intent(2, at(5), "first notification", (ToldAlert("c", "firing", 0, 1),))
    entry = msgspec.structs.replace(told("a"), uncertain=("b",), resolved=("d",), intent=intent)
    assert referenced([entry]) == {"a", "b", "c"}

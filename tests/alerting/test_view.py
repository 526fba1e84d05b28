"""What the API shows of a board."""

from alerting.samples import alert, at, routing
from trapgate.alerting.board import Board
from trapgate.alerting.matchers import anchored, parse_matchers
from trapgate.alerting.settings import RouteSettings
from trapgate.alerting.view import AlertFilter, alerts_view, groups_view, snapshot

LINK = alert("Link", device="r1", job="b", instance="1")
LINK_2 = alert("Link", device="r2", job="a", instance="2")
FAN = alert("Fan", device="r1", severity="critical")
ENDED = alert("Bgp", device="r1", ends=10)
PAGE = RouteSettings(
    matchers=('severity="critical"',), receiver="page", continue_=True, group_by=("device",)
)
AGAIN = RouteSettings(matchers=('severity="critical"',))


def board() -> Board:
    made = Board(routing(PAGE, AGAIN, page=(True,)))
    for each in (LINK, LINK_2, FAN, ENDED):
        made.put_alert(each)
    return made


def shown(wanted: AlertFilter) -> set[str]:
    return {view.alert.fingerprint for view in alerts_view(snapshot(board()), wanted, at(20))}


def test_firing_alerts_by_fingerprint_with_their_receivers() -> None:
    views = alerts_view(snapshot(board()), AlertFilter(), at(20))
    fingerprints = [view.alert.fingerprint for view in views]
    assert fingerprints == sorted(each.fingerprint for each in (LINK, LINK_2, FAN))
    receivers = {view.alert.labels["alertname"]: view.receivers for view in views}
    assert receivers == {"Link": ("team",), "Fan": ("page", "team")}


def test_ended_alerts_are_shown_until_they_end() -> None:
    before = {
        view.alert.fingerprint for view in alerts_view(snapshot(board()), AlertFilter(), at(5))
    }
    assert ENDED.fingerprint in before
    assert ENDED.fingerprint not in shown(AlertFilter())


def test_filters() -> None:
    device = AlertFilter(matchers=parse_matchers("device=r1,severity!=critical"))
    assert shown(device) == {LINK.fingerprint}
    assert shown(AlertFilter(receiver=anchored("page"))) == {FAN.fingerprint}
    assert shown(AlertFilter(receiver=anchored("pag"))) == set()
    assert shown(AlertFilter(active=False)) == set()


def test_groups_in_order() -> None:
    groups = groups_view(snapshot(board()), AlertFilter(), at(20))
    assert [(dict(group.labels), group.receiver) for group in groups] == [
        ({"alertname": "Fan"}, "team"),
        ({"alertname": "Link"}, "team"),
        ({"device": "r1"}, "page"),
    ]
    # by job, then instance, then all labels
    assert [view.alert for view in groups[1].alerts] == [LINK_2, LINK]
    assert groups[0].alerts[0].receivers == ("page", "team")


def test_groups_of_a_receiver() -> None:
    groups = groups_view(snapshot(board()), AlertFilter(receiver=anchored("page")), at(20))
    assert [group.receiver for group in groups] == ["page"]


def test_a_snapshot_stays_as_it_was_taken() -> None:
    made = board()
    taken = snapshot(made)
    made.drop_alert(FAN.fingerprint)
    shown = {view.alert.fingerprint for view in alerts_view(taken, AlertFilter(), at(20))}
    assert FAN.fingerprint in shown

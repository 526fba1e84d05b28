"""Alarms: said once, shown as long as they last, in every process."""

from pathlib import Path

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from trapgate.observe import ALARMS, FAMILIES, Alarm, Metrics, sounding
from trapgate.observe.alarm import REASON_CHARS_MAX


def test_it_is_said_when_it_begins_and_when_it_ends() -> None:
    alarm = Alarm(Metrics(), "spool.full", "raw")
    with capture_logs() as logs:
        alarm.end()
        for _ in range(2):
            alarm.begin(error="no room")
        for _ in range(2):
            alarm.end(lost_records=7)
    assert [line["event"] for line in logs] == ["spool.full", "spool.full.over"]
    assert logs[0]["error"] == "no room"
    assert logs[0]["help"] == ALARMS["spool.full"].advice
    assert (logs[1]["subject"], logs[1]["lost_records"]) == ("raw", 7)


def test_another_process_sees_it(tmp_path: Path) -> None:
    own, other = Metrics(), Metrics()
    files = [tmp_path / "other.prom", tmp_path / "not-there.prom"]
    Alarm(own, "spool.rules-gave-up", "raw").begin()
    alarm = Alarm(other, "spool.full", "raw-2")
    Alarm(other, "spool.pressed", "raw-2")
    other.publish(files[0])
    assert [each.name for each in sounding(own, files)] == ["spool.rules-gave-up"]
    alarm.begin()
    other.publish(files[0])
    found = sounding(own, files)
    assert [(each.name, each.subject) for each in found] == [
        ("spool.full", "raw-2"),
        ("spool.rules-gave-up", "raw"),
    ]
    assert found[0].kind.unready
    alarm.end()
    other.publish(files[0])
    assert len(sounding(own, files)) == 1


def test_there_is_no_alarm_that_is_not_in_the_table() -> None:
    with pytest.raises(KeyError):
        Alarm(Metrics(), "spool.odd", "raw")


def test_the_metric_names_all_of_them() -> None:
    (family,) = (each for each in FAMILIES if each.name == "trapgate_pipeline_alarms")
    assert all(name in family.help for name in ALARMS)


def test_its_reason_is_shown_everywhere_while_it_lasts(tmp_path: Path) -> None:
    own, other = Metrics(), Metrics()
    files = [tmp_path / "other.prom"]
    alarm = Alarm(other, "store.away", "elasticsearch")

    def shown() -> list[str]:
        other.publish(files[0])
        return [str(each).partition("; reason: ")[2] for each in sounding(own, files)]

    alarm.begin(reason="no connection")
    assert shown() == ["no connection"]
    alarm.begin(reason='not "allowed"\n: 401')
    assert shown() == ['not "allowed"\n: 401']
    alarm.begin(reason="x" * 1_000)
    assert shown() == ["x" * REASON_CHARS_MAX]
    alarm.end()
    assert shown() == []
    assert b"reason=" not in generate_latest(other.registry)
    alarm.begin()
    assert shown() == [""]

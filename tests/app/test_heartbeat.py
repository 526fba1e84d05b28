"""Who is silent is told of, then ended; what only takes long gets done; nobody pays for a sleep."""

import signal
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from trapgate.app.heartbeat import LOOK_MAX_S, RECOVERED_S, Heartbeats, Patience
from trapgate.observe import Metrics, sounding

NAMES = ("ingest", "core", "index")
WAITS = Patience(alarm=60, end=120, end_max=400, stack=5)


class Watch:
    """A supervisor that looks each second; all but `mute` beat before each look."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.beats = Heartbeats(NAMES, self.metrics, WAITS)
        self.mute: set[str] = set()
        self.now_s = 1_000.0

    def look(self, times: int = 1, every_s: float = 1.0) -> list[tuple[str, signal.Signals]]:
        """What is sent, at so many looks."""
        sent: list[tuple[str, signal.Signals]] = []
        for _ in range(times):
            self.now_s += every_s
            for name in set(NAMES) - self.mute:
                self.beats.of(name).beat()
            sent += self.beats.due(NAMES, self.now_s)
        return sent

    def until_ended(self, name: str) -> int:
        """For how many seconds a mute process is borne; it is started again then."""
        self.mute.add(name)
        looks = 1
        while not self.look():
            looks += 1
        self.beats.started(name)
        return looks

    def alarms(self) -> list[str]:
        found = sounding(self.metrics, ())
        return [each.subject for each in found if each.name == "process.hung"]

    def sample(self, name: str, process: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, {"process": process})


@pytest.fixture
def watch() -> Iterator[Watch]:
    with capture_logs():
        made = Watch()
        made.look()
        yield made


def test_who_beats_is_left_alone(watch: Watch) -> None:
    assert watch.look(1_000) == []
    assert watch.alarms() == []


def test_silence_is_an_alarm_and_then_the_end(watch: Watch) -> None:
    watch.mute = {"ingest"}
    assert watch.look(59) == []
    assert watch.alarms() == []
    assert watch.sample("trapgate_pipeline_silent_seconds", "ingest") == 59
    assert watch.sample("trapgate_pipeline_silent_seconds", "core") == 0
    watch.look()
    assert watch.alarms() == ["ingest"]
    assert watch.look(59) == []
    assert watch.look() == [("ingest", signal.SIGABRT)]
    assert watch.look(4) == []
    assert watch.look() == [("ingest", signal.SIGKILL)]
    assert watch.sample("trapgate_pipeline_hangs_total", "ingest") == 1


def test_the_alarm_ends_when_it_has_gone_on_for_as_long(watch: Watch) -> None:
    watch.until_ended("core")
    watch.mute = set()
    watch.look(59)
    assert watch.alarms() == ["core"]
    watch.look()
    assert watch.alarms() == []


def test_the_alarm_stays_while_it_hangs_at_the_same_place_again(watch: Watch) -> None:
    watch.until_ended("ingest")
    for _ in range(3):
        watch.beats.of("ingest").beat()  # before it comes to that place
        assert watch.look() == []
        watch.until_ended("ingest")
        assert watch.alarms() == ["ingest"]


def test_a_silence_that_nobody_ended_is_over_as_late(watch: Watch) -> None:
    watch.mute = {"ingest"}
    watch.look(60)
    watch.mute = set()
    watch.look(59)
    assert watch.alarms() == ["ingest"]
    watch.look()
    assert watch.alarms() == []


def test_what_only_takes_long_gets_its_time(watch: Watch) -> None:
    assert [watch.until_ended("ingest") for _ in range(4)] == [120, 240, 400, 400]


@pytest.mark.parametrize(("calm_s", "borne"), [(RECOVERED_S - 60, 240), (RECOVERED_S, 120)])
def test_patience_comes_back(watch: Watch, calm_s: float, borne: int) -> None:
    watch.until_ended("ingest")
    watch.mute = set()
    watch.look(int(calm_s))
    assert watch.until_ended("ingest") == borne


def test_patience_comes_back_to_who_beats_seldom(watch: Watch) -> None:
    watch.until_ended("index")
    for _ in range(int(RECOVERED_S) // 4):
        watch.look(3)
        watch.mute = set()
        watch.look()
        watch.mute = {"index"}
    assert watch.until_ended("index") == 120


def test_patience_does_not_come_back_to_who_is_silent_for_long(watch: Watch) -> None:
    watch.until_ended("ingest")
    for _ in range(int(RECOVERED_S) // 61 + 1):
        watch.look(60)
        watch.mute = set()
        watch.look()
        watch.mute = {"ingest"}
    assert watch.until_ended("ingest") == 240


def test_a_death_of_its_own_costs_no_patience(watch: Watch) -> None:
    watch.mute = {"core"}
    watch.look(30)
    watch.beats.started("core")
    assert watch.until_ended("core") == 120


def test_a_machine_that_slept_has_not_hung(watch: Watch) -> None:
    watch.mute = set(NAMES)
    assert watch.look(3, every_s=7_200) == []
    assert watch.sample("trapgate_pipeline_silent_seconds", "core") == 3 * LOOK_MAX_S


def test_nobody_is_woken_for_a_dispensable_process(watch: Watch) -> None:
    watch.mute = {"index"}
    watch.look(119)
    assert watch.alarms() == []
    assert watch.look() == [("index", signal.SIGABRT)]


def test_who_does_not_run_is_not_looked_at(watch: Watch) -> None:
    for second in range(300):
        watch.beats.of("core").beat()
        assert list(watch.beats.due(("core",), watch.now_s + second)) == []
    assert watch.alarms() == []

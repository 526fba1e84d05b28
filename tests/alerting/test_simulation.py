"""The core keeps its promises in every world that the simulation makes up.

That the simulation can see what it looks for was tried by breaking the core on purpose; each of
these made some of the first 300 seeds fail:

- a notification is sent without its claim being written first;
- attempts whose outcome is not known are not noted as `uncertain`, or not taken for one after a
  crash;
- an answer is taken for whatever is claimed, its sequence is not compared;
- an outcome that the store could not take is forgotten;
- alerts are merged while another write of them is under way;
- alerts that lose their route are forgotten by the groups that told them;
- an alert that has ended is deleted though a receiver holds it as firing.

What a failing seed shows becomes a story of `test_core`: seeds mean something else as soon as the
simulation is changed.
"""

import pytest

from alerting.promises import check
from alerting.simulation import Broken, Simulation, broken_seeds
from alerting.worlds import CALM, HARSH

SEEDS = 200
"""Some ten seconds; more are for the command line."""


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_the_promises_hold(first: int) -> None:
    assert broken_seeds(range(first, first + 25)) == {}


def test_a_seed_is_a_run() -> None:
    one, other = Simulation(7, profile=HARSH), Simulation(7, profile=HARSH)
    one.run()
    other.run()
    assert one.story == other.story
    assert any("crash" in line for line in one.story)
    assert any("the store fails" in line for line in one.story)
    assert any("Retry" in line for line in one.story)


def test_it_notices_what_is_wrong() -> None:
    simulation = Simulation(3, profile=CALM)
    simulation.run()
    channel, fingerprint = next(key for key, known in simulation.receivers.known.items())
    simulation.receivers.known.clear()
    simulation.core.board.alerts.pop(fingerprint, None)
    with pytest.raises(Broken, match="seed 3"):
        check(simulation)
    assert channel.group_key.startswith("{}")

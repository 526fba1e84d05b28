"""A process that hangs is seen to: each of them says all the time that it goes on."""

import os
import signal

import pytest

from system.running import Trapgate, eventually
from trapgate.app.flow import Census
from trapgate.observe import Metrics
from trapgate.observe.metrics import published_samples

pytestmark = pytest.mark.real

SILENT_S = 3.0
"""More than any process is silent for that has nothing to do, also on a busy machine."""


def silence(trapgate: Trapgate) -> dict[str, float]:
    """For how long each process has been silent, as the supervisor has published it: core cannot
    be asked while it hangs."""
    files = (trapgate.layout.metrics("supervisor"),)
    samples = published_samples(Metrics(), files, "trapgate_pipeline_silent_seconds")
    return {sample.labels["process"]: sample.value for sample in samples}


@pytest.mark.parametrize("name", Census().names())
def test_who_hangs_is_silent_and_nobody_else(trapgate: Trapgate, name: str) -> None:
    eventually(lambda: silence(trapgate).keys() == set(Census().names()), "all are looked at")
    pid = trapgate.process(name)
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: silence(trapgate)[name] > SILENT_S, "it is silent")
        assert {each for each, for_s in silence(trapgate).items() if for_s > SILENT_S} == {name}
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: not silence(trapgate)[name], "it goes on")
    assert trapgate.process(name) == pid

"""Failures that a process outlives."""

import pytest

from trapgate.app.trouble import Trouble
from trapgate.store import StoreUnavailable


def fail(trouble: Trouble, error: Exception) -> None:
    with trouble.contained():
        raise error


def test_a_failure_that_lasts_is_one_line_and_its_end_another(
    capfd: pytest.CaptureFixture[str],
) -> None:
    trouble = Trouble("metrics.unpublished")
    with trouble.contained():
        pass
    fail(trouble, OSError(28, "No space left on device"))
    fail(trouble, StoreUnavailable("disk I/O error"))
    assert trouble.reason == "disk I/O error"
    for _ in range(2):
        with trouble.contained():
            pass
    assert trouble.reason == ""
    printed = "".join(capfd.readouterr())
    assert printed.count("metrics.unpublished") == 2
    assert printed.count("metrics.unpublished.over") == 1
    assert printed.count("No space left on device") == 1


def test_bugs_come_through() -> None:
    with pytest.raises(KeyError):
        fail(Trouble("x"), KeyError("bug"))

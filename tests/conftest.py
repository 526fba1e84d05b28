"""What all tests share: golden files, and no quiet skipping where it counts."""

import os
from collections.abc import Generator
from typing import Any

import pytest

from golden import Golden

pytest_plugins = ("pytester", "elastic")

SKIP_FORBIDDEN = "CI=true, so that a skipped real-peer test is a failure; it was skipped: "


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write golden files and generated documents anew; read the difference before you "
        "commit it",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares texts with the files in `golden/` beside the test's module."""
    update: bool = request.config.getoption("--update-golden")
    return Golden(request.path.parent / "golden", update=update)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where `make test` is the gate (CI=true) a real peer that is missing must not go unseen."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and item.get_closest_marker("real") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = SKIP_FORBIDDEN + _reason(report.longrepr)
    return report


def _reason(longrepr: Any) -> str:
    """The reason of a skip, of which pytest keeps (file, line, "Skipped: reason")."""
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return str(text).removeprefix("Skipped: ")

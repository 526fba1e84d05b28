"""The rules of the test run itself."""

from pathlib import Path

import pytest

from golden import Golden

CONFTEST = Path(__file__).with_name("conftest.py").read_text()
PLUGIN = CONFTEST.replace('pytest_plugins = ("pytester",)', "")
MARKED = """
import pytest

@pytest.mark.real
@pytest.mark.skipif(True, reason="snmptrap is not installed")
def test_real():
    raise AssertionError

@pytest.mark.real
def test_that_finds_out_late():
    pytest.skip("no IPv6 here")

@pytest.mark.skip(reason="another platform")
def test_other():
    raise AssertionError

@pytest.mark.real
@pytest.mark.xfail(reason="known")
def test_known():
    raise AssertionError
"""


def outcomes(pytester: pytest.Pytester) -> tuple[pytest.RunResult, dict[str, int]]:
    pytester.makeini("[pytest]\nmarkers = real: runs a real peer\n")
    pytester.makeconftest(PLUGIN)
    pytester.makepyfile(MARKED)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    return result, result.parseoutcomes()


def test_in_ci_a_skipped_real_peer_is_a_failure_that_names_the_reason(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result, found = outcomes(pytester)
    assert found == {"failed": 1, "errors": 1, "skipped": 1, "xfailed": 1}
    result.stdout.fnmatch_lines(["*it was skipped: snmptrap is not installed*"])
    result.stdout.fnmatch_lines(["*it was skipped: no IPv6 here*"])


def test_elsewhere_it_is_skipped(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    _, found = outcomes(pytester)
    assert found == {"skipped": 3, "xfailed": 1}


def test_a_golden_file_is_compared_and_only_an_update_writes_it(tmp_path: Path) -> None:
    compared, updating = Golden(tmp_path, update=False), Golden(tmp_path, update=True)
    with pytest.raises(AssertionError, match="is missing"):
        compared.check("a.txt", "one")
    updating.check("a.txt", "one")
    compared.check("a.txt", "one")
    with pytest.raises(AssertionError, match="differs"):
        compared.check("a.txt", "two")

"""The wheel works from any folder: it brings the rules, the MIB index and the default files."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
BUILD_S = 120.0

LINK_DOWN = (
    "305802010104067075626c6963a74b0203533d2c020100020100303e300e06082b060102010103004302107330"
    "17060a2b06010603010104010006092b06010603010105033013060a2b06010201020201020704054769302f37"
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, as pip would lay them out."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=BUILD_S)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_it_brings_all_that_is_bundled(installed: Path) -> None:
    for name in ("rules/*.yml", "mibs/*.json"):
        shipped = {path.name for path in (installed / "trapgate/bundled").glob(name)}
        assert shipped == {path.name for path in ROOT.glob(name)}
        assert shipped


def test_it_decodes_in_another_folder(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trapgate", "decode", "trap", LINK_DOWN],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '"code":"IF-MIB::linkDown"' in done.stdout

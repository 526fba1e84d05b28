"""The published configuration may be lost or damaged at any time."""

from pathlib import Path

import pytest

from app.folders import bundle_of, written
from trapgate.app.files import publish_bundle
from trapgate.app.published import Published


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "run" / "configuration.json"


def test_what_another_publishes_is_taken_over_once(tmp_path: Path, place: Path) -> None:
    one, other = Published(place), Published(place)
    one.publish(bundle_of(written(tmp_path)))
    assert one.newer() is None
    assert other.stamp != one.stamp
    configuration = other.newer()
    assert configuration is not None
    assert [rule.alert for rule in configuration.rules] == ["InterfaceDown"]
    assert other.stamp == one.stamp
    assert other.newer() is None


def test_a_lost_one_is_no_change_and_can_be_published_again(tmp_path: Path, place: Path) -> None:
    bundle = bundle_of(written(tmp_path))
    one, other = Published(place), Published(place)
    assert one.lost()
    one.publish(bundle)
    assert other.newer() is not None
    assert not one.lost()
    place.unlink()
    place.parent.rmdir()
    assert one.lost()
    assert other.newer() is None
    one.publish(bundle)
    assert other.newer() is not None


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema": 1', b'"\xff"', b"\0" * 100])
def test_a_damaged_one_is_no_change_and_read_once(
    content: bytes, tmp_path: Path, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = bundle_of(written(tmp_path))
    here = Published(place)
    here.publish(bundle)
    place.write_bytes(content)
    assert here.newer() is None
    assert here.newer() is None
    assert "".join(capfd.readouterr()).count("configuration.damaged") == 1
    publish_bundle(bundle, place)
    assert here.newer() is not None


def test_one_that_cannot_be_read_now_is_read_later(
    tmp_path: Path, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = bundle_of(written(tmp_path))
    here = Published(place)
    place.mkdir(parents=True)
    assert here.newer() is None
    assert here.newer() is None
    assert "".join(capfd.readouterr()).count("configuration.unreadable") == 1
    place.rmdir()
    publish_bundle(bundle, place)
    assert here.newer() is not None

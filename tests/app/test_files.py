"""Reading a configuration: which files, which secrets, and what is said when one is missing."""

import os
import stat
from pathlib import Path

import pytest

from app.folders import ALERTMANAGER, MAIN, RULES, bundle_of, complaints, written
from trapgate.app.files import (
    DEFAULTS,
    bundle_stamp,
    bundled_mibs,
    publish_bundle,
    published_bundle,
    read_bundle,
)
from trapgate.spool import SCRATCH_SUFFIX


def test_every_text_is_in_the_bundle(tmp_path: Path) -> None:
    path = written(tmp_path)
    bundle = bundle_of(path)
    assert bundle.main == (str(path), MAIN)
    assert bundle.alertmanager == (str(tmp_path / "alertmanager.yml"), ALERTMANAGER)
    assert bundle.rules == {str(tmp_path / "rules/own.yml"): RULES}
    assert bundle.folder == str(tmp_path)
    assert bundle.mibs == bundled_mibs()
    assert "IF-MIB.json" in bundle.mibs


def test_without_a_file_the_defaults_are_used_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bundle, problems = read_bundle(None)
    assert problems == []
    assert bundle is not None
    assert bundle.main[0] == "(built in) trapgate.yml"
    assert bundle.alertmanager[0] == "(built in) alertmanager.yml"
    assert bundle.folder == str(tmp_path)
    assert "(built in) interfaces.yml" in bundle.rules


def test_a_file_in_the_current_folder_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    bundle, _ = read_bundle(None)
    assert bundle is not None
    assert bundle.main == ("trapgate.yml", MAIN)


def test_without_alerting_config_the_built_in_one_is_used(tmp_path: Path) -> None:
    bundle = bundle_of(written(tmp_path, trapgate="{}"))
    assert bundle.alertmanager == (
        "(built in) alertmanager.yml",
        (DEFAULTS / "alertmanager.yml").read_text(),
    )


def test_globs_and_paths_name_rule_files_and_tests_are_none(tmp_path: Path) -> None:
    main = 'rules: {bundled: false, files: ["rules/*.yml", extra.yml, "none/*.yml"]}'
    files = {"rules__a.test.yml": "tests", "extra.yml": RULES, "rules__b": RULES}
    bundle = bundle_of(written(tmp_path, trapgate=main, **files))
    names = [Path(name).relative_to(tmp_path).as_posix() for name in bundle.rules]
    assert names == ["rules/b.yml", "rules/own.yml", "extra.yml"]


def test_secrets_are_read_from_files_without_their_line_ends(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        trapgate=MAIN + "decode: {snmp: {communities: [{name: c, community_file: secret.txt}]}}",
        alertmanager=ALERTMANAGER + "  webhook_configs: [{url_file: url.txt}]",
        **{"secret.txt": "s3cret\n", "url.txt": "http://127.0.0.1:1/x\n"},
    )
    assert bundle_of(path).secrets == {"secret.txt": "s3cret", "url.txt": "http://127.0.0.1:1/x"}


def test_every_missing_file_is_named_with_the_key_that_wants_it(tmp_path: Path) -> None:
    main = """\
alerting: {config: away.yml}
rules:
  bundled: false
  files: [gone.yml]
decode:
  snmp:
    communities:
    - {name: c, community_file: nowhere.txt}
    - {name: e, community_file: empty.txt}
colour: red
"""
    assert complaints(written(tmp_path, trapgate=main, **{"empty.txt": "\n"})) == [
        'trapgate.yml:10:1: unknown key "colour" in the file',
        "trapgate.yml:1:12: cannot read away.yml: No such file or directory (correct the path)",
        "trapgate.yml:4:3: cannot read gone.yml: No such file or directory (correct the path)",
        "trapgate.yml:8:17: cannot read nowhere.txt: No such file or directory (correct the path)",
        "trapgate.yml:9:17: empty.txt is empty (write the secret into it)",
    ]


def test_what_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "alertmanager.yml").write_bytes(b"\xff\xfe")
    assert complaints(path) == [
        "trapgate.yml:1:12: cannot read alertmanager.yml: it is not UTF-8 (correct the path)"
    ]
    written(tmp_path, trapgate='rules: {files: ["a\\0b"]}')
    assert "embedded null byte" in complaints(path)[0]


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    assert complaints(tmp_path / "trapgate.yml") == [
        "trapgate.yml: cannot read trapgate.yml: No such file or directory "
        "(name another file with --config)"
    ]


def test_a_published_bundle_comes_back_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    bundle = bundle_of(written(tmp_path))
    place = tmp_path / "configuration.json"
    publish_bundle(bundle, place)
    assert published_bundle(place) == bundle
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    before = bundle_stamp(place)
    assert bundle_stamp(place) == before
    publish_bundle(bundle, place)
    assert bundle_stamp(place) != before


def test_the_stamp_is_that_of_the_file_and_its_folder_is_made(tmp_path: Path) -> None:
    place = tmp_path / "run" / "configuration.json"
    stamp = publish_bundle(bundle_of(written(tmp_path)), place)
    assert bundle_stamp(place) == stamp
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_two_processes_that_publish_do_not_write_into_one_file(tmp_path: Path) -> None:
    """The other one is in the middle of its write."""
    place = tmp_path / "configuration.json"
    bundle = bundle_of(written(tmp_path))
    pid = os.fork()
    if pid == 0:
        try:
            place.with_suffix(f".{os.getpid()}{SCRATCH_SUFFIX}").write_text("{")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    (half,) = tmp_path.glob(f"*{SCRATCH_SUFFIX}")
    publish_bundle(bundle, place)
    assert half.read_text() == "{"
    assert published_bundle(place) == bundle


def test_what_cannot_be_published_leaves_nothing_behind(tmp_path: Path) -> None:
    place = tmp_path / "configuration.json"
    place.mkdir()
    with pytest.raises(OSError, match="configuration"):
        publish_bundle(bundle_of(written(tmp_path)), place)
    assert list(tmp_path.glob(f"*{SCRATCH_SUFFIX}")) == []

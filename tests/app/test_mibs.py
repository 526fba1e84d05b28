"""A user's own MIBs: from the folder into the bundle, through the cache, to the index."""

from pathlib import Path

import pytest

from app.folders import written
from compile.acme import ACME, OLD, module
from trapgate.app import mibs
from trapgate.app.accept import mib_index
from trapgate.app.build import build
from trapgate.app.files import Bundle, bundled_mibs, publish_bundle, published_bundle, read_bundle
from trapgate.app.mibs import Keep, forget_unused_mibs, load_index
from trapgate.mib import MibIndex
from trapgate.model import Problem

DOWN = "1.3.6.1.4.1.99999.0.1"


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """A configuration with one vendor's MIB beside it."""
    (tmp_path / "mibs").mkdir()
    (tmp_path / "mibs/acme.txt").write_text(ACME)
    return written(tmp_path)


def read(main: Path, keep: Keep = "always") -> tuple[Bundle, list[Problem]]:
    bundle, problems = read_bundle(main, keep=keep)
    assert bundle is not None, problems
    return bundle, problems


def index(bundle: Bundle) -> MibIndex:
    configuration, problems = build(bundle)
    assert configuration is not None, problems
    return configuration.mib


def named(mib: MibIndex) -> bool:
    return mib.notification(DOWN) is not None


def test_a_module_in_the_folder_names_traps_in_all_processes(main: Path) -> None:
    bundle, problems = read(main)
    assert problems == []
    (file,) = bundle.vendor_mibs
    assert Path(file).parent == main.parent / "data/mibs"
    assert bundle.mibs == bundled_mibs()  # what was compiled is not copied with every reload
    publish_bundle(bundle, main.parent / "data/run/configuration.json")
    assert named(index(published_bundle(main.parent / "data/run/configuration.json")))


def test_the_second_time_nothing_is_compiled(main: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        bundle, _ = read_bundle(main, keep="always", progress=lambda *each: told.append(each[2]))
        assert bundle is not None
    assert set(told) == {"ACME-MIB"}


def test_what_failed_is_kept_as_well(main: Path) -> None:
    (main.parent / "mibs/bad.mib").write_text(module("BAD-MIB", "bad ::= ::="))
    told: list[str] = []
    for _ in range(2):
        bundle, (problem,) = read_bundle(
            main, keep="always", progress=lambda *each: told.append(each[2])
        )
        assert bundle is not None
        assert "BAD-MIB does not follow SMI" in problem.summary
        assert forget_unused_mibs(main.parent / "data", bundle.vendor_mibs) == 0
        assert named(index(bundle))
        told.append("read")
    assert told[-2:] == ["read", "read"]
    assert set(told) == {"ACME-MIB", "BAD-MIB", "read"}


def test_a_command_on_the_side_makes_no_folder(main: Path) -> None:
    bundle, _ = read(main, keep="if-ours")
    assert not (main.parent / "data").exists()
    assert bundle.vendor_mibs == ()
    assert named(index(bundle))
    read(main)
    assert read(main, keep="if-ours")[0].vendor_mibs != ()


def test_a_disk_that_refuses_the_cache_stops_nothing(main: Path) -> None:
    (main.parent / "data").mkdir()
    (main.parent / "data/mibs").write_text("a file")
    bundle, problems = read(main)
    assert (problems, bundle.vendor_mibs) == ([], ())
    assert named(index(bundle))


def test_what_is_wrong_is_a_warning(main: Path) -> None:
    (main.parent / "mibs/bad.mib").write_text(module("BAD-MIB", "bad ::= ::="))
    bundle, (problem,) = read(main)
    assert problem.severity == "warning"
    assert str(problem.span) == f"{main.parent}/mibs/bad.mib:3:1"
    assert named(index(bundle))


def test_many_problems_are_summed_up(main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mibs, "PROBLEMS_SHOWN_MAX", 2)
    for number in range(5):
        (main.parent / f"mibs/{number}.mib").write_text(module(f"B{number}-MIB", "b ::= ::="))
    _, problems = read(main)
    assert [problem.summary for problem in problems][2:] == [
        "there are 3 more problems in MIB files"
    ]


def test_a_changed_text_is_another_file_and_the_old_one_stays(main: Path) -> None:
    before, _ = read(main)
    (main.parent / "mibs/acme.txt").write_text(ACME.replace("{ acme 0 1 }", "{ acme 0 2 }"))
    after, _ = read(main)
    assert before.vendor_mibs != after.vendor_mibs
    assert named(index(before))  # who goes on with the old configuration still can
    assert not named(index(after))
    assert forget_unused_mibs(main.parent / "data", after.vendor_mibs) == 1
    assert named(index(before)) is False
    assert index(after).notification("1.3.6.1.4.1.99999.0.2")


def test_folders_can_be_named(main: Path) -> None:
    elsewhere = main.parent / "vendors/old"
    elsewhere.mkdir(parents=True)
    (elsewhere / "old.my").write_text(OLD)
    main.write_text(main.read_text() + "mib: {folders: [vendors, gone]}\n")
    bundle, (problem,) = read(main)
    assert problem.summary == f"there is no folder {main.parent}/gone"
    assert problem.span is not None
    assert problem.span.line
    mib = index(bundle)
    assert mib.oid("oldTrap") == "1.3.6.1.4.1.99998.0.5"
    assert not named(mib)


def test_ones_own_text_of_a_partial_module_takes_its_place(main: Path) -> None:
    body = "lldpOwn OBJECT IDENTIFIER ::= { enterprises 5 }"
    (main.parent / "mibs/lldp.txt").write_text(module("LLDP-MIB", body))
    mib = index(read(main)[0])
    assert mib.oid("lldpOwn") == "1.3.6.1.4.1.5"
    assert mib.oid("lldpRemSysName") is None


def test_of_two_modules_with_one_oid_the_first_name_counts(main: Path) -> None:
    for name in ("ZZ-MIB", "AA-MIB"):
        body = f"x{name[:2]} OBJECT IDENTIFIER ::= {{ enterprises 77 }}"
        (main.parent / f"mibs/{name}").write_text(module(name, body))
    body = "acmeIf OBJECT IDENTIFIER ::= { mib-2 2 }"
    (main.parent / "mibs/if").write_text(module("AA-IF-MIB", body, "mib-2 FROM SNMPv2-SMI"))
    mib = index(read(main)[0])
    assert mib.node("1.3.6.1.4.1.77") == "AA-MIB::xAA"
    assert mib.node("1.3.6.1.2.1.2") == "IF-MIB::interfaces"  # what trapgate comes with is first


def test_commands_have_the_names_whatever_else_is_wrong(main: Path) -> None:
    assert named(mib_index(main))
    main.write_text("colour: red\n")
    mib = mib_index(main)
    assert mib.oid("linkDown") == "1.3.6.1.6.3.1.1.5.3"
    main.write_text("[")
    assert mib_index(main).oid("linkDown") == "1.3.6.1.6.3.1.1.5.3"


def test_a_lost_or_damaged_file_is_a_warning(main: Path) -> None:
    bundle, _ = read(main)
    Path(bundle.vendor_mibs[0]).write_bytes(b"{")
    mib = load_index(bundle.mibs, bundle.vendor_mibs)
    (problem,) = mib.problems
    assert problem.severity == "warning"
    assert not named(mib)
    Path(bundle.vendor_mibs[0]).unlink()
    assert len(load_index({}, bundle.vendor_mibs).problems) == 1
    assert named(index(read(main)[0]))  # compiled again

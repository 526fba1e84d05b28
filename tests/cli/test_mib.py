"""`trapgate mib add | list | lint`."""

import json
from pathlib import Path

import pytest

from cli.conftest import Trapgate
from compile.acme import ACME, OLD, module
from decode.snmp.wire import header, integer, message, notification, oid, tlv, v1_pdu, varbind

BAD = module("BAD-MIB", "\n\nbad ::= ::=")


@pytest.fixture
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user has got from vendors."""
    folder = tmp_path_factory.mktemp("downloads")
    (folder / "acme.txt").write_text(ACME)
    (folder / "vendor/v2").mkdir(parents=True)
    (folder / "vendor/old.my").write_text(OLD)
    (folder / "vendor/v2/smi").write_text(module("SNMPv2-SMI"))
    (folder / "vendor/readme.txt").write_text("hello")
    return folder


def rows(text: str) -> list[list[str]]:
    """The lines of a table behind its head, in words."""
    return [line.split() for line in text.splitlines()[1:]]


def test_a_file_is_copied_and_used(trapgate: Trapgate, folder: Path, downloads: Path) -> None:
    result = trapgate("mib", "add", str(downloads / "acme.txt"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("MODULE")
    assert rows(result.stdout) == [["ACME-MIB", "9", "1", "compiled", "mibs/acme.txt"]]
    assert (folder / "mibs/acme.txt").read_text() == ACME
    assert trapgate("mib", "lookup", "acmeDown").exit_code == 0
    again = trapgate("mib", "add", "mibs/acme.txt")  # it is there already
    assert (again.exit_code, again.stdout) == (0, result.stdout)
    assert list((folder / "mibs").iterdir()) == [folder / "mibs/acme.txt"]


def test_a_folder_is_copied_with_what_is_below_it_that_is_a_mib(
    trapgate: Trapgate, folder: Path, downloads: Path
) -> None:
    result = trapgate("mib", "add", str(downloads / "vendor"))
    assert result.exit_code == 1
    lines = rows(result.stdout)
    assert lines[0] == ["OLD-MIB", "2", "1", "compiled", "mibs/vendor/old.my"]
    assert lines[1][:5] == ["SNMPv2-SMI", "0", "0", "not", "needed"]
    assert lines[2][2] == "failed"
    assert result.stdout.endswith("there is no MIB module in it\n")
    assert (folder / "mibs/vendor/v2/smi").is_file()
    assert not (folder / "mibs/vendor/readme.txt").exists()


def test_one_that_is_bad_is_told_and_the_others_are_used(
    trapgate: Trapgate, folder: Path, downloads: Path
) -> None:
    (downloads / "bad.mib").write_text(BAD)
    result = trapgate("mib", "add", str(downloads / "acme.txt"), str(downloads / "bad.mib"))
    assert result.exit_code == 1
    assert "compiled" in result.stdout
    assert 'failed    mibs/bad.mib   line 5: BAD-MIB does not follow SMI: "::=" does not' in (
        result.stdout
    )
    checked = trapgate("check")
    assert checked.exit_code == 0
    assert "mibs/bad.mib:5:1: warning: BAD-MIB does not follow SMI" in checked.stderr


def test_the_configured_folder_is_used(trapgate: Trapgate, folder: Path, downloads: Path) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/trapgate.yml").write_text("mib: {folders: [vendors, more]}\n")
    (folder / "etc/more").mkdir()
    arguments = ("--config", "etc/trapgate.yml")
    result = trapgate("mib", "add", str(downloads / "acme.txt"), *arguments)
    assert result.exit_code == 0
    assert (folder / "etc/vendors/acme.txt").is_file()
    (folder / "etc/trapgate.yml").write_text("mib: {folders: []}\n")
    assert trapgate("mib", "add", str(downloads / "acme.txt"), *arguments).exit_code == 78
    (folder / "etc/trapgate.yml").write_text("mib: {folder: x}\n")
    refused = trapgate("mib", "list", *arguments)
    assert (refused.exit_code, refused.stdout) == (78, "")
    assert 'unknown key "folder"' in refused.stderr


def test_a_folder_that_cannot_be_made(trapgate: Trapgate, folder: Path, downloads: Path) -> None:
    (folder / "mibs").write_text("a file")
    result = trapgate("mib", "add", str(downloads / "acme.txt"))
    assert result.exit_code == 1
    assert "cannot be copied: " in result.stderr


def test_all_modules_are_listed(trapgate: Trapgate, folder: Path, downloads: Path) -> None:
    (folder / "mibs").mkdir()
    (folder / "mibs/1.mib").write_text(ACME + BAD)
    (folder / "mibs/2.mib").write_text(ACME)
    (folder / "mibs/lldp.mib").write_text(module("LLDP-MIB"))
    (folder / "mibs/readme").write_text("hello")
    result = trapgate("mib", "list", "-o", "json")
    assert result.exit_code == 0
    listed = [(r["module"], r["status"], r["file"]) for r in json.loads(result.stdout)]
    assert ("IF-MIB", "bundled", "") in listed
    assert ("LLDP-MIB", "bundled", "") not in listed
    own = [(name, status, Path(file).name) for name, status, file in listed if file]
    assert own == [
        ("ACME-MIB", "compiled", "1.mib"),
        ("ACME-MIB", "not used", "2.mib"),
        ("BAD-MIB", "failed", "1.mib"),
        ("LLDP-MIB", "compiled", "lldp.mib"),
        ("", "failed", "readme"),
    ]
    table = trapgate("mib", "list").stdout
    assert ["IF-MIB", "56", "2", "bundled"] in rows(table)


def test_lint_says_everything_and_keeps_nothing(
    trapgate: Trapgate, folder: Path, downloads: Path
) -> None:
    (downloads / "vendor/bad.mib").write_text(BAD)
    result = trapgate("mib", "lint", str(downloads / "vendor"))
    assert result.exit_code == 1
    place = downloads / "vendor/bad.mib"
    assert f"{place}:5:1: error: BAD-MIB does not follow SMI" in result.stdout
    assert "    bad ::= ::=" in result.stdout
    assert f"{downloads}/vendor/readme.txt: warning: there is no MIB module" in result.stdout
    assert result.stderr == (
        "1 of 2 modules compiled, 2 problems\nnot needed, trapgate has them: SNMPv2-SMI\n"
    )
    assert list(folder.iterdir()) == []


def test_lint_of_what_is_good(trapgate: Trapgate, downloads: Path) -> None:
    result = trapgate("mib", "lint", str(downloads / "acme.txt"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "1 of 1 modules compiled, 0 problems\n"


def test_lint_can_import_what_is_in_the_folder(
    trapgate: Trapgate, folder: Path, downloads: Path
) -> None:
    child = module("CHILD-MIB", "c OBJECT IDENTIFIER ::= { acme 9 }", "acme FROM ACME-MIB")
    (downloads / "child").write_text(child)
    alone = trapgate("mib", "lint", str(downloads / "child"))
    assert alone.exit_code == 1
    assert "CHILD-MIB imports from ACME-MIB, which is missing" in alone.stdout
    (folder / "mibs").mkdir()
    (folder / "mibs/acme").write_text(ACME)
    assert trapgate("mib", "lint", str(downloads / "child")).exit_code == 0


def test_a_path_that_is_not_there(trapgate: Trapgate) -> None:
    assert trapgate("mib", "add", "gone").exit_code == 2


def test_a_trap_of_a_vendor_is_named_and_its_instance_read(
    trapgate: Trapgate, downloads: Path
) -> None:
    assert trapgate("mib", "add", str(downloads)).exit_code == 1  # there is a readme among them
    row = "1.4.192.0.2.7.103.119"  # ipv4, 4 bytes, 192.0.2.7, gw
    trap = message(
        notification(
            header("1.3.6.1.4.1.99999.0.1"),
            varbind(f"1.3.6.1.4.1.99999.1.1.6.{row}", integer(2)),
            varbind(f"1.3.6.1.4.1.99999.1.1.5.{row}", tlv(0x04, b"\xc0")),
            varbind("1.3.6.1.4.1.99999.2.1.1.3", integer(415, 0x42)),
        )
    )
    event = json.loads(trapgate("decode", "trap", trap.hex()).stdout)
    assert event["event"]["code"] == "ACME-MIB::acmeDown"
    assert event["snmp"]["vb"] == {"acmeState": "down", "acmeFlags": "hot,loud", "acmeHeat": "41.5"}
    index = event["snmp"]["index"]
    assert (index["acmePeer"], index["acme-Name"], index["ifIndex"]) == ("192.0.2.7", "gw", "3")


def test_an_smiv1_trap_of_a_vendor_is_named(trapgate: Trapgate, downloads: Path) -> None:
    trapgate("mib", "add", str(downloads / "vendor"))
    pdu = v1_pdu(
        varbind("1.3.6.1.4.1.99998.1.0", integer(2)),
        enterprise=oid("1.3.6.1.4.1.99998"),
        specific=5,
    )
    event = json.loads(trapgate("decode", "trap", message(pdu, version=0).hex()).stdout)
    assert event["event"]["code"] == "OLD-MIB::oldTrap"
    assert event["snmp"]["vb"]["oldState"] == "off"

"""`trapgate snmp engines`."""

import json
from pathlib import Path

import pytest

from app.test_engine import CONFIGURED, saved_memory
from cli.conftest import Trapgate
from trapgate.app.layout import Layout

ID = CONFIGURED.hex()


def test_nothing_is_known_at_first(trapgate: Trapgate) -> None:
    result = trapgate("snmp", "engines", "list")
    assert (result.exit_code, result.stdout) == (0, "no engine has been learned yet\n")


def test_an_engine_is_listed_revoked_and_allowed(trapgate: Trapgate, folder: Path) -> None:
    (folder / "data").mkdir()
    saved_memory(Layout(folder / "data"), boots=4, last_seen=10**9)
    table = trapgate("snmp", "engines", "list").stdout.splitlines()
    assert table[0].split()[:3] == ["ENGINE", "ID", "STATE"]
    assert table[1].split() == [
        ID, "learned", "noc", "10.0.0.7", "1", "4", "0", *["1970-01-01T00:00:01Z"] * 2
    ]  # fmt: skip
    assert trapgate("snmp", "engines", "revoke", f"0x{ID}").stdout == f"{ID}: revoked\n"
    assert trapgate("snmp", "engines", "revoke", "80000000ff").exit_code == 0
    rows = [
        json.loads(line)
        for line in trapgate("snmp", "engines", "list", "-o", "json").stdout.splitlines()
    ]
    assert [(row["engine_id"], row["state"], row["user"]) for row in rows] == [
        (ID, "revoked", "noc"),
        ("80000000ff", "revoked", None),
    ]
    assert trapgate("snmp", "engines", "allow", ID).stdout == f"{ID}: allowed\n"
    assert trapgate("snmp", "engines", "list").stdout.splitlines()[1].split()[1] == "learned"


def test_an_engine_is_forgotten(trapgate: Trapgate, folder: Path) -> None:
    (folder / "data").mkdir()
    saved_memory(Layout(folder / "data"), boots=4, last_seen=10**9)
    assert trapgate("snmp", "engines", "forget", ID).stdout == f"{ID}: forgotten\n"
    assert trapgate("snmp", "engines", "list").stdout == "no engine has been learned yet\n"


@pytest.mark.parametrize("verb", ["revoke", "allow", "forget"])
def test_wrong_usage(verb: str, trapgate: Trapgate) -> None:
    result = trapgate("snmp", "engines", verb, "router")
    assert result.exit_code == 2
    assert result.stderr.startswith('"router" is not hex')


def test_a_damaged_list_is_said_and_kept(trapgate: Trapgate, folder: Path) -> None:
    path = folder / "data" / "engines-revoked.json"
    path.parent.mkdir()
    path.write_text("junk")
    for arguments in (("list",), ("revoke", ID), ("allow", ID)):
        result = trapgate("snmp", "engines", *arguments)
        assert result.exit_code == 1
        assert "engines-revoked.json is damaged" in result.stderr
    assert path.read_text() == "junk"


def test_a_configuration_that_cannot_be_used(trapgate: Trapgate, folder: Path) -> None:
    (folder / "trapgate.yml").write_text("colour: red\n")
    for arguments in (("list",), ("revoke", ID)):
        assert trapgate("snmp", "engines", *arguments).exit_code == 78

"""`trapgate decode`: the same events as the server's, one JSON document a line."""

import json
from pathlib import Path

import pytest

from cli.conftest import Trapgate

LINE = b"<187>42: Nov 21 10:00:00.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down"


LINK_DOWN = bytes.fromhex(
    "305402010104067075626c6963a74702030d5fd1020100020100303a300e06082b06010201010300"
    "430212673017060a2b06010603010104010006092b0601060301010503300f060a2b060102010202"
    "010103020103"
)
"""A v2c linkDown of ifIndex.3, community public."""

AT = ("--received-at", "2026-11-21T10:00:00Z")


def documents(text: str) -> list[dict[str, dict[str, object]]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "shape",
    [bytes.hex, lambda d: "0x" + d.hex().upper(), lambda d: d.hex(":"), lambda d: d.hex(" ", 4)],
)
def test_a_trap_in_any_hex(trapgate: Trapgate, shape: object) -> None:
    assert callable(shape)
    result = trapgate("decode", "trap", shape(LINK_DOWN), "--from", "10.1.2.7", *AT)
    assert result.exit_code == 0, result.stderr
    (event,) = documents(result.stdout)
    assert event["event"]["code"] == "IF-MIB::linkDown"
    assert event["source"]["ip"] == "10.1.2.7"
    assert event["event"]["created"] == "2026-11-21T10:00:00.000000Z"
    assert "public" not in result.stdout
    assert b"public".hex() not in result.stdout


def test_syslog_lines_from_a_file_and_from_standard_input(trapgate: Trapgate, folder: Path) -> None:
    (folder / "lines.txt").write_bytes(LINE + b"\r\n\n" + LINE + b"\n")
    result = trapgate("decode", "syslog", "lines.txt", *AT)
    assert result.exit_code == 0
    events = documents(result.stdout)
    assert [event["event"]["code"] for event in events] == ["UPDOWN", "UPDOWN"]
    assert events[0]["event"]["id"] != events[1]["event"]["id"]
    assert trapgate("decode", "syslog", "-", *AT, stdin=LINE).stdout == (
        result.stdout.splitlines()[0] + "\n"
    )


def test_a_trap_that_is_cut_is_shown_with_its_reason(trapgate: Trapgate) -> None:
    result = trapgate("decode", "trap", LINK_DOWN[:20].hex())
    assert result.exit_code == 1
    (event,) = documents(result.stdout)
    assert event["event"]["code"] == "trapgate.undecoded"
    assert result.stderr.startswith("input 1: malformed/")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trap", "xyz"), "this is not hex: give pairs of 0-9 and a-f\n"),
        (("trap", "30", "--from", "router"), "'router' does not appear to be an IPv4 or IPv6"),
        (("trap", "30", "--received-at", "noon"), "'noon' is not a time as 2026-11-21T10:00:00Z\n"),
        (("syslog", "gone.txt"), "Usage: "),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str, trapgate: Trapgate) -> None:
    result = trapgate("decode", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)


def test_a_configuration_that_cannot_be_used(trapgate: Trapgate, folder: Path) -> None:
    (folder / "trapgate.yml").write_text("colour: red\n")
    result = trapgate("decode", "trap", LINK_DOWN.hex())
    assert (result.exit_code, result.stdout) == (78, "")
    assert 'trapgate.yml:1:1: error: unknown key "colour"' in result.stderr


def test_what_an_event_shows_as_its_original_can_be_decoded_again(trapgate: Trapgate) -> None:
    (event,) = documents(trapgate("decode", "trap", LINK_DOWN.hex(), *AT).stdout)
    original = str(event["event"]["original"])
    result = trapgate("decode", "trap", "-", *AT, stdin=f"{original}\n".encode())
    assert result.exit_code == 0
    assert result.stderr == "input 1: community-denied/unknown-community\n"
    (again,) = documents(result.stdout)
    assert again["snmp"]["vb"] == event["snmp"]["vb"]

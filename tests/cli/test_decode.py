"""`trapgate decode`: the same events as the server's, one JSON document a line."""

import json
import struct
from pathlib import Path

import pytest

from cli.captures import (
    ETHERNET,
    RAW,
    ethernet,
    interface,
    ipv4,
    ipv6,
    option,
    packet_block,
    pcap,
    pcapng,
    section,
    trap_frame,
    udp,
)
from cli.conftest import Trapgate
from golden import Golden
from trapgate.cli.notification import Notification, v2_pdu
from trapgate.cli.security import User
from trapgate.cli.usm import Engine, message

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
        (("trap", "305"), "this is not hex: give pairs of 0-9 and a-f\n"),
        (("trap", "xyz"), "this is neither hex (pairs of 0-9 and a-f) nor a file that can be read"),
        (("trap", "30", "--port", "snmp"), '"snmp" are not ports: write 162,1162 or any'),
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


OTHER = LINK_DOWN.replace(bytes.fromhex("0d5fd1"), bytes.fromhex("0d5fd2"))
"""The same trap with another request-id."""


@pytest.mark.parametrize("write", [pcap, pcapng])
def test_a_capture(write: object, trapgate: Trapgate, folder: Path) -> None:
    assert callable(write)
    packets = [
        trap_frame(LINK_DOWN),
        ethernet(ipv4(udp(b"\x30\x00", port=161))),
        b"\x02" * 12 + b"\x08\x06" + bytes(28),
        ethernet(ipv6(udp(OTHER, port=1162))),
    ]
    (folder / "capture").write_bytes(write(packets, link=ETHERNET))
    result = trapgate("decode", "trap", "capture")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == (
        "packets: 4, datagrams: 2, skipped: 2 (1 UDP to another port, 1 not IP)\n"
    )
    first, second = documents(result.stdout)
    assert first["source"] == {"ip": "10.1.2.7", "port": 50_000}
    assert second["source"] == {"ip": "fd00::7", "port": 50_000}
    assert str(first["event"]["created"]).startswith("2026-11-21T10:00:00.12345")
    assert trapgate("decode", "trap", "-", stdin=(folder / "capture").read_bytes()).stdout == (
        result.stdout
    )


def test_ports_of_a_capture(trapgate: Trapgate, folder: Path) -> None:
    traps = [LINK_DOWN.replace(b"\x0d\x5f\xd1", b"\x0d\x5f" + bytes((n,))) for n in range(4)]
    ports = (162, 1162, 2162, 9999)
    frames = [trap_frame(data, port) for data, port in zip(traps, ports, strict=True)]
    (folder / "capture").write_bytes(pcap(frames))
    (folder / "trapgate.yml").write_text(
        "listen: [{name: traps, protocol: snmp, address: '*:2162'}]\n"
    )

    def found(*options: str) -> int:
        return len(documents(trapgate("decode", "trap", "capture", *options).stdout))

    assert found() == 3
    assert found("--port", "9999") == 1
    assert found("--port", "162,9999") == 2
    assert found("--port", "any") == 4


def test_other_traffic_is_left_out_where_all_ports_are_looked_at(
    trapgate: Trapgate, folder: Path
) -> None:
    get = LINK_DOWN.replace(b"\xa7", b"\xa0", 1)
    frames = [
        trap_frame(get, 161),
        trap_frame(LINK_DOWN, 9999),
        trap_frame(b"\x30\x03\x04\x01x", 389),
    ]
    (folder / "capture").write_bytes(pcap(frames))
    result = trapgate("decode", "trap", "capture", "--port", "any")
    assert result.exit_code == 0
    assert len(documents(result.stdout)) == 1
    assert result.stderr.splitlines()[-1] == "datagrams that are no traps: 2"
    assert trapgate("decode", "trap", "capture", "--port", "161").exit_code == 1


def test_a_repeated_trap_is_said_to_be_one(trapgate: Trapgate, folder: Path) -> None:
    (folder / "capture").write_bytes(pcapng([trap_frame(LINK_DOWN)] * 2))
    result = trapgate("decode", "trap", "capture")
    assert result.exit_code == 0
    assert len(documents(result.stdout)) == 1
    assert result.stderr.splitlines()[0] == "input 2: duplicate"


def test_a_damaged_capture_is_decoded_up_to_the_damage(trapgate: Trapgate, folder: Path) -> None:
    whole = pcap([trap_frame(LINK_DOWN), trap_frame(OTHER)])
    (folder / "cut.pcap").write_bytes(whole[:-20])
    result = trapgate("decode", "trap", "cut.pcap")
    assert result.exit_code == 1
    assert len(documents(result.stdout)) == 1
    assert result.stderr == (
        "cut.pcap: the capture is damaged: the file ends within packet 2 at byte 188\n"
        "packets: 1, datagrams: 1, skipped: 0\n"
    )


def test_a_file_with_one_datagram(trapgate: Trapgate, folder: Path) -> None:
    (folder / "3054").write_bytes(LINK_DOWN)
    expected = trapgate("decode", "trap", LINK_DOWN.hex(), *AT).stdout
    assert trapgate("decode", "trap", "./3054", *AT).stdout == expected
    assert trapgate("decode", "trap", "-", *AT, stdin=LINK_DOWN).stdout == expected


def test_a_dump_with_the_headers_of_the_packet(trapgate: Trapgate) -> None:
    packet = ipv4(udp(LINK_DOWN))
    rows = [packet[at : at + 16] for at in range(0, len(packet), 16)]
    dump = "\n".join(f"0x{16 * n:04x}:  {row.hex(' ', 2)}" for n, row in enumerate(rows))
    result = trapgate("decode", "trap", "-", *AT, stdin=dump.encode())
    (event,) = documents(result.stdout)
    assert event["source"]["ip"] == "10.1.2.7"
    assert event["event"]["code"] == "IF-MIB::linkDown"


def test_text_to_read(trapgate: Trapgate, folder: Path, golden: Golden) -> None:
    strange = LINK_DOWN[:-1] + b"\x09"  # an operational state that the MIB does not have
    cut = LINK_DOWN[:40]
    packets = [ipv4(udp(data)) for data in (LINK_DOWN, strange, cut)]
    (folder / "capture").write_bytes(pcap(packets, link=RAW, nano=True))
    result = trapgate("decode", "trap", "capture", "-o", "text")
    assert result.exit_code == 1
    golden.check("decode-trap.txt", result.stdout + result.stderr)


NOC = User(b"noc", "authPriv", "sha-256", b"authpassphrase", "aes-128", b"privpassphrase")
USERS = """\
decode:
  snmp:
    users:
    - name: core
      user: noc
      auth: sha-256
      auth_passphrase: authpassphrase
      privacy: aes-128
      privacy_passphrase: privpassphrase
"""


def secured(time: int, user: User = NOC) -> bytes:
    """An SNMPv3 trap."""
    pdu = v2_pdu(Notification("1.3.6.1.6.3.1.1.5.1", ()), inform=False, request_id=time)
    return message(pdu, user, Engine(b"\x80\0\0\0\x04core-1", 1, time), message_id=time)


def test_traps_of_users(trapgate: Trapgate, folder: Path) -> None:
    (folder / "trapgate.yml").write_text(USERS)
    other = User(b"noc", "authPriv", "sha-256", b"another passphrase", "aes-128", b"privpassphrase")
    traps = [secured(1_000), secured(1_010), secured(1_020, other), secured(500)]
    (folder / "capture").write_bytes(pcap(map(trap_frame, traps)))
    result = trapgate("decode", "trap", "capture")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[:-1] == ["input 3: usm/wrong-digest"]
    first, second, late = documents(result.stdout)
    assert first["event"]["code"] == "SNMPv2-MIB::coldStart"
    assert first["snmp"]["credential"] == "core"
    assert first["snmp"]["security_level"] == "authPriv"
    assert "error" not in second
    # one memory for all of a run: the last one is from before the others
    assert late["error"]["code"] == ["outside-time-window"]


@pytest.mark.parametrize("offset_s", [-(10**12), 1 << 62, 253_402_300_799])
def test_a_capture_with_times_that_cannot_be(
    offset_s: int, trapgate: Trapgate, folder: Path
) -> None:
    options = option(14, struct.pack("<q", offset_s))
    frame = packet_block(trap_frame(LINK_DOWN), 0)
    (folder / "x.pcapng").write_bytes(section() + interface(ETHERNET, options=options) + frame)
    result = trapgate("decode", "trap", "x.pcapng", *AT)
    assert result.exit_code == 0, result.stderr
    (event,) = documents(result.stdout)
    time = "9999-12-31T23:59:59" if offset_s == 253_402_300_799 else "2026-11-21T10:00:00"
    assert event["event"]["created"] == f"{time}.000000Z"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("::ffff:10.1.1.1", "10.1.1.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_the_sender_is_written_as_a_listener_does(
    given: str, shown: str, trapgate: Trapgate, folder: Path
) -> None:
    (folder / "trapgate.yml").write_text(
        "decode: {snmp: {communities: [{name: c, community: public, sources: [10.0.0.0/8]}]}}\n"
    )
    result = trapgate("decode", "trap", LINK_DOWN.hex(), "--from", given, *AT)
    (event,) = documents(result.stdout)
    assert event["source"]["ip"] == shown
    assert ("community-denied" in result.stderr) == (shown != "10.1.1.1")

"""`trapgate send`: what arrives is what was asked for."""

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from cli.conftest import Trapgate
from trapgate.config import Cidr
from trapgate.decode.snmp import CommunitySettings, SnmpDecoder, SnmpSettings
from trapgate.model import Datagram, Endpoint, Now, Trap

ANSWER_S_MAX = 10.0
"""How long a datagram on loopback may take: it takes microseconds."""


@pytest.fixture
def device_port() -> Iterator[socket.socket]:
    """A socket that a device would send to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(ANSWER_S_MAX)
        yield sock


def target(sock: socket.socket) -> str:
    return f"127.0.0.1:{sock.getsockname()[1]}"


def received(sock: socket.socket, community: str = "public") -> Trap:
    everywhere = Cidr((ip_network("0.0.0.0/0"),), "any")
    entry = CommunitySettings(name="c", community=community, sources=(everywhere,))
    decoder = SnmpDecoder(SnmpSettings(communities=(entry,)))
    data = sock.recv(65_535)
    peer = Endpoint("127.0.0.1", 1)
    decoded = decoder.decode(Datagram(data, peer, peer, "snmp", 0), Now(0, 0))
    (message,) = decoded.messages
    assert isinstance(message, Trap)
    assert message.problems == ()
    return message


@pytest.mark.parametrize("version", ["1", "2c"])
def test_link_down_brings_its_variables(
    version: str, trapgate: Trapgate, device_port: socket.socket
) -> None:
    result = trapgate("send", "trap", "linkDown", "--to", target(device_port), "--version", version)
    assert result.exit_code == 0, result.stderr
    port = device_port.getsockname()[1]
    assert result.stdout == (
        f"sent linkDown (1.3.6.1.6.3.1.1.5.3) with 2 variables to 127.0.0.1:{port}\n"
    )
    trap = received(device_port)
    assert (trap.version, trap.trap_oid) == (version, "1.3.6.1.6.3.1.1.5.3")
    assert trap.uptime
    values = {one.oid: one.value for one in trap.varbinds if one.oid.startswith("1.3.6.1.2.1.2.2")}
    assert values == {
        "1.3.6.1.2.1.2.2.1.1.1": 1,
        "1.3.6.1.2.1.2.2.1.2.1": b"GigabitEthernet0/1",
    }


def test_variables_take_the_type_that_their_mib_gives(
    trapgate: Trapgate, device_port: socket.socket
) -> None:
    variables = ("ifIndex.7=7", "ifOperStatus.7=down", "1.3.6.1.4.1.9.1=text", "1.3.6.1.4.1.9.2=5")
    command = ("send", "trap", "IF-MIB::linkUp", *variables, "--to", target(device_port))
    assert trapgate(*command, "--community", "s3cret").exit_code == 0
    trap = received(device_port, "s3cret")
    assert trap.trap_oid == "1.3.6.1.6.3.1.1.5.4"
    assert [(one.type, one.value) for one in trap.varbinds] == [
        ("integer", 7),
        ("integer", 2),
        ("octets", b"text"),
        ("integer", 5),
    ]


@pytest.mark.parametrize("version", ["1", "2c"])
def test_an_enterprise_trap_by_its_oid(
    version: str, trapgate: Trapgate, device_port: socket.socket
) -> None:
    oid = "1.3.6.1.4.1.9.9.43.2.0.1"
    result = trapgate("send", "trap", oid, "--to", target(device_port), "--version", version)
    assert result.exit_code == 0
    assert received(device_port).trap_oid == oid


def test_many_traps_have_request_ids_of_their_own(
    trapgate: Trapgate, device_port: socket.socket
) -> None:
    command = ("send", "trap", "linkDown", "--to", target(device_port))
    result = trapgate(*command, "--count", "20", "--rate", "10000")
    assert result.stdout.endswith(" 20 times\n")
    assert len({received(device_port).request_id for _ in range(20)}) == 20


def test_an_inform_without_an_answer(trapgate: Trapgate, device_port: socket.socket) -> None:
    command = ("send", "inform", "linkDown", "--to", target(device_port))
    result = trapgate(*command, "--timeout", "0.05", "--retries", "2")
    assert (result.exit_code, result.stdout) == (1, "")
    where = target(device_port)
    assert result.stderr == (f"not acknowledged: {where} does not answer (3 tries, 0.05 s each)\n")
    tries = [device_port.recv(65_535) for _ in range(3)]
    assert len(set(tries)) == 1  # the same request-id: the receiver may tell that it is a repeat


def test_an_inform_to_a_port_where_nobody_listens(trapgate: Trapgate) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        where = target(unused)
    result = trapgate("send", "inform", "linkDown", "--to", where)
    assert (result.exit_code, result.stderr) == (
        1,
        f"not acknowledged: nobody listens at {where}\n",
    )


def test_names_of_the_configuration(trapgate: Trapgate, folder: Path) -> None:
    (folder / "trapgate.yml").write_text("colour: red\n")
    result = trapgate("send", "trap", "linkDown", "--config", "trapgate.yml")
    assert (result.exit_code, result.stdout) == (78, "")
    assert 'unknown key "colour"' in result.stderr


def test_a_syslog_line_goes_as_it_is(trapgate: Trapgate, device_port: socket.socket) -> None:
    line = "<189>Nov 21 10:00:00 zürich app: hello"
    result = trapgate("send", "syslog", line, "--to", target(device_port))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"sent {len(line.encode())} bytes to 127.0.0.1:")
    assert device_port.recv(65_535) == line.encode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trap", "noSuchTrap"), "no trap is known as noSuchTrap: give its OID"),
        (("trap", "linkDwon"), 'no trap is known as linkDwon: did you mean "linkDown"?'),
        (("trap", "linkDown", "ifIndex"), '"ifIndex" is not NAME=VALUE'),
        (("trap", "linkDown", "noSuch.1=2"), "no variable is known as noSuch: give its OID"),
        (("trap", "linkDown", "ifIndex.1=one"), '"one" is not a value of integer'),
        (("trap", "linkDown", "ifIndex.1=99999999999"), '"99999999999" is not a value of integer'),
        (("trap", "1.2.x"), '"1.2.x" is not an OID'),
        (("trap", "1.2.x", "--version", "1"), '"1.2.x" is not an OID'),
        (("trap", "1.3.99999999999"), '"1.3.99999999999" is not an OID'),
        (("trap", "3.1"), '"3.1" is not an OID'),
        (
            ("trap", "1.3.1", "--version", "1", "ifHCInOctets.1=1"),
            "SNMPv1 has no Counter64 (1.3.6.1.2.1.31.1.1.1.6.1): use -v 2c",
        ),
        (("trap", "1.3.1", "-v", "1", "1.3.6=C:5"), "SNMPv1 has no Counter64 (1.3.6): use -v 2c"),
        (("trap", "LINKDOWN"), 'no trap is known as LINKDOWN: did you mean "linkDown"?'),
        (("trap", "ifDescrX"), "no trap is known as ifDescrX: give its OID"),  # no trap is near it
        (
            ("trap", "linkDown", "ifOperStatus.3=sideways"),
            '"sideways" is not a value of integer: write one of up, down, testing, unknown,',
        ),
        (("inform", "linkDown", "-v", "1"), "SNMPv1 has no informs: use -v 2c or -v 3"),
        (("trap", "linkDown", "-v", "3"), "SNMPv3 needs a user"),
        (("trap", "linkDown", "-u", "noc"), "--user is for SNMPv3: add -v 3"),
        (("trap", "linkDown", "1.2.x=1"), '"1.2.x" is not an OID'),
        (("trap", "linkDown", "--to", "localhost"), '"localhost" is not HOST:PORT'),
        (("trap", "linkDown", "--to", "127.0.0.1:99999"), '"127.0.0.1:99999" is not HOST:PORT'),
        (("syslog", "x", "--to", ":x"), '":x" is not HOST:PORT'),
    ],
)
def test_what_cannot_be_sent(arguments: tuple[str, ...], said: str, trapgate: Trapgate) -> None:
    to = () if "--to" in arguments else ("--to", "127.0.0.1:9")
    result = trapgate("send", *arguments, *to)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)

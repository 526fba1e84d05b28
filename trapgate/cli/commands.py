"""`trapgate` and its commands. Each command's module is imported when it is used: `--help` is
quick."""

from pathlib import Path
from typing import Literal

import click

from trapgate import __version__
from trapgate.cli.events.commands import events
from trapgate.cli.options import CONFIG, TARGET, inform_options, trap_options
from trapgate.cli.replay_command import replay


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="trapgate")
def cli() -> None:
    """SNMP traps and syslog in, deduplicated tickets with guaranteed clears out."""


@cli.command()
@CONFIG
def run(config: Path | None) -> None:
    """Receive, store, evaluate and notify, until stopped."""
    from trapgate.cli.run import run_trapgate

    raise SystemExit(run_trapgate(config))


@cli.command()
@CONFIG
def check(config: Path | None) -> None:
    """Check all configuration files, and say everything that is wrong with them."""
    from trapgate.cli.check import check_files

    raise SystemExit(check_files(config))


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
def init(folder: Path) -> None:
    """Write the default configuration, commented, into FOLDER, to be changed there."""
    from trapgate.cli.init import write_defaults

    raise SystemExit(write_defaults(folder))


@cli.group()
def decode() -> None:
    """Show what trapgate makes of input: the events, as JSON or text. Needs no server."""


ORIGIN = [
    click.option(
        "--from",
        "address",
        default="127.0.0.1",
        help="Address of the sender, where the input does not say it.",
    ),
    click.option(
        "--received-at",
        help="RFC 3339 time of receipt, where the input does not say it; now if not given.",
    ),
    CONFIG,
]


def origin(command: "click.decorators.FC") -> "click.decorators.FC":
    """The options that say where and when the input came from."""
    for option in ORIGIN:
        command = option(command)
    return command


@decode.command("trap")
@click.argument("given", metavar="INPUT")
@click.option(
    "--port",
    "ports",
    metavar="PORTS",
    help="Destination ports of traps in captures: 162,1162 or any.  [default: 162, 1162 and those "
    "of the configured listeners]",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["json", "text"]),
    default="json",
    show_default=True,
    help="One JSON document a line, or text to read.",
)
@origin
def decode_trap(
    given: str,
    ports: str | None,
    output: str,
    address: str,
    received_at: str | None,
    config: Path | None,
) -> None:
    """Decode SNMP traps: INPUT is hex, a file, or - for standard input.

    Hex may have blanks and colons. A file may be a capture (pcap, pcapng), one datagram as it is,
    or a dump as tcpdump -x, xxd, hexdump -C and Wireshark print them; its content tells which. A
    capture's traps have their own addresses and times, and are decoded in their order; what else
    is in it is skipped and counted. A file whose name is hex is given as ./NAME.
    """
    from trapgate.cli.decode import Asked, decode_traps

    raise SystemExit(decode_traps(given, Asked(address, received_at, config, output, ports)))


@decode.command("syslog")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--zone",
    help="Zone of the clock of lines that name none (Europe/Berlin); that of the configured "
    "sources, else UTC, if not given.",
)
@click.option("--explain", is_flag=True, help="Show which step took which characters.")
@origin
def decode_syslog(
    file: "click.File",
    zone: str | None,
    explain: bool,
    address: str,
    received_at: str | None,
    config: Path | None,
) -> None:
    """Decode syslog lines from FILE, or from standard input (-).

    Each line becomes one normalized event, printed as one line of JSON. The same line with the same
    options becomes the same event.
    """
    from trapgate.cli.decode import Asked, decode_lines

    asked = Asked(address, received_at, config, zone=zone, explain=explain)
    raise SystemExit(decode_lines(file, asked))  # type: ignore[arg-type]


@cli.group()
def send() -> None:
    """Send what a device would send, for a first try or a test."""


@send.command("trap")
@click.argument("name")
@click.argument("variables", nargs=-1, metavar="[NAME=VALUE]...")
@trap_options
def send_trap(
    name: str,
    variables: tuple[str, ...],
    target: str | None,
    config: Path | None,
    count: int,
    rate: float,
    **security: str,
) -> None:
    """Send the SNMP trap NAME (linkDown, IF-MIB::linkUp, an OID) with variables.

    A value has the type that its MIB says; i: u: c: C: t: a: o: s: x: d: b: n: before it say
    another, as in net-snmp's snmptrap. Enumerations, BITS, addresses and dates are written as text:
    ifOperStatus.3=down, ifPhysAddress.3=0:1a:2b:3c:4d:5e.

    linkDown and linkUp bring ifIndex=1 and ifDescr=GigabitEthernet0/1 with them if you give none.
    """
    from trapgate.cli.security import Security
    from trapgate.cli.send import Sending, send_traps

    sending = Sending(name, variables, target, config, count, rate)
    raise SystemExit(send_traps(sending, Security(**security)))


@send.command("inform")
@click.argument("name")
@click.argument("variables", nargs=-1, metavar="[NAME=VALUE]...")
@inform_options
def send_inform(
    name: str,
    variables: tuple[str, ...],
    target: str | None,
    config: Path | None,
    count: int,
    rate: float,
    timeout: float,
    retries: int,
    **security: str,
) -> None:
    """Send the SNMP inform NAME, as `send trap` does, and wait for its acknowledgment.

    Of SNMPv3 the receiver's engine ID and clock are asked for first. Exit code 1 if nothing comes,
    or if the receiver refuses: then with the name of its counter (usmStatsWrongDigests).
    """
    from trapgate.cli.security import Security
    from trapgate.cli.send import Sending, Waiting, send_informs

    sending = Sending(name, variables, target, config, count, rate)
    waiting = Waiting(timeout, retries)
    raise SystemExit(send_informs(sending, Security(**security), waiting))


@send.command("syslog")
@click.argument("line")
@TARGET
def send_syslog(line: str, target: str | None) -> None:
    """Send LINE as one syslog message over UDP, as it is."""
    from trapgate.cli.send import send_line

    raise SystemExit(send_line(line, target))


@cli.group()
def mib() -> None:
    """Names for what devices send: MIBs of vendors, and what an OID means."""


PATHS = click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True)
)
FORM = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A table to read, or JSON.",
)


@mib.command("add")
@PATHS
@CONFIG
def mib_add(paths: tuple[Path, ...], config: Path | None) -> None:
    """Copy MIB files, or folders of them, into the first of the configured folders, and compile.

    Exit code 1 if one of them cannot be compiled; it stays in the folder, the others are used.
    """
    from trapgate.cli.mib import add_mibs

    raise SystemExit(add_mibs(paths, config))


@mib.command("list")
@FORM
@CONFIG
def mib_list(output: str, config: Path | None) -> None:
    """List the modules that are known: those that trapgate comes with, and your own."""
    from trapgate.cli.mib import list_mibs

    raise SystemExit(list_mibs(config, as_json=output == "json"))


@mib.command("lookup")
@click.argument("name", metavar="NAME|OID")
@CONFIG
def mib_lookup(name: str, config: Path | None) -> None:
    """Tell what a name or an OID means, and what an instance at its end says.

    NAME is ifDescr, IF-MIB::linkDown or ifDescr.7; OID is 1.3.6.1.2.1.2.2.1.2.7. Exit code 1 if it
    is not known.
    """
    from trapgate.cli.lookup import look_up

    raise SystemExit(look_up(name, config))


@mib.command("lint")
@PATHS
@CONFIG
def mib_lint(paths: tuple[Path, ...], config: Path | None) -> None:
    """Compile MIB files without keeping anything, and say everything that is wrong with them.

    Modules in the configured folders can be imported. Exit code 1 if something is wrong.
    """
    from trapgate.cli.mib import lint_mibs

    raise SystemExit(lint_mibs(paths, config))


@cli.group()
def snmp() -> None:
    """What trapgate knows of the SNMP senders."""


@snmp.group()
def engines() -> None:
    """SNMPv3 engines that were learned: list them, and say from which nothing is to be taken."""


@engines.command("list")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@CONFIG
def list_engines(output: Literal["text", "json"], config: Path | None) -> None:
    """List the engines with what is known of them, as of some seconds ago."""
    from trapgate.cli.engines import list_engines

    raise SystemExit(list_engines(config, output))


@engines.command("revoke")
@click.argument("engine_id")
@CONFIG
def revoke_engine(engine_id: str, config: Path | None) -> None:
    """Take nothing from the engine ENGINE_ID (hex) any more."""
    from trapgate.cli.engines import revoke_engine

    raise SystemExit(revoke_engine(engine_id, config))


@engines.command("allow")
@click.argument("engine_id")
@CONFIG
def allow_engine(engine_id: str, config: Path | None) -> None:
    """Take the engine ENGINE_ID again after it was revoked."""
    from trapgate.cli.engines import allow_engine

    raise SystemExit(allow_engine(engine_id, config))


@engines.command("forget")
@click.argument("engine_id")
@CONFIG
def forget_engine(engine_id: str, config: Path | None) -> None:
    """Forget all that was learned of the engine ENGINE_ID (hex), for a device that was reset or is
    gone. Its next message with the right keys is as the first."""
    from trapgate.cli.engines import forget_known_engine

    raise SystemExit(forget_known_engine(engine_id, config))


cli.add_command(events)
cli.add_command(replay)


def run_command() -> int:
    """Run the command that the arguments of this process name; returns its exit code. Raises
    `KeyboardInterrupt`, `SystemExit`."""
    try:
        returned = cli(standalone_mode=False)
    except click.Abort:  # click's word for Ctrl-C
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return returned if isinstance(returned, int) else 0

"""`trapgate` and its commands. Each command's module is imported when it is used: `--help` is
quick."""

from pathlib import Path

import click

from trapgate import __version__

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="trapgate.yml to use. Without it: ./trapgate.yml, /etc/trapgate/trapgate.yml, else the "
    "built-in defaults.",
)


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
    """Show what trapgate makes of input: one event a line, as JSON. Needs no server."""


ORIGIN = [
    click.option("--from", "address", default="127.0.0.1", help="Address of the sender."),
    click.option("--received-at", help="RFC 3339 time of receipt; now if not given."),
    CONFIG,
]


def origin(command: "click.decorators.FC") -> "click.decorators.FC":
    """The options that say where and when the input came from."""
    for option in ORIGIN:
        command = option(command)
    return command


@decode.command("trap")
@click.argument("hex_text", metavar="HEX")
@origin
def decode_trap(hex_text: str, address: str, received_at: str | None, config: Path | None) -> None:
    """Decode the datagram of an SNMP trap, given in hex; blanks and colons may separate bytes."""
    from trapgate.cli.decode import decode_hex

    raise SystemExit(decode_hex(hex_text, address, received_at, config))


@decode.command("syslog")
@click.argument("file", type=click.File("rb"))
@origin
def decode_syslog(
    file: "click.File", address: str, received_at: str | None, config: Path | None
) -> None:
    """Decode syslog lines from FILE, or from standard input (-)."""
    from trapgate.cli.decode import decode_lines

    raise SystemExit(decode_lines(file, address, received_at, config))  # type: ignore[arg-type]


@cli.group()
def send() -> None:
    """Send what a device would send, for a first try or a test."""


TARGET = click.option("--to", "target", metavar="HOST:PORT", help="Where to send it.")


@send.command("trap")
@click.argument("name")
@click.argument("variables", nargs=-1, metavar="[NAME=VALUE]...")
@TARGET
@click.option("--community", default="public", show_default=True)
@click.option("--version", type=click.Choice(["1", "2c"]), default="2c", show_default=True)
def send_trap(
    name: str, variables: tuple[str, ...], target: str | None, community: str, version: str
) -> None:
    """Send the SNMP trap NAME (linkDown, IF-MIB::linkUp, an OID) with variables.

    linkDown and linkUp bring ifIndex=1 and ifDescr=GigabitEthernet0/1 with them if you give none.
    """
    from trapgate.cli.send import send_notification

    raise SystemExit(send_notification(name, variables, target, community, version))


@send.command("syslog")
@click.argument("line")
@TARGET
def send_syslog(line: str, target: str | None) -> None:
    """Send LINE as one syslog message over UDP, as it is."""
    from trapgate.cli.send import send_line

    raise SystemExit(send_line(line, target))


def main() -> None:
    """The console script."""
    cli()

"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from trapgate.cli.security import AUTHENTICATIONS, LEVELS, PRIVACIES

COUNT_MAX = 100_000
"""Notifications of one `trapgate send`: a first try of a load, not a load generator."""

RATE_MAX = 10_000.0
"""Notifications a second of one `trapgate send`; pysnmp builds fewer."""

TIMEOUT_S_MAX = 3_600.0
RETRIES_MAX = 100
"""Bounds on what a slip of the finger can wait for."""

Command = TypeVar("Command", bound=Callable[..., Any])

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="trapgate.yml to use. Without it: ./trapgate.yml, /etc/trapgate/trapgate.yml, else the "
    "built-in defaults.",
)

NAMES = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="trapgate.yml whose MIBs name what is sent. Without it: the bundled MIBs.",
)

TARGET = click.option("--to", "target", metavar="HOST:PORT", help="Where to send it.")

_NOTIFICATION = [
    TARGET,
    click.option(
        "-v",
        "--version",
        type=click.Choice(["1", "2c", "3"]),
        default="2c",
        show_default=True,
        help="SNMP version.",
    ),
    click.option("-c", "--community", help="SNMPv1 and SNMPv2c.  [default: public]"),
    click.option("-u", "--user", help="SNMPv3: the user's (security) name."),
    click.option(
        "-l",
        "--level",
        type=click.Choice(LEVELS, case_sensitive=False),
        metavar="LEVEL",
        help="SNMPv3: noAuthNoPriv, authNoPriv or authPriv.  [default: the highest that has its "
        "passphrases]",
    ),
    click.option(
        "-a",
        "--auth",
        type=click.Choice(list(AUTHENTICATIONS), case_sensitive=False),
        metavar="ALGORITHM",
        help="SNMPv3: md5, sha-1, sha-224, sha-256, sha-384 or sha-512.",
    ),
    click.option("-A", "--auth-passphrase", metavar="TEXT", help="SNMPv3: to sign with."),
    click.option("--auth-passphrase-file", metavar="FILE", help="The same, from a file."),
    click.option(
        "-x",
        "--privacy",
        type=click.Choice(list(PRIVACIES), case_sensitive=False),
        metavar="ALGORITHM",
        help="SNMPv3: des, aes-128, aes-192 or aes-256 (keys as net-snmp makes them; aes-192-c, "
        "aes-256-c as Cisco does).",
    ),
    click.option("-X", "--privacy-passphrase", metavar="TEXT", help="SNMPv3: to encrypt with."),
    click.option("--privacy-passphrase-file", metavar="FILE", help="The same, from a file."),
    click.option("-n", "--context", help="SNMPv3: context name."),
    click.option(
        "--count",
        type=click.IntRange(1, COUNT_MAX),
        default=1,
        show_default=True,
        help="How many, each with a request-id of its own.",
    ),
    click.option(
        "--rate",
        type=click.FloatRange(0, RATE_MAX, min_open=True),
        default=100.0,
        show_default=True,
        help="How many a second at most.",
    ),
    NAMES,
]

_TRAP = [
    click.option(
        "-e", "--engine-id", metavar="HEX", help="SNMPv3: the engine that the trap comes from."
    ),
    click.option(
        "-Z",
        "--boots-time",
        metavar="BOOTS,TIME",
        help="SNMPv3: its clock.  [default: boots 1, seconds since 2020]",
    ),
]

_INFORM = [
    click.option(
        "-t",
        "--timeout",
        type=click.FloatRange(0, TIMEOUT_S_MAX, min_open=True),
        default=1.0,
        show_default=True,
        help="Seconds to wait for an answer.",
    ),
    click.option(
        "-r",
        "--retries",
        type=click.IntRange(0, RETRIES_MAX),
        default=5,
        show_default=True,
        help="How often to send it again.",
    ),
]


def trap_options(command: Command) -> Command:
    """What `send trap` understands."""
    return with_options(command, [*_NOTIFICATION, *_TRAP])


def inform_options(command: Command) -> Command:
    """What `send inform` understands."""
    return with_options(command, [*_NOTIFICATION, *_INFORM])


def with_options(command: Command, options: list[Callable[[Command], Command]]) -> Command:
    """The command with these options, in this order."""
    for option in reversed(options):
        command = option(command)
    return command

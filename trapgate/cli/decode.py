"""`trapgate decode`: the server's own decoders and normalizers on input from a terminal."""

import sys
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO

import msgspec

from trapgate.app.clock import now
from trapgate.app.supervisor import EX_CONFIG
from trapgate.cli.check import reported_configuration
from trapgate.model import DATAGRAM_BYTES_MAX, Datagram, Endpoint, Outcome, Protocol, parse_rfc3339
from trapgate.normalize.document import document
from trapgate.observe import configure_logs

STREAM = "decode"
"""Name of the stream that the printed events' positions would be in."""


def decode_hex(text: str, address: str, received_at: str | None, config: Path | None) -> int:
    """Print the event of one trap, whatever its community (what an event shows as its original
    has it masked); 1 if it could not be decoded. `-` reads the hex from standard input."""
    if text == "-":
        text = sys.stdin.read()
    text = text.strip()
    cleaned = text.removeprefix("0x")
    for separator in (" ", ":", "\n", "\t"):
        cleaned = cleaned.replace(separator, "")
    try:
        data = bytes.fromhex(cleaned)
    except ValueError:
        print("this is not hex: give pairs of 0-9 and a-f", file=sys.stderr)
        return 2
    return _decode([data], Protocol.SNMP, address, received_at, config)


def decode_lines(file: BinaryIO, address: str, received_at: str | None, config: Path | None) -> int:
    """Print the event of each line."""
    lines = (line.rstrip(b"\r\n") for line in file)
    return _decode((line for line in lines if line), Protocol.SYSLOG, address, received_at, config)


def _decode(
    inputs: Iterable[bytes],
    protocol: Protocol,
    address: str,
    received_at: str | None,
    config: Path | None,
) -> int:
    try:
        peer = Endpoint(str(ip_address(address)), 0)
        moment = parse_rfc3339(received_at) if received_at else now().wall_ns
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    configuration = reported_configuration(config, warnings=False)
    if configuration is None:
        return EX_CONFIG
    configure_logs("decode")
    translator = configuration.translator(_no_count)
    lenient = configuration.translator(_no_count, any_community=True)
    listener = next((e.name for e in configuration.settings.listen if e.protocol == protocol), "")
    local = Endpoint("", 0)
    memory = translator.memory()
    code = 0
    for number, data in enumerate(inputs, start=1):
        datagram = Datagram(data[:DATAGRAM_BYTES_MAX], peer, local, listener, moment)
        batch = translator.batch([(number, datagram)], STREAM, memory, now())
        (outcome,) = batch.ledger
        if not batch.events:
            batch = lenient.batch([(number, datagram)], STREAM, lenient.memory(), now())
        for event in batch.events:
            sys.stdout.write(msgspec.json.encode(document(event)).decode() + "\n")
        if outcome != "stored":
            print(f"input {number}: {outcome}", file=sys.stderr)
            code = code if outcome.startswith(Outcome.COMMUNITY_DENIED) else 1
    return code


def _no_count() -> None:
    """Bugs are in the log; there is nobody to count them for."""

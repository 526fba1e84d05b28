"""What util-linux `logger` really sends, taken from a socket of our own."""

import shutil
import socket
import subprocess
from datetime import UTC, datetime

import pytest

from decode.syslog.lines import DOWN, datagram
from trapgate.decode.syslog import SyslogDecoder
from trapgate.model import NS_PER_S, Datagram, Now, SyslogMessage, parse_rfc3339

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("logger") is None,
        reason="logger is not installed (util-linux; Debian's bsdutils)",
    ),
]

ANSWER_S_MAX = 10.0
"""How long `logger` may take to send: it takes milliseconds."""


def logger(*arguments: str) -> None:
    subprocess.run(
        ["logger", "-n", "127.0.0.1", *arguments, DOWN], check=True, timeout=ANSWER_S_MAX
    )


def over_udp(*arguments: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(ANSWER_S_MAX)
        logger("-d", "-P", str(receiver.getsockname()[1]), *arguments)
        return receiver.recv(65_535)


def over_tcp(*arguments: str) -> bytes:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(ANSWER_S_MAX)
        logger("-T", "-P", str(server.getsockname()[1]), *arguments)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(ANSWER_S_MAX)
            return b"".join(iter(lambda: connection.recv(65_535), b""))


def decoded(data: bytes) -> SyslogMessage:
    now = datetime.now(UTC).isoformat()
    received: Datagram = datagram(data, now)
    (message,) = (
        SyslogDecoder(lambda address: datetime.now().astimezone().tzinfo or UTC)
        .decode(received, Now(parse_rfc3339(now), 0))
        .messages
    )
    assert isinstance(message, SyslogMessage)
    assert message.problems == ()
    return message


def check(message: SyslogMessage, format: str) -> None:
    assert message.format == format
    assert message.hostname == socket.gethostname()
    assert (message.facility, message.severity) == (1, 5)
    assert message.timestamp is not None
    age_s = datetime.now(UTC).timestamp() - message.timestamp / NS_PER_S
    assert -1 < age_s < ANSWER_S_MAX
    assert message.message == DOWN


@pytest.mark.parametrize("form", ["--rfc5424", "--rfc3164"])
def test_over_udp(form: str) -> None:
    message = decoded(over_udp(form, "--id=42", "-t", "app"))
    check(message, form.strip("-"))
    assert (message.appname, message.procid) == ("app", "42")


def test_its_default_is_rfc_5424() -> None:
    check(decoded(over_udp()), "rfc5424")


def test_without_a_tag_it_is_the_devices_own_line() -> None:
    check(decoded(over_udp("--rfc3164", "-t", "")), "cisco-ios")
    check(decoded(over_udp("--rfc5424", "-t", "")), "rfc5424")


def test_parts_that_it_leaves_out() -> None:
    message = decoded(over_udp("--rfc5424=notime,notq,nohost", "-t", "app"))
    assert (message.format, message.timestamp, message.hostname) == ("rfc5424", None, None)
    assert (message.appname, message.structured_data) == ("app", {})
    assert message.message == DOWN


def test_structured_data() -> None:
    sd = ("--sd-id", "zoo@123", "--sd-param", 'tiger="hungry"', "--sd-param", 'z="a\\"b\\]"')
    message = decoded(over_udp("--rfc5424=notq", "--msgid", "MSG1", *sd))
    check(message, "rfc5424")
    assert message.msgid == "MSG1"
    assert message.structured_data == {"zoo@123": {"tiger": "hungry", "z": 'a"b]'}}


@pytest.mark.parametrize("form", ["--rfc5424", "--rfc3164"])
def test_over_tcp_with_line_feeds(form: str) -> None:
    check(decoded(over_tcp(form, "-t", "app")), form.strip("-"))


@pytest.mark.parametrize("form", ["--rfc5424", "--rfc3164"])
def test_over_tcp_with_octet_counts(form: str) -> None:
    count, _, frame = over_tcp(form, "-t", "app", "--octet-count").partition(b" ")
    assert int(count) == len(frame)
    check(decoded(frame), form.strip("-"))

"""Golden lines as a network sends them: what changes from line to line changes, what each line is
stays.

No device sends the same bytes twice. So a line that is used again gets the time of its moment, the
name of another device, the next number of that device's count, other process ids, interfaces,
addresses and ports. All of it follows from the line's number: two runs send the same bytes.
"""

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import msgspec

EVENTS = Path(__file__).parents[1] / "decode" / "syslog" / "vendors" / "golden"

DEVICES_OF_A_NAME = 6
"""Devices for each name of the lines, which have some 35: about 200 in all."""

LINES_A_SECOND = 1_000
"""Lines after which the clocks of all devices have gone on by a second: fewer than the load that is
measured, so that times repeat less than they would."""

INTERFACES = 48
PORTS_FROM, PORTS = 1_024, 64_000
PIDS = 500
"""How many different ones a device has."""

SCATTER = 7_919
"""A prime, by which consecutive numbers are scattered over the ports and fractions."""

_ADDRESS = re.compile(r"[0-9.]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")


class _Host(msgspec.Struct):
    name: str = ""


class _Golden(msgspec.Struct):
    """What is asked of a golden event: its device."""

    host: _Host


def _names() -> Iterable[bytes]:
    """Every device of the golden files that has a name, the longest first (`gw1-lm`, `gw1`)."""
    lines = [line for path in EVENTS.glob("*.json") for line in path.read_bytes().splitlines()]
    names = {msgspec.json.decode(line, type=_Golden).host.name for line in lines}
    named = [name for name in names if name and _ADDRESS.fullmatch(name) is None]
    return [re.escape(name.encode()) for name in sorted(named, key=lambda name: (-len(name), name))]


_NAME = b"|".join(_names())

_VARYING = re.compile(
    rb"(?P<date>[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?![0-9]))|"
    rb"(?P<time>(?<![0-9A-Fa-f:])[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?![:0-9]))|"
    rb"(?P<fraction>(?<=:[0-9]{2}\.)[0-9]{3,9}|(?<=17828676[0-9]{2}\.)[0-9]{4,9})|"
    rb"(?P<epoch>17828676[0-9]{2})|"
    rb"(?P<count>(?<=>)[0-9]{1,10}(?=: )|(?<=: )[0-9]{6}(?=: )|(?<= )[0-9]{1,10}(?=: r1:)|"
    rb"(?<=[:-] )[0-9]{1,10}(?= (?:Base|vprn|management))|"
    rb"(?<=\|)[0-9]{5}(?=\|[A-Z]: )|(?<=\) )[0-9]{1,10}(?= %% ))|"
    rb"(?P<pid>(?<=[A-Za-z]\[)[0-9]{2,9}(?=\]))|"
    rb"(?P<client>198\.51\.100\.[0-9]{1,3})|"
    rb"(?P<inside>192\.0\.2\.(?=[0-9]))|"
    rb"(?P<port>(?<=[/:( =\"])(?:41000|50000|51856)(?![0-9])|(?<=connection )77)|"
    rb"(?P<name>(?<![\w.-])(?:" + _NAME + rb")(?![\w-]))|"
    rb"(?P<interface>(?<=/)[0-9]{1,2}(?=[ ,:;)\"]|$)|"
    rb"(?<=(?:ernet|ether|port ))[0-9]{1,2}(?![0-9/]))"
)


_SENDERS = (
    re.compile(rb"(?<![\w.-])(?:" + _NAME + rb")(?![\w-])"),
    re.compile(rb"192\.0\.2\.[0-9]{1,3}"),
)
"""The device that counts a line: a name, or else an address (before a name it is a relay's)."""

_SENDER_CHARS_MAX = 44
"""Where a header names it."""

_PADDED = (5, 6)
"""Digits of the counts that have zeros before them: SR Linux's and IOS's sequence numbers; IOS's
message counts have none."""


class Variation:
    """Gives each line, every time that it is used, what belongs to its moment and device."""

    def __init__(self) -> None:
        self._number = -1
        self._uses: dict[bytes, int] = {}
        self._counts: dict[bytes, int] = {}

    def of(self, line: bytes) -> bytes:
        """The next line of the load, which is this one."""
        self._number += 1
        use = self._uses[line] = self._uses.get(line, -1) + 1
        return self._line(line, self._number, use)

    def _line(self, line: bytes, number: int, use: int) -> bytes:
        device = use % DEVICES_OF_A_NAME + 1
        written: list[bytes] = []
        return _VARYING.sub(partial(self._part, line, number, use, device, written), line)

    def _part(
        self,
        line: bytes,
        number: int,
        use: int,
        device: int,
        counted: list[bytes],
        found: re.Match[bytes],
    ) -> bytes:
        text, seconds = found[0], number // LINES_A_SECOND
        match found.lastgroup:
            case "time":
                return _later(text, seconds)
            case "epoch":
                return b"%d" % (int(text) + seconds)
            case "fraction":
                return b"%0*d" % (len(text), number * SCATTER % 10 ** len(text))
            case "count":
                if not counted:  # of two counts in a line both say the same
                    counted.append(self._next(line, device))
                return counted[0].rjust(len(text) if len(text) in _PADDED else 0, b"0")
            case "pid":
                return b"%d" % (int(text) + use * SCATTER % PIDS)
            case "client":
                return b"198.51.100.%d" % (number * SCATTER % 254 + 1)
            case "inside":
                return b"10.9.%d." % device
            case "port":
                return b"%d" % (PORTS_FROM + number * SCATTER % PORTS)
            case "name":
                name, dot, domain = text.partition(b".")
                return b"%s-%d%s%s" % (name, device, dot, domain)
            case "interface":
                return b"%d" % (use * SCATTER % INTERFACES + 1)
        return text

    def _next(self, line: bytes, device: int) -> bytes:
        """The next number of the device that a line names; those that name none come from one
        address, and are one sender."""
        header = line[:_SENDER_CHARS_MAX]
        named = _SENDERS[0].search(header) or _SENDERS[1].search(header)
        sender = b"" if named is None else b"%s %d" % (named[0], device)
        number = self._counts[sender] = self._counts.get(sender, 0) + 1
        return b"%d" % number


def _later(time: bytes, seconds: int) -> bytes:
    hour, minute, second = map(int, time.split(b":"))
    total = (hour * 3_600 + minute * 60 + second + seconds) % 86_400
    return b"%02d:%02d:%02d" % (total // 3_600, total // 60 % 60, total % 60)

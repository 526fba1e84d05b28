"""Bytes that somebody has written down as text: hexadecimal as it is, or a dump with offsets.

Dumps are what `tcpdump -x` and `-X`, `xxd`, `hexdump -C` and Wireshark print; tcpdump's and
Wireshark's begin with the packet's headers, which `trapgate.cli.packets` takes off.
"""

import re
from collections.abc import Iterator

TEXT_BYTES_MAX = 16 * 1024 * 1024
"""Text that is read: dumps of some 20,000 traps. A capture is the form for more."""

DUMP_LINE_BYTES = 16
"""Bytes in a line of any of these dumps: what follows on the line are the same as characters."""

_ZERO_OFFSET = re.compile(r"\s*(0x)?0{4,8}:?\s")
_DUMP_LINE = re.compile(r"\s*(?:0x)?(?P<offset>[0-9a-f]{4,8}):?\s+(?P<rest>\S.*)", re.IGNORECASE)
_COLUMNS_END = re.compile(r"\s{3,}|\|")
"""Behind the bytes of a line that is not full."""

_WORD = re.compile(r"(?:[0-9a-f]{2}){1,8}", re.IGNORECASE)
_SEPARATORS = str.maketrans("", "", " \t\r\n:-")


def looks_like_hex(text: str) -> bool:
    """Whether this is hexadecimal and nothing else, as it may be given on a command line."""
    digits = text.strip().removeprefix("0x").translate(_SEPARATORS)
    return bool(digits) and re.fullmatch(r"[0-9a-fA-F]+", digits) is not None


def is_dump(text: str) -> bool:
    """Whether the text has offsets before its bytes."""
    return any(_ZERO_OFFSET.match(line) for line in text.splitlines())


def bytes_of(text: str) -> bytes:
    """The bytes of plain hexadecimal. Raises `ValueError`."""
    try:
        return bytes.fromhex(text.strip().removeprefix("0x").translate(_SEPARATORS))
    except ValueError:
        raise ValueError("this is not hex: give pairs of 0-9 and a-f") from None


def packets_of(text: str) -> list[bytes]:
    """The packets of a dump: each begins where the offset is 0 again.

    Lines that are none of a dump's (tcpdump's headlines) are left out. Raises `ValueError` for
    bytes that are missing.
    """
    found: list[bytearray] = []
    for line in text.splitlines():
        dumped = _DUMP_LINE.fullmatch(line.rstrip())
        if dumped is None:
            continue
        offset, data = int(dumped["offset"], 16), _columns(dumped["rest"])
        if offset == 0:
            found.append(bytearray())
        if not found or offset != len(found[-1]):
            raise ValueError(f"the offset {dumped['offset']} does not follow what is before it")
        found[-1] += data
    return [bytes(packet) for packet in found]


def _columns(rest: str) -> bytes:
    """The bytes of a dump's line, without the characters behind them."""
    digits = ""
    for word in _COLUMNS_END.split(rest, maxsplit=1)[0].split():
        if not _WORD.fullmatch(word):
            break
        digits += word
    return bytes.fromhex(digits[: 2 * DUMP_LINE_BYTES])


def hexdump(data: bytes) -> Iterator[str]:
    """The lines of a dump, as `hexdump -C` writes them; `packets_of` reads them again. What is not
    printable ASCII is a dot on the right."""
    for offset in range(0, len(data), DUMP_LINE_BYTES):
        part = data[offset : offset + DUMP_LINE_BYTES]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        yield f"{offset:08x}  {part.hex(' ').ljust(3 * DUMP_LINE_BYTES - 1)}  |{text}|"

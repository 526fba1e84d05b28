"""Encodings and control characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.syslog.lines import message_of
from trapgate.decode.syslog.text import NOT_UTF8, legible


@pytest.mark.parametrize(
    ("data", "text", "utf8"),
    [
        (b"plain", "plain", True),
        ("Zürich ✓".encode(), "Zürich ✓", True),
        ("Zürich".encode("latin-1"), "Zürich", False),
        (b"\xef\xbb\xbfbom", "bom", True),
        (b"end\r\n\0", "end", True),
        (b"\r\nbegin", "begin", True),
        (b"bell\x07 esc\x1b[2J del\x7f", "bell\\x07 esc\\x1b[2J del\\x7f", True),
        (b"nul\0in it", "nul\\x00in it", True),
        (b"two\nlines\tand a tab", "two\nlines\tand a tab", True),
        (b"cr\rlf", "cr\\x0dlf", True),
        (b"c1 \xff\x9b", "c1 ÿ\\x9b", False),
        ("c1 \x9b".encode(), "c1 \\x9b", True),
    ],
)
def test_bytes_become_legible(data: bytes, text: str, utf8: bool) -> None:
    assert legible(data) == (text, None if utf8 else NOT_UTF8)


@given(st.binary())
def test_no_control_character_is_left(data: bytes) -> None:
    text, _ = legible(data)
    assert all(ord(c) >= 32 and not 127 <= ord(c) < 160 for c in text if c not in "\t\n")


def test_latin_1_is_a_warning() -> None:
    message = message_of(b"<13>Jul  1 01:00:40 r1 app: Z\xfcrich")
    assert message.message == "Zürich"
    assert [problem.code for problem in message.problems] == ["not-utf8"]


def test_a_byte_order_mark_before_the_pri_is_no_part_of_it() -> None:
    assert message_of(b"\xef\xbb\xbf<13>Jul  1 01:00:40 r1 app: x").severity == 5

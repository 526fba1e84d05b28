import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.mib.date import date_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("07ea0b150a2734012b0100", "2026-11-21T10:39:52.1+01:00"),
        ("07ea0b150a2734002d031e", "2026-11-21T10:39:52.0-03:30"),
        ("07ea0b150a273400", "2026-11-21T10:39:52.0"),
        ("07ea0b150a3b3c00", "2026-11-21T10:59:60.0"),  # a leap second
        ("07ea0b150a2734002b0e00", "2026-11-21T10:39:52.0+14:00"),
        ("0000000000000000", None),
        ("07ea0d150a273400", None),
        ("07ea0b150a2734ff", None),
        ("07ea0b150a273400200100", None),
        ("07ea0b150a2734002b0f00", None),
        ("07ea0b150a2734", None),
        ("", None),
    ],
)
def test_dates(value: str, text: str | None) -> None:
    assert date_text(bytes.fromhex(value)) == text


@given(st.binary(max_size=12))
def test_anything_is_a_date_or_none(value: bytes) -> None:
    text = date_text(value)
    assert text is None or text.isprintable()

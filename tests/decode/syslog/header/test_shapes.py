"""The shapes of written times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.decode.syslog.header.shapes import Civil, epoch, is_uptime, may_start, scan

AT = (2026, 7, 1, 1, 0, 40)


@pytest.mark.parametrize(
    ("text", "civil"),
    [
        ("Jul  1 01:00:40", Civil(None, 7, 1, 1, 0, 40)),
        ("Jul 01 01:00:40.5", Civil(None, 7, 1, 1, 0, 40, 500_000_000)),
        ("JUL 1 01:00:40,123", Civil(None, 7, 1, 1, 0, 40, 123_000_000)),
        ("Jul  1 2026 01:00:40", Civil(*AT)),
        ("Jul  1 2026 01:00:40 AM", Civil(*AT)),
        ("Jul  1 2026 12:00:40 AM", Civil(2026, 7, 1, 0, 0, 40)),
        ("Jul  1 2026 12:00:40 PM", Civil(2026, 7, 1, 12, 0, 40)),
        ("Jul  1 2026 01:00:40.123456789", Civil(*AT, 123_456_789)),
        ("Wed Jul  1 01:00:40", Civil(None, 7, 1, 1, 0, 40)),
        ("Wed, 01 Jul 2026 01:00:40", Civil(*AT)),
        ("2026 Jul  1 01:00:40", Civil(*AT)),
        ("2026-Jul- 1 01:00:40", Civil(*AT)),
        ("1 Jul 2026 01:00:40", Civil(*AT)),
        ("01-Jul-2026 01:00:40", Civil(*AT)),
        ("01/Jul/2026:01:00:40", Civil(*AT)),
        ("1 Jul 01:00:40", Civil(None, 7, 1, 1, 0, 40)),
        ("07/01/2026:01:00:40", Civil(*AT)),
        ("07/01/26 01:00:40", Civil(*AT)),
        ("31/07/2026 01:00:40", Civil(2026, 7, 31, 1, 0, 40)),
        ("2026-07-01T01:00:40Z", Civil(*AT, 0, 0)),
        ("2026-07-01T01:00:40.25+05:30", Civil(*AT, 250_000_000, 19_800)),
        ("2026-07-01 01:00:40", Civil(*AT)),
        ("2026-7-1 01:00:40.270.1 ", Civil(*AT, 270_000_000)),
        ("2026/07/01 01:00:40", Civil(*AT)),
        ("20260701T010040Z", Civil(*AT, 0, 0)),
        ("20260701010040 ", Civil(*AT)),
        ("1782867640.774247467 ", Civil(*AT, 774_247_467, 0)),
        ("1782867640 ", Civil(*AT, 0, 0)),
        ("1782867640774 ", Civil(*AT, 774_000_000, 0)),
        ("July 1 01:00:40", Civil(None, 7, 1, 1, 0, 40)),
        ("September 01 2026 01:00:40", Civil(2026, 9, 1, 1, 0, 40)),
        ("Jul 01 2026 04:03:01 PM.688 ", Civil(2026, 7, 1, 16, 3, 1)),
        ("01/07/90 01:00:40", Civil(1990, 1, 7, 1, 0, 40)),
        ("01/07/69 01:00:40", Civil(2069, 1, 7, 1, 0, 40)),
        ("2026-07-01,01:00:40", Civil(*AT)),
        (f"2026-07-01T01:00:40.25{'0' * 60}+02:00", Civil(*AT, 250_000_000, 7_200)),
        ("2026 Jul    1 01:00:40", Civil(*AT)),
        ("00:01:01: ", None),
        ("2y10w: ", None),
        ("1 2: %", None),
    ],
)
def test_a_shape(text: str, civil: Civil | None) -> None:
    assert may_start(text, 0)
    found = scan(f"x {text}", 2)
    assert found is not None
    assert found.civil == civil
    assert found.end == 2 + len(text.rstrip(": %"))


@pytest.mark.parametrize(
    "text",
    ["", "r1", "Jul", "Jul 1", "Foo  1 01:00:40", "2026", "17 Base", "00077 ports", "45: r1",
     "192.0.2.1", "10.0.0.1 x", "2001:db8::1", "Monitor: x", "4711 errors", "1/1/1 down",
     "Julia 1 01:00:40", "Marc 1 01:00:40", "1 2: x"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    assert scan(text, 0) is None


def test_a_number_without_a_space_behind_is_no_instant() -> None:
    assert epoch("1782867640: ", 0) is None
    assert epoch("17828676401 ", 0) is None


@given(st.text("0123456789 :-/.TZAPMJulWed+ywdh", max_size=40))
def test_any_text_has_a_time_or_none(text: str) -> None:
    found = scan(text, 0)
    assert found is None or 0 < found.end <= len(text)


@pytest.mark.parametrize(
    ("word", "uptime"),
    [("00:01:01", True), ("2y10w", True), ("3d04h", True), ("3d", False), ("r1", False)],
)
def test_uptimes(word: str, uptime: bool) -> None:
    assert is_uptime(word) is uptime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.events import event
from trapgate.normalize.bounded import (
    CUT,
    SHORT_BYTES,
    VALUE_CHARS_MAX,
    VALUE_CUT,
    bounded,
    is_number,
)
from trapgate.query.fields import FIELD_CHARS_MAX
from trapgate.query.indexed import pair_begin

LONG = "x" * (VALUE_CHARS_MAX + 1)
FITS = "x" * VALUE_CHARS_MAX


def test_long_values_are_cut_with_a_problem() -> None:
    long = event(
        code=LONG,
        device=LONG,
        fields={"host.ip": FITS, "snmp.vb.a": LONG, "snmp.vb.b": ("a", LONG), "snmp.uptime": 3},
        message=LONG,
    )
    found = bounded(long, SHORT_BYTES + 1)
    cut = LONG[: VALUE_CHARS_MAX - 1] + CUT
    assert len(cut) == VALUE_CHARS_MAX
    assert (found.code, found.device, found.message) == (cut, cut, LONG)
    assert found.fields == {
        "host.ip": FITS,
        "snmp.vb.a": cut,
        "snmp.vb.b": ("a", cut),
        "snmp.uptime": 3,
    }
    assert found.problems == (VALUE_CUT,)


def test_an_event_within_its_bounds_stays_as_it_is() -> None:
    one = event(fields={"snmp.vb.a": FITS, "snmp.vb.b": (FITS, "")})
    assert bounded(one, 65_535) is one


def test_a_short_datagram_is_not_looked_into() -> None:
    one = event(code=LONG)
    assert bounded(one, SHORT_BYTES) is one


@given(st.text("=\\😀", min_size=FIELD_CHARS_MAX, max_size=FIELD_CHARS_MAX))
def test_the_longest_value_is_a_term_of_an_index(name: str) -> None:
    assert len((pair_begin(name) + "😀" * VALUE_CHARS_MAX).encode()) <= 32_766


@pytest.mark.parametrize(
    ("value", "fits"),
    [(2**63 - 1, True), (-(2**63), True), (2**63, False), (-(2**63) - 1, False)],
)
def test_numbers_have_64_bits(value: int, fits: bool) -> None:
    assert is_number(value) is fits

"""Endpoints and positions as they are written and ordered."""

import pytest

from trapgate.model import Endpoint, Position


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        (Endpoint("192.0.2.1", 162), "192.0.2.1:162"),
        (Endpoint("2001:db8::1", 162), "[2001:db8::1]:162"),
        (Endpoint("fe80::1%eth0", 514), "[fe80::1%eth0]:514"),
    ],
)
def test_an_endpoint_is_written_as_in_a_url(endpoint: Endpoint, text: str) -> None:
    assert str(endpoint) == text


def test_positions_of_a_stream_are_ordered_by_sequence() -> None:
    assert Position("raw", 2) < Position("raw", 10)

"""Which words may be a device's name."""

import pytest

from trapgate.decode.syslog.header.names import HOST_CHARS_MAX, may_be_host, must_be_host


@pytest.mark.parametrize(
    ("word", "may", "must"),
    [
        ("r1", True, True),
        ("core", True, False),
        ("core.example.net", True, True),
        ("192.0.2.1", True, True),
        ("2001:db8::1", True, True),
        ("fe80::1%eth0", True, True),
        ("r_1", True, True),
        ("Link", True, False),
        ("Wi-Fi", True, False),
        ("eth0", True, False),
        ("port1", True, False),
        ("", False, False),
        ("42", False, False),
        ("4.2", False, False),
        ("UTC", False, False),
        ("mest", False, False),
        ("2y10w", False, False),
        ("GigabitEthernet0/1", False, False),
        ("a" * HOST_CHARS_MAX, True, False),
        ("a1" * HOST_CHARS_MAX, False, False),
    ],
)
def test_hosts(word: str, may: bool, must: bool) -> None:
    assert (may_be_host(word), must_be_host(word)) == (may, must)

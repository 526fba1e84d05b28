"""The shape in which values become fields."""

import pytest

from trapgate.decode.syslog.body.field_rules import add_address


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("192.0.2.7", {"client.ip": "192.0.2.7"}),
        ("192.0.2.7.", {"client.ip": "192.0.2.7"}),
        ("192.0.2.7:,", {"client.ip": "192.0.2.7"}),
        ("192.0.2.7:80", {"client.ip": "192.0.2.7", "client.port": "80"}),
        ("192.0.2.7:800000", {}),
        ("[2001:db8::7]:80.", {"client.ip": "2001:db8::7", "client.port": "80"}),
        ("2001:db8::", {"client.ip": "2001:db8::"}),
        ("2001:db8::,", {"client.ip": "2001:db8::"}),
        ("2001:db8::7:", {"client.ip": "2001:db8::7"}),
        ("::", {"client.ip": "::"}),
        ("console", {}),
        (":", {}),
        ("", {}),
    ],
)
def test_an_address_is_what_remains_without_what_ends_a_sentence(
    value: str, expected: dict[str, str]
) -> None:
    fields: dict[str, str] = {}
    add_address(fields, "client.ip", value)
    assert fields == expected

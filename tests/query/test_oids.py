"""Both forms of a trap's OID are one trap, in every field that holds it and nowhere else."""

import pytest

from query.events import event
from trapgate.query import meant, parse_query, predicate

WITH, WITHOUT = "1.3.6.1.4.1.9.9.41.2.0.1", "1.3.6.1.4.1.9.9.41.2.1"


@pytest.mark.parametrize("field", ["event.code", "snmp.trap.oid"])
@pytest.mark.parametrize("written", [WITH, WITHOUT])
def test_either_form_means_both(field: str, written: str) -> None:
    assert meant(field, written) == {WITH, WITHOUT}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event.code", "IF-MIB::linkDown"),
        ("event.code", "605004"),
        ("event.code", "1.3"),
        ("event.code", ""),
        ("event.code", "1.3.6.1.x"),
        ("event.code", "1..3.6"),
        ("event.code", "10.0.0.1"),
        ("snmp.enterprise", WITH),
        ("snmp.vb.x", WITH),
    ],
)
def test_all_else_means_itself(field: str, value: str) -> None:
    assert meant(field, value) == {value}


@pytest.mark.parametrize(
    "text", ["event.code:{}", "event.code:({} or x)", "event.code:{} and host.name:r1"]
)
@pytest.mark.parametrize("written", [WITH, WITHOUT])
@pytest.mark.parametrize("sent", [WITH, WITHOUT])
def test_a_query_finds_both(text: str, written: str, sent: str) -> None:
    meets = predicate(parse_query(text.format(written)))
    assert meets(event(code=sent))
    assert not meets(event(code=sent + ".1"))


def test_a_query_on_the_oid_of_a_named_trap() -> None:
    meets = predicate(parse_query(f"snmp.trap.oid:{WITHOUT}"))
    assert meets(event(code="CISCO-SYSLOG-MIB::x", fields={"snmp.trap.oid": WITH}))


def test_not_of_one_form_is_not_of_both() -> None:
    assert not predicate(parse_query(f"not event.code:{WITH}"))(event(code=WITHOUT))

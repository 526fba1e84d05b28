"""What a query demands of an event before it is asked."""

import pytest
from hypothesis import given

from query.events import event
from query.test_predicate import EVENTS
from query.trees import TREES
from trapgate.model import Event
from trapgate.model.query import Query
from trapgate.query import Demand, demand, parse_query, predicate


def of(codes: str = "", fields: str = "") -> Demand:
    return Demand(frozenset(codes.split()), frozenset(fields.split()))


@pytest.mark.parametrize(
    ("text", "demanded"),
    [
        ("event.code:a", of("a")),
        ("event.code:(a or b)", of("a b")),
        ("interface.state:down", of(fields="interface.state")),
        ("event.code:a or bgp.state:down", of("a", "bgp.state")),
        ("event.module:syslog and bgp.state:down", of(fields="bgp.state")),
        ("bgp.state:down and event.code:a", of("a")),
        ("event.code:a and event.code:b", of()),
        ("bgp.state:* or ospf.state:d*", of(fields="bgp.state ospf.state")),
        ("snmp.uptime >= 3", of(fields="snmp.uptime")),
        ("event.module:syslog", None),
        ("event.code:a or event.module:syslog", None),
        ("not bgp.state:down", None),
        ('message:"a b"', None),
        ("labels.site:x", None),
        ("event.severity <= 3", None),
    ],
)
def test_demands(text: str, demanded: Demand | None) -> None:
    assert demand(parse_query(text)) == demanded


def meets(demanded: Demand, one: Event) -> bool:
    return one.code in demanded.codes or not demanded.fields.isdisjoint(one.fields)


@given(TREES, EVENTS)
def test_what_does_not_meet_the_demand_does_not_meet_the_query(query: Query, one: Event) -> None:
    demanded = demand(query)
    if demanded is not None and not meets(demanded, one):
        assert not predicate(query)(one)


def test_an_event_without_a_code() -> None:
    assert not meets(of("a"), event(code=""))

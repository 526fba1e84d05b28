import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.events import event
from query.trees import TREES
from trapgate.model import Event, Problem
from trapgate.model.query import And, Not, Or, Query
from trapgate.query import parse_query, predicate

TRAP = event(
    severity=3,
    labels={"site": "ber1"},
    fields={
        "event.provider": "IF-MIB",
        "snmp.vb.ifDescr": "GigabitEthernet0/1",
        "snmp.vb.twice": ("one", "two"),
        "snmp.vb.empty": (),
        "snmp.vb.flag": True,
        "snmp.vb.count": 7,
        "snmp.uptime": 4_200,
    },
    message="Interface Gi0/1, changed state to Down",
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("*", True),
        ("event.code:IF-MIB::linkDown", True),
        ("event.code:IF-MIB::linkdown", False),
        ("event.code:IF-MIB::link", False),
        ("event.code:(x or IF-MIB::linkDown)", True),
        ("event.code:(x or y)", False),
        ("event.dataset:snmp.trap and event.module:snmp and event.id:e1", True),
        ("host.name:r1 and labels.site:ber1", True),
        ("labels.site:ber2", False),
        ("labels.nope:*", False),
        ("event.code:IF-MIB*Down", True),
        ("event.code:*linkDown*", True),
        ("event.code:IF-MIB::linkDown*n", False),
        ("event.code:*", True),
        ("snmp.vb.nope:*", False),
        ("snmp.vb.empty:*", False),
        ("not snmp.vb.nope:x", True),
        ("snmp.vb.nope:x", False),
        ("snmp.vb.twice:two", True),
        ("snmp.vb.twice:(two and one)", True),
        ("snmp.vb.twice:t*", True),
        ("snmp.vb.twice:three", False),
        ("snmp.vb.flag:true", True),
        ("snmp.vb.count:7", True),
        ("event.severity:3", True),
        ("event.severity:3.0", True),
        ("event.severity <= 3", True),
        ("event.severity < 3", False),
        ("event.severity > 2.5 and event.severity >= 3", True),
        ("log.syslog.priority < 9", False),
        ("not log.syslog.priority < 9", True),
        ("snmp.uptime:4200", True),
        ("source.port:50162", True),
        ("source.ip:10.0.0.1", True),
        ("source.ip:10.0.0.0/8", True),
        ("source.ip:10.1.0.0/16", False),
        ("source.ip:2001:db8::/32", False),
        ("snmp.agent_address:10.0.0.0/8", False),
        ("message:down", True),
        ("message:dow", False),
        ("message:dow*", True),
        ('message:"state to down"', True),
        ('message:"to state"', False),
        ('message:"gi0 1 changed"', True),
        ("message:Gi0/1", True),
        ("message:erface*", False),
        ("error.code:*", False),
    ],
)
def test_a_query_holds_or_not(text: str, holds: bool) -> None:
    assert predicate(parse_query(text))(TRAP) is holds


def test_networks_take_addresses_of_both_families_and_leave_zones_out() -> None:
    link_local = event(address="fe80::1%eth0")
    assert predicate(parse_query("source.ip:fe80::/10"))(link_local)
    assert not predicate(parse_query("source.ip:0.0.0.0/0"))(link_local)
    named = event(fields={"snmp.agent_address": "nonsense"})
    assert not predicate(parse_query("snmp.agent_address:0.0.0.0/0"))(named)


def test_a_number_is_no_flag_and_no_text() -> None:
    odd = event(fields={"snmp.uptime": True, "process.pid": "1"})
    assert not predicate(parse_query("snmp.uptime:1"))(odd)
    assert not predicate(parse_query("snmp.uptime > 0"))(odd)
    assert not predicate(parse_query("process.pid:1"))(odd)
    broken = event(fields={"snmp.uptime": 1.0})
    assert not predicate(parse_query("snmp.uptime:1 or snmp.uptime > 0"))(broken)
    assert predicate(parse_query("snmp.uptime:*"))(broken)


def test_large_integers_compare_exactly() -> None:
    large = event(fields={"snmp.request_id": 2**53 + 1})
    assert predicate(parse_query(f"snmp.request_id:{2**53 + 1}"))(large)
    assert not predicate(parse_query(f"snmp.request_id:{2**53}"))(large)


def test_problems_are_searched_for_by_code_and_words() -> None:
    odd = event(problems=(Problem("truncated", "error", "it ends in the middle"),))
    assert predicate(parse_query('error.code:truncated and error.message:"the middle"'))(odd)


def test_empty_attributes_are_missing() -> None:
    assert not predicate(parse_query("event.code:* or message:*"))(event(code="", message=""))


EVENTS = st.builds(
    event,
    code=st.sampled_from(("", "a", "ab", "b")),
    device=st.sampled_from(("a", "x:y")),
    address=st.sampled_from(("10.1.2.3", "2001:db8::1")),
    severity=st.sampled_from((None, 0, 3)),
    fields=st.sampled_from(({}, {"snmp.vb.ifDescr": "ab"}, {"snmp.vb.ifDescr": ("a", "b")})),
    message=st.sampled_from(("", "a b", "Gi0/1 not up")),
)


@given(EVENTS, TREES, TREES)
def test_connectives_are_those_of_logic(one: Event, left: Query, right: Query) -> None:
    a, b = predicate(left)(one), predicate(right)(one)
    assert predicate(And((left, right)))(one) is (a and b)
    assert predicate(Or((left, right)))(one) is (a or b)
    assert predicate(Not(left))(one) is (not a)

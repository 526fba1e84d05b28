import msgspec
from hypothesis import given

from query.events import event
from query.samples import EVENTS
from trapgate.model import Event, Problem
from trapgate.query.fields import FIELDS
from trapgate.query.indexed import INDEX_FIELDS, indexed


def test_a_whole_event() -> None:
    one = event(
        device="",
        severity=3,
        labels={"site=x": "ber1"},
        fields={
            "host.ip": "10.0.0.1%eth0",
            "snmp.uptime": 7,
            "snmp.vb.flag": True,
            "snmp.vb.several": ("a", "b"),
            "snmp.vb.none": (),
            "host.name": "never asked",
            "labels.site": "never asked",
            "unknown.field": "never asked",
        },
        message="Gi0/1 is Down",
        problems=(Problem("odd", "warning", "a b"), Problem("-", "warning", "-")),
    )
    assert indexed(one) == {
        "pairs": [
            *("error.code=odd", "error.code=-", "error.message="),
            *("event.code=IF-MIB::linkDown", "event.dataset=snmp.trap", "event.id=e1"),
            *("event.module=snmp", "event.severity=", "message="),
            *("source.ip=10.0.0.1", "source.port=", r"labels.site\=x=ber1"),
            *("host.ip=10.0.0.1%eth0", "snmp.uptime=", "snmp.vb.flag=true"),
            *("snmp.vb.several=a", "snmp.vb.several=b"),
        ],
        "numbers": {"event.severity": 3, "source.port": 50_162, "snmp.uptime": 7},
        "addresses": [
            "source.ip=4" + "00001010" + "0" * 23 + "1",
            "host.ip=4" + "00001010" + "0" * 23 + "1",
        ],
        "words": {"error.message": ["a b"], "message": ["gi0 1 is down"]},
    }


def test_versions_of_addresses_are_told_apart() -> None:
    def bits(address: str) -> object:
        return indexed(event(address=address))["addresses"]

    assert bits("::") == ["source.ip=6" + "0" * 128]
    assert bits("0.0.0.0") == ["source.ip=4" + "0" * 32]
    assert bits("nonsense") == []


def test_what_is_no_whole_number_is_there_all_the_same() -> None:
    odd = indexed(event(fields={"snmp.uptime": True, "process.pid": "7", "client.port": ()}))
    assert odd["numbers"] == {"source.port": 50_162}
    pairs = odd["pairs"]
    assert isinstance(pairs, list)
    assert {"snmp.uptime=", "process.pid="} < set(pairs)
    assert "client.port=" not in pairs


def test_the_mapping_has_every_number_and_every_text() -> None:
    mapping = msgspec.convert(INDEX_FIELDS, dict[str, dict[str, object]])
    for name, kind in (("numbers", "number"), ("words", "text")):
        properties = mapping[name]["properties"]
        assert isinstance(properties, dict)
        assert properties.keys() == {field for field in FIELDS if FIELDS[field] == kind}


@given(EVENTS)
def test_it_is_json(one: Event) -> None:
    found = indexed(one)
    assert found.keys() == INDEX_FIELDS.keys()
    assert msgspec.json.decode(msgspec.json.encode(found)) == found

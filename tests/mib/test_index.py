import json

import pytest

from trapgate.mib import MibIndex, index


@pytest.mark.parametrize(
    ("oid", "symbol", "suffix", "values"),
    [
        ("1.3.6.1.2.1.2.2.1.2.7", "IF-MIB::ifDescr", "7", (("ifIndex", "7"),)),
        ("1.3.6.1.2.1.31.1.1.1.18.7", "IF-MIB::ifAlias", "7", (("ifIndex", "7"),)),
        ("1.3.6.1.2.1.2.2.1.2", "IF-MIB::ifDescr", "", ()),
        ("1.3.6.1.2.1.2.2.1.2.7.8", "IF-MIB::ifDescr", "7.8", ()),
        ("1.3.6.1.2.1.1.5.0", "SNMPv2-MIB::sysName", "0", ()),
        (
            "1.3.6.1.2.1.15.3.1.2.192.0.2.7",
            "BGP4-MIB::bgpPeerState",
            "192.0.2.7",
            (("bgpPeerRemoteAddr", "192.0.2.7"),),
        ),
        ("1.3.6.1.2.1.15.3.1.2.192.0.2.256", "BGP4-MIB::bgpPeerState", "192.0.2.256", ()),
        (
            "1.3.6.1.4.1.9.2.2.1.1.20.3",
            "OLD-CISCO-INTERFACES-MIB::locIfReason",
            "3",
            (("ifIndex", "3"),),
        ),
    ],
)
def test_variables(
    bundled: MibIndex, oid: str, symbol: str, suffix: str, values: tuple[tuple[str, str], ...]
) -> None:
    for _ in range(2):  # the second answer is remembered
        resolved = bundled.resolve(oid)
        assert (resolved.symbol, resolved.suffix, resolved.index) == (symbol, suffix, values)
        assert resolved.name == symbol.partition("::")[2]
        assert resolved.variable == (f"{symbol}.{suffix}" if suffix else symbol)
        assert resolved.known is not None


@pytest.mark.parametrize("oid", ["1.3.6.1.4.1.99999.1.0", "1", "0.0", ""])
def test_an_unknown_variable_is_its_oid(bundled: MibIndex, oid: str) -> None:
    resolved = bundled.resolve(oid)
    assert (resolved.name, resolved.symbol, resolved.variable) == (oid, oid, oid)
    assert resolved.known is None


@pytest.mark.parametrize(
    ("oid", "symbol"),
    [
        ("1.3.6.1.6.3.1.1.5.3", "IF-MIB::linkDown"),
        ("1.3.6.1.6.3.1.1.5.1", "SNMPv2-MIB::coldStart"),
        ("1.3.6.1.2.1.15.7.1", "BGP4-MIB::bgpEstablished"),
        ("1.3.6.1.2.1.15.7.0.1", "BGP4-MIB::bgpEstablished"),  # translated from SNMPv1
        ("1.3.6.1.2.1.15.0.2", "BGP4-MIB::bgpBackwardTransNotification"),
        ("1.3.6.1.4.1.9.9.43.2.0.1", "CISCO-CONFIG-MAN-MIB::ciscoConfigManEvent"),
        ("1.3.6.1.4.1.9.9.43.2.1", "CISCO-CONFIG-MAN-MIB::ciscoConfigManEvent"),
    ],
)
def test_notifications_in_both_forms(bundled: MibIndex, oid: str, symbol: str) -> None:
    for _ in range(2):
        notification = bundled.notification(oid)
        assert notification is not None
        assert notification.symbol == symbol == f"{notification.module}::{notification.name}"


@pytest.mark.parametrize("oid", ["1.3.6.1.6.3.1.1.5", "0.0", "", "0", "1.3.6.1.4.1.99999.0.1"])
def test_an_unknown_notification(bundled: MibIndex, oid: str) -> None:
    assert bundled.notification(oid) is None
    assert bundled.notification(oid) is None


@pytest.mark.parametrize(
    ("name", "oid"),
    [
        ("linkDown", "1.3.6.1.6.3.1.1.5.3"),
        ("IF-MIB::linkDown", "1.3.6.1.6.3.1.1.5.3"),
        ("ifIndex", "1.3.6.1.2.1.2.2.1.1"),
        ("BGP4-MIB::linkDown", None),
        ("NO-MIB::linkDown", None),
        ("noSuchThing", None),
    ],
)
def test_names(bundled: MibIndex, name: str, oid: str | None) -> None:
    assert bundled.oid(name) == oid


@pytest.mark.parametrize(
    ("oid", "name"),
    [
        ("1.3.6.1.6.3.1.1.5.3", "IF-MIB::linkDown"),
        ("1.3.6.1.2.1.2.2.1.1.3", "IF-MIB::ifIndex.3"),
        ("1.3.6.1.2.1.33.1.6.3.2", "UPS-MIB::upsAlarmOnBattery"),
        ("1.3.6.1.2.1.33.1.6.3.2.9", "UPS-MIB::upsAlarmOnBattery.9"),
        ("1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.1"),
        ("1.3.6.1.4.1", "1.3.6.1.4.1"),
        ("", ""),
    ],
)
def test_oids_that_are_values(bundled: MibIndex, oid: str, name: str) -> None:
    assert bundled.symbol_of(oid) == name


def test_an_address_leads_to_its_type(bundled: MibIndex) -> None:
    kind = "1.3.6.1.2.1.207.1.1.1.1.2"  # vrrpv3OperationsInetAddrType
    assert bundled.address_type_oid("1.3.6.1.2.1.207.1.1.1.1.3.7.1.1") == kind + ".7.1.1"
    assert bundled.address_type_oid("1.3.6.1.2.1.207.1.1.1.1.4.7.1.1") == kind + ".7.1.1"
    assert bundled.address_type_oid("1.3.6.1.2.1.2.2.1.2.7") is None
    assert bundled.address_type_oid("1.3.6.1.4.1.99999") is None


def test_nodes_and_rows_have_names(bundled: MibIndex) -> None:
    assert bundled.oid("enterprises") == bundled.oid("SNMPv2-SMI::enterprises") == "1.3.6.1.4.1"
    assert bundled.node("1.3.6.1.4.1") == "SNMPv2-SMI::enterprises"
    assert bundled.node("1.3.6.1.4.1.0") is None
    row = bundled.row("1.3.6.1.2.1.31.1.1.1.18")
    assert row is not None
    assert (row.name, row.index) == ("ifXEntry", ("ifIndex",))
    assert bundled.row("1.3.6.1.2.1.1.5") is None


@pytest.mark.parametrize(
    ("oid", "values"),
    [
        # vrrpOperState of RFC 2787: interface and router
        ("1.3.6.1.2.1.68.1.3.1.3.2.10", (("ifIndex", "2"), ("vrrpOperVrId", "10"))),
        (
            "1.3.6.1.2.1.14.10.1.6.192.0.2.1.0",  # ospfNbrState
            (("ospfNbrIpAddr", "192.0.2.1"), ("ospfNbrAddressLessIndex", "0")),
        ),
        (
            "1.0.8802.1.1.2.1.4.1.1.9.0.12.3",  # lldpRemSysName
            (("lldpRemTimeMark", "0"), ("lldpRemLocalPortNum", "12"), ("lldpRemIndex", "3")),
        ),
        (
            "1.3.6.1.2.1.207.1.1.1.1.6.7.1.1",  # vrrpv3OperationsStatus
            (
                ("ifIndex", "7"),
                ("vrrpv3OperationsVrId", "1"),
                ("vrrpv3OperationsInetAddrType", "ipv4"),
            ),
        ),
        ("1.3.6.1.2.1.99.1.1.1.5.1001", (("entPhysicalIndex", "1001"),)),  # augments, other module
        (
            "1.3.6.1.2.1.80.1.3.1.1.5.97.100.109.105.110.2.103.119",  # pingResultsOperStatus
            (("pingCtlOwnerIndex", "admin"), ("pingCtlTestName", "gw")),
        ),
    ],
)
def test_instances_of_standard_tables(
    bundled: MibIndex, oid: str, values: tuple[tuple[str, str], ...]
) -> None:
    assert bundled.resolve(oid).index == values


def module(name: str, **facts: object) -> str:
    return json.dumps({"schema": 1, "module": name, "source": "test", **facts})


def test_the_first_module_has_an_oid_and_a_name() -> None:
    first = module("A-MIB", objects=[{"name": "a", "oid": "1.3.9.1", "syntax": "integer"}])
    second = module(
        "B-MIB",
        objects=[
            {"name": "b", "oid": "1.3.9.1", "syntax": "octets"},
            {"name": "a", "oid": "1.3.9.2", "syntax": "octets"},
        ],
    )
    mib = MibIndex.load({"a": first, "b": second})
    assert mib.resolve("1.3.9.1.0").symbol == "A-MIB::a"
    assert (mib.oid("a"), mib.oid("B-MIB::a")) == ("1.3.9.1", "1.3.9.2")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "\ud800",
        "{" * 100_000,
        module("A-MIB").replace("1", "3"),
        module("lower"),
        module("A-MIB", extra=1),
        module("A-MIB", objects=[{"name": "a", "oid": "1.x", "syntax": "integer"}]),
        module("A-MIB", objects=[{"name": "a", "oid": "1.3", "syntax": "float"}]),
    ],
)
def test_a_bad_file_is_a_problem_and_the_rest_is_used(text: str) -> None:
    good = module("A-MIB", notifications=[{"name": "down", "oid": "1.3.9.0.1"}])
    mib = MibIndex.load({"bad.json": text, "good.json": good})
    (problem,) = mib.problems
    assert problem.span is not None
    assert (problem.severity, problem.span.file) == ("error", "bad.json")
    assert mib.oid("down") == "1.3.9.0.1"


def test_an_index_of_unknown_objects_is_not_decoded() -> None:
    text = module(
        "A-MIB",
        objects=[{"name": "a", "oid": "1.3.9.1.1", "syntax": "integer"}],
        rows=[{"name": "aEntry", "oid": "1.3.9.1", "index": ["B-MIB::missing"]}],
    )
    resolved = MibIndex.load({"a": text}).resolve("1.3.9.1.1.5")
    assert (resolved.symbol, resolved.suffix, resolved.index) == ("A-MIB::a", "5", ())


def test_caches_are_bounded(bundled: MibIndex) -> None:
    mib = MibIndex.load({})
    for number in range(index.VARIABLES_CACHED_MAX + 2):
        mib.resolve(f"1.3.{number}")
    for number in range(index.NOTIFICATIONS_CACHED_MAX + 2):
        mib.notification(f"1.3.{number}")
    long = "1.3" + ".1" * index.OID_CACHED_CHARS_MAX
    mib.resolve(long)
    mib.notification(long)
    assert (len(mib._variables_cached), len(mib._notifications_cached)) == (2, 2)

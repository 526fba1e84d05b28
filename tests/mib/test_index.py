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
        module("A-MIB").replace("1", "2"),
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

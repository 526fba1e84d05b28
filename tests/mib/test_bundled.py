"""The bundled facts hang together, and where pysnmp knows the same module it says the same."""

import pytest
from pysnmp.smi.builder import MibBuilder

from trapgate.mib import MibIndex
from trapgate.mib.facts import Module, Notification, Object, Row, read_module

from .conftest import MIBS

FILES = sorted(MIBS.glob("*.json"))
MODULES = {path.stem: read_module(path.read_text(), path.name) for path in FILES}


def module(name: str) -> Module:
    found = MODULES[name]
    assert isinstance(found, Module), found
    return found


@pytest.mark.parametrize("name", MODULES)
def test_names_and_oids_hang_together(name: str, bundled: MibIndex) -> None:
    facts = module(name)
    assert facts.module == name
    assert bundled.problems == ()
    named: list[Object | Row | Notification] = list(facts.objects)
    named += [*facts.rows, *facts.notifications]
    names = [fact.name for fact in named]
    oids = [fact.oid for fact in named]
    assert len(set(names)) == len(names)
    assert len(set(oids)) == len(oids)
    mentioned = [n for row in facts.rows for n in row.index]
    mentioned += [n for notification in facts.notifications for n in notification.objects]
    for mention in mentioned:
        assert bundled.oid(mention if "::" in mention else f"{name}::{mention}"), mention


@pytest.mark.parametrize("name", MODULES)
def test_every_symbol_leads_there_and_back(name: str, bundled: MibIndex) -> None:
    for fact in module(name).objects:
        assert bundled.resolve(fact.oid).symbol == f"{name}::{fact.name}"
    for notification in module(name).notifications:
        found = bundled.notification(notification.oid)
        assert found is not None
        assert found.symbol == f"{name}::{notification.name}"


@pytest.mark.parametrize("name", ["SNMPv2-MIB", "SNMP-COMMUNITY-MIB"])
def test_pysnmp_says_the_same(name: str) -> None:
    builder = MibBuilder()
    builder.load_modules(name)
    facts: list[Object | Notification] = list(module(name).objects)
    facts += module(name).notifications
    for fact in facts:
        (symbol,) = builder.import_symbols(name, fact.name)
        assert ".".join(map(str, symbol.getName())) == fact.oid

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compile.acme import ACME, OLD, module, scalar
from trapgate.compile import Cache, Compiled, Compiler, ModuleText, Outcome
from trapgate.compile.texts import split
from trapgate.mib import MibIndex
from trapgate.mib.facts import Module, Notification, Object

Modules = dict[str, Module]


def compiled(
    standard: Mapping[str, Module], *texts: str, cache: Cache | None = None
) -> dict[str, Compiled]:
    found = [text for number, each in enumerate(texts) for text in split(each, f"{number}.mib")]
    return {done.text.module: done for done in Compiler(standard, cache).compile(found)}


def facts(done: Compiled) -> Module:
    assert done.outcome.facts is not None, done.outcome.findings
    return done.outcome.facts


def said(done: Compiled) -> list[str]:
    return [f"{found.line} {found.severity}: {found.summary}" for found in done.outcome.findings]


@pytest.fixture(scope="module")
def acme(standard: Modules) -> Compiled:
    return compiled(standard, ACME)["ACME-MIB"]


@pytest.mark.parametrize(
    ("expected"),
    [
        Object("acmeMac", "1.3.6.1.4.1.99999.1.1.4", "octets", None, "1x:", 6, "MacAddress"),
        Object("acmeFlags", "1.3.6.1.4.1.99999.1.1.5", "bits", {0: "hot", 1: "loud"}),
        Object(
            "acmeState",
            "1.3.6.1.4.1.99999.1.1.6",
            "integer",
            {1: "up", 2: "down"},
            type="AcmeLinkState",
        ),
        Object("acmeOther", "1.3.6.1.4.1.99999.1.1.7", "octets", size=4, type="InetAddress"),
        Object(
            "acme-Name", "1.3.6.1.4.1.99999.1.1.3", "octets", None, "255a", type="DisplayString"
        ),
        Object("acmeHeat", "1.3.6.1.4.1.99999.2.1.1", "gauge32", None, "d-1", type="AcmeTenth"),
    ],
    ids=lambda expected: expected.name,
)
def test_an_object_has_what_its_type_comes_down_to(acme: Compiled, expected: Object) -> None:
    assert said(acme) == []
    (found,) = [object for object in facts(acme).objects if object.name == expected.name]
    assert found == expected


def test_rows_have_their_index_also_if_another_modules_row_says_it(acme: Compiled) -> None:
    rows = {row.name: row for row in facts(acme).rows}
    assert rows["acmeEntry"].index == ("acmePeerType", "acmePeer", "acme-Name")
    assert rows["acmeEntry"].implied
    assert rows["acmeXEntry"].index == ("IF-MIB::ifIndex",)
    assert rows["acmeYEntry"].index == rows["acmeEntry"].index
    assert rows["acmeYEntry"].implied


def test_notifications_name_objects_of_their_modules(acme: Compiled) -> None:
    (down,) = facts(acme).notifications
    assert down == Notification(
        "acmeDown", "1.3.6.1.4.1.99999.0.1", ("IF-MIB::ifIndex", "acmeState")
    )
    assert facts(acme).nodes["acme"] == "1.3.6.1.4.1.99999"


def test_the_index_reads_instances_of_it(acme: Compiled, standard: Modules) -> None:
    mib = MibIndex([*standard.values(), facts(acme)])
    found = mib.resolve("1.3.6.1.4.1.99999.3.1.1.1.4.192.0.2.7.103.119")
    assert found.variable == "ACME-MIB::acmeSince.1.4.192.0.2.7.103.119"
    assert found.index == (
        ("acmePeerType", "ipv4"),
        ("acmePeer", "192.0.2.7"),
        ("acme-Name", "gw"),
    )
    assert mib.resolve("1.3.6.1.4.1.99999.2.1.1.7").index == (("ifIndex", "7"),)


def test_smiv1(standard: Modules) -> None:
    old = facts(compiled(standard, OLD)["OLD-MIB"])
    (trap,) = old.notifications
    assert trap == Notification("oldTrap", "1.3.6.1.4.1.99998.0.5", ("oldState", "IF-MIB::ifIndex"))
    assert {object.name: object.syntax for object in old.objects} == {
        "oldState": "integer",
        "oldName": "octets",
    }
    (state,) = [object for object in old.objects if object.name == "oldState"]
    assert state.labels == {1: "on", 2: "off"}


CHILD = module(
    "CHILD-MIB",
    scalar("child", "parent 1", "ParentType"),
    "OBJECT-TYPE FROM SNMPv2-SMI parent, ParentType FROM PARENT-MIB",
)
PARENT = module(
    "PARENT-MIB",
    "parent OBJECT IDENTIFIER ::= { enterprises 5 }\nParentType ::= INTEGER { on(1) }",
)


def test_modules_are_compiled_behind_those_that_they_import(standard: Modules) -> None:
    done = compiled(standard, CHILD, PARENT)
    (child,) = facts(done["CHILD-MIB"]).objects
    assert (child.oid, child.labels) == ("1.3.6.1.4.1.5.1", {1: "on"})


def test_a_missing_module_is_named(standard: Modules) -> None:
    done = compiled(standard, "\n\n" + CHILD)["CHILD-MIB"]
    assert done.outcome.facts is None
    assert said(done) == ["3 error: CHILD-MIB imports from PARENT-MIB, which is missing"]


def test_without_a_type_the_rest_is_used(standard: Modules) -> None:
    text = module(
        "HALF-MIB",
        scalar("half", "enterprises 6", "Gone") + "\n" + scalar("whole", "enterprises 7"),
        "OBJECT-TYPE, enterprises FROM SNMPv2-SMI Gone FROM GONE-MIB",
    )
    done = compiled(standard, text)["HALF-MIB"]
    assert {object.name: object.syntax for object in facts(done).objects} == {
        "half": "unknown",
        "whole": "integer",
    }
    assert said(done) == [
        "1 warning: HALF-MIB imports from GONE-MIB, which is missing",
        "1 warning: HALF-MIB uses the type Gone, which GONE-MIB does not have",
    ]


def test_one_bad_module_blocks_no_other(standard: Modules) -> None:
    bad = "BAD-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises FROM SNMPv2-SMI;\nbad ::= ::=\nEND\n"
    needs = module(
        "NEEDS-MIB", scalar("n", "bad 1"), "OBJECT-TYPE FROM SNMPv2-SMI bad FROM BAD-MIB"
    )
    done = compiled(standard, bad + ACME, needs)
    assert facts(done["ACME-MIB"])
    assert said(done["BAD-MIB"]) == [
        '3 error: BAD-MIB does not follow SMI: "::=" does not belong here'
    ]
    assert said(done["NEEDS-MIB"]) == [
        "1 error: NEEDS-MIB imports from BAD-MIB, which could not be compiled"
    ]


def test_lines_are_those_of_the_file(standard: Modules) -> None:
    before = ACME.count("\n")
    bad = module("BAD-MIB", "\nbad ::= ::=")
    other = module("OTHER-MIB", "\nother OBJECT IDENTIFIER ::= { nowhere 1 }")
    done = compiled(standard, ACME + bad + other)
    assert said(done["BAD-MIB"])[0].startswith(f"{before + 4} error: ")
    assert said(done["OTHER-MIB"])[0].startswith(f"{before + bad.count(chr(10)) + 4} error: ")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x OBJECT IDENTIFIER ::= { enterprises 1", "X-MIB does not follow SMI: it ends too early"),
        ("\x1b[31m", r'3 error: X-MIB does not follow SMI: "\x1b" does not belong here'),
        ('x OBJECT "' + "long " * 99 + '"', 'long" does not belong here'),
        ("x OBJECT ::= { enterprises 1 }", '3 error: X-MIB does not follow SMI: "::=" does not'),
        ("\n\nx OBJECT IDENTIFIER ::= { nowhere 1 }", "5 error: X-MIB: Unknown parent"),
        (
            "x OBJECT IDENTIFIER ::= { enterprises 1 }\nx OBJECT IDENTIFIER ::= { enterprises 2 }",
            "3 error: X-MIB: Duplicate symbol found: x",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(standard: Modules, body: str, expected: str) -> None:
    done = compiled(standard, module("X-MIB", body))["X-MIB"]
    assert done.outcome.facts is None
    (line,) = said(done)
    assert expected in line


def test_a_text_that_ends_too_early(standard: Modules) -> None:
    done = compiled(standard, "X-MIB DEFINITIONS ::= BEGIN\n")["X-MIB"]
    assert "it ends too early" in said(done)[0] or "does not follow SMI" in said(done)[0]


def test_base_types_that_are_not_imported_are_known(standard: Modules) -> None:
    text = module(
        "LAZY-MIB", scalar("lazy", "enterprises 8", "Counter64"), "enterprises FROM SNMPv2-SMI"
    )
    (lazy,) = facts(compiled(standard, text)["LAZY-MIB"]).objects
    assert lazy.syntax == "counter64"


def test_a_vendors_own_snmpv2_smi_does_no_harm(standard: Modules) -> None:
    broken = module("SNMPv2-SMI", "enterprises OBJECT IDENTIFIER ::= { iso 666 }", "x FROM Y")
    done = compiled(standard, broken, ACME)
    assert list(done) == ["ACME-MIB"]
    assert facts(done["ACME-MIB"]).nodes["acme"] == "1.3.6.1.4.1.99999"


def test_a_text_of_the_users_replaces_a_partial_module(standard: Modules) -> None:
    assert standard["LLDP-MIB"].partial
    done = compiled(standard, module("LLDP-MIB", scalar("lldp", "enterprises 9")))
    assert facts(done["LLDP-MIB"]).objects[0].oid == "1.3.6.1.4.1.9"


def test_of_two_texts_of_a_module_the_first_is_used(standard: Modules) -> None:
    texts = [module("A-MIB", scalar("a", f"enterprises {number}")) for number in (1, 2)]
    done = compiled(standard, *texts)["A-MIB"]
    assert (done.text.file, facts(done).objects[0].oid) == ("0.mib", "1.3.6.1.4.1.1")


def test_circles_and_long_chains_end(standard: Modules) -> None:
    circle = [
        module("A-MIB", scalar("a", "b 1"), "enterprises FROM SNMPv2-SMI b FROM B-MIB"),
        module(
            "B-MIB",
            "b OBJECT IDENTIFIER ::= { enterprises 3 }",
            "enterprises FROM SNMPv2-SMI a FROM A-MIB",
        ),
    ]
    done = compiled(standard, *circle)
    assert facts(done["A-MIB"]).objects[0].oid == "1.3.6.1.4.1.3.1"
    chain = [module(f"C{n}-MIB", "", f"c FROM C{n + 1}-MIB") for n in range(1_500)]
    texts = [split(text, "chain")[0] for text in chain]
    assert Compiler({})._imported_first([]) == []
    compiler = Compiler({})
    compiler._texts = {text.module: text for text in texts}
    assert compiler._imported_first(["C0-MIB"])[0] == "C0-MIB"
    assert compiler._imported_first([t.module for t in texts])[0] == "C1499-MIB"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a OBJECT IDENTIFIER ::= { a 1 }", "3 error: X-MIB: OIDs go round in a circle: a below a"),
        (
            "\nin OBJECT IDENTIFIER ::= { b 7 }\na OBJECT IDENTIFIER ::= { b 1 }\n"
            "b OBJECT IDENTIFIER ::= { a 2 }",
            "4 error: X-MIB: OIDs go round in a circle: b below a below b",
        ),
    ],
)
def test_oids_in_a_circle_are_named(standard: Modules, body: str, expected: str) -> None:
    assert said(compiled(standard, module("X-MIB", body))["X-MIB"]) == [expected]


def test_what_is_too_deep_is_said_in_words(standard: Modules) -> None:
    chain = [f"c{n + 1} OBJECT IDENTIFIER ::= {{ c{n} 1 }}" for n in range(3_000)]
    text = module("X-MIB", "\n".join(["c0 OBJECT IDENTIFIER ::= { enterprises 1 }", *chain]))
    assert said(compiled(standard, text)["X-MIB"]) == [
        "1 error: X-MIB: its names, types or brackets are nested too deeply"
    ]


def test_a_long_circle_is_cut(standard: Modules) -> None:
    body = "\n".join(f"c{n} OBJECT IDENTIFIER ::= {{ c{(n + 1) % 50} 1 }}" for n in range(50))
    (line,) = said(compiled(standard, module("X-MIB", body))["X-MIB"])
    assert line.endswith("c6 below c7 below …")


def apart(standard: Modules, texts: str, cache: Cache, within_s: float) -> dict[str, Compiled]:
    """As `compiled`, in a child process."""
    done = Compiler(standard, cache).compile(split(texts, "a"), within_s=within_s)
    return {module.text.module: module for module in done}


def test_what_is_compiled_apart_is_the_same(standard: Modules, tmp_path: Path) -> None:
    cache = Cache(tmp_path, writable=True)
    texts = CHILD + PARENT + OLD + module("BAD-MIB", "bad ::= ::=")
    done = apart(standard, texts, cache, 60)
    assert {name: (module.outcome, module.key) for name, module in done.items()} == {
        name: (module.outcome, module.key) for name, module in compiled(standard, texts).items()
    }
    assert all(module.cached for module in apart(standard, texts, cache, 60).values())


def test_there_is_no_child_for_what_is_kept_already(standard: Modules, tmp_path: Path) -> None:
    cache = Cache(tmp_path, writable=True)
    apart(standard, OLD, cache, 60)
    assert facts(apart(standard, OLD, cache, 0)["OLD-MIB"])  # there would be no time for one


class Hanging(Compiler):
    """Its compiler hangs on one module and dies of another, as only texts that nobody has yet seen
    could make it."""

    def _outcome(self, text: ModuleText) -> Outcome:
        while text.module == "HANG-MIB":
            pass
        if text.module == "DIE-MIB":
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._outcome(text)


def test_a_module_that_hangs_or_kills_stops_no_other(standard: Modules, tmp_path: Path) -> None:
    cache = Cache(tmp_path, writable=True)
    names = ("A-MIB", "DIE-MIB", "HANG-MIB", "Z-MIB")
    texts = [split(module(name), name)[0] for name in names]
    told: list[str] = []
    done = Hanging(standard, cache).compile(texts, lambda *each: told.append(each[2]), 6)
    assert [found.text.module for found in done if found.outcome.facts is None] == [
        "DIE-MIB",
        "HANG-MIB",
    ]
    assert said(done[2]) == ["1 error: HANG-MIB: compiling it took too long, or too much memory"]
    assert cache.read(done[3].key) == done[3].outcome
    assert cache.read(done[2].key) is None  # it is tried again
    assert told.count("HANG-MIB") > 1  # who waits is called meanwhile


def test_without_time_the_rest_waits_for_the_next_reload(standard: Modules) -> None:
    (old,) = Compiler(standard).compile(split(OLD, "a"), within_s=0)
    assert said(old) == ["1 error: OLD-MIB: there was no time left to compile it"]


def test_types_in_a_circle_end(standard: Modules) -> None:
    text = module("T-MIB", "A ::= B\nB ::= A\n" + scalar("t", "enterprises 4", "A"))
    assert compiled(standard, text)["T-MIB"].outcome.module == "T-MIB"


def test_progress_is_told_for_what_is_compiled(standard: Modules, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    found = split(ACME + OLD, "a")
    cache = Cache(tmp_path, writable=True)
    for _ in range(2):
        Compiler(standard, cache).compile(found, lambda *each: told.append(each))
    assert told == [(0, 2, "ACME-MIB"), (1, 2, "OLD-MIB")]


def test_the_cache_is_used_until_something_changes(standard: Modules, tmp_path: Path) -> None:
    cache = Cache(tmp_path, writable=True)
    first = compiled(standard, CHILD, PARENT, OLD, cache=cache)
    again = compiled(standard, CHILD, PARENT, OLD, cache=cache)
    assert not any(done.cached for done in first.values())
    assert all(done.cached for done in again.values())
    assert again["CHILD-MIB"].outcome == first["CHILD-MIB"].outcome
    # What another imports is part of it; what it does not import is not.
    changed = compiled(standard, CHILD, PARENT.replace("on(1)", "on(2)"), OLD, cache=cache)
    assert {name: done.cached for name, done in changed.items()} == {
        "CHILD-MIB": False,
        "OLD-MIB": True,
        "PARENT-MIB": False,
    }
    assert facts(changed["CHILD-MIB"]).objects[0].labels == {2: "on"}
    # One that was missing and has come.
    alone = compiled(standard, CHILD, cache=cache)["CHILD-MIB"]
    assert (alone.cached, alone.outcome.facts) == (False, None)
    assert facts(compiled(standard, CHILD, PARENT, cache=cache)["CHILD-MIB"])
    # Another release of trapgate, with other facts.
    older = {name: module for name, module in standard.items() if name != "UPS-MIB"}
    assert not compiled(older, OLD, cache=cache)["OLD-MIB"].cached


def test_what_the_cache_has_of_another_module_is_not_used(
    standard: Modules, tmp_path: Path
) -> None:
    cache = Cache(tmp_path, writable=True)
    done = compiled(standard, OLD, cache=cache)["OLD-MIB"]
    cache.write(done.key, msgspec.structs.replace(done.outcome, module="OTHER-MIB"))
    assert not compiled(standard, OLD, cache=cache)["OLD-MIB"].cached


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_damage_to_a_text_is_told_and_nothing_more(
    standard: Modules, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(ACME)))
    end = data.draw(st.integers(at, min(len(ACME), at + 40)))
    put = data.draw(st.sampled_from(["", "{", "}", '"', "::=", "END", "-- ", "\0", "1.2", "FROM"]))
    for done in compiled(standard, ACME[:at] + put + ACME[end:]).values():
        assert done.outcome.facts is not None or done.outcome.findings

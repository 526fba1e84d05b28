"""What stands in for the standard modules can be read by pysmi, all of it."""

from trapgate.compile.compiler import Compiler
from trapgate.compile.standin import MACROS_ONLY, empty, standin
from trapgate.compile.texts import split
from trapgate.mib.facts import Module


def test_each_module_can_be_imported_from(standard: dict[str, Module]) -> None:
    texts = {name: standin(facts) for name, facts in standard.items()}
    texts |= {name: empty(name) for name in MACROS_ONLY}
    # As modules of a user, each on its own, with nothing else known.
    found = [split(text, name)[0] for name, text in texts.items()]
    compiler = Compiler({})
    failed = {
        module.text.module: module.outcome.findings
        for module in compiler.compile(found)
        if module.outcome.facts is None
    }
    assert failed == {}


def test_its_names_have_their_oids(standard: dict[str, Module]) -> None:
    text = standin(standard["IF-MIB"])
    assert "ifIndex OBJECT IDENTIFIER ::= { 1 3 6 1 2 1 2 2 1 1 }" in text.splitlines()
    assert "InterfaceIndex ::= INTEGER" in text.splitlines()

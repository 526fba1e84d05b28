"""pysmi: the text of a module → its JSON, with what is wrong and where.

Only its parser and its JSON generator are used: no sources on the network, no borrowed modules, no
generated Python, so that a folder of MIBs is never code.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from trapgate.compile.outcome import Finding
from trapgate.compile.texts import ModuleText
from trapgate.mib import visible

_SYMBOL = re.compile(r"(?:symbols?(?: found)?|symbols?:?|type for symbol)[ :]+\"?([\w-]+)")

WORDS_SHOWN_MAX = 120
"""Characters of a file's text, or of pysmi's, that a finding repeats."""

NAMES_SHOWN_MAX = 8
"""Names of a circle that a finding repeats."""

_BASE_TYPES = ("Integer32", "Counter32", "Counter64", "Gauge32", "Unsigned32", "Opaque")


class Smi:
    """pysmi, and the modules that it knows. Any text may be given to any of its methods."""

    def __init__(self) -> None:
        # Late: loading pysmi takes longer than all the rest of trapgate, and is for new MIBs only.
        from pysmi.codegen.jsondoc import JsonCodeGen
        from pysmi.codegen.symtable import SymtableCodeGen

        self._parser = _parser()
        self._names: Any = SymtableCodeGen()
        self._writer: Any = JsonCodeGen()
        self._known: dict[str, object] = {}

    def know(self, name: str, text: str) -> None:
        """Have the names of a module at hand that others import. One that is no SMI is not known,
        which those that need it will say."""
        if name in self._known:
            return
        try:
            for tree in self._parser.parse(text):
                self._known[name] = self._names.gen_code(tree, self._known)[1]
        except Exception:  # noqa: BLE001 - pysmi, on any text; see `compile`
            return

    def compile(self, text: ModuleText) -> tuple[str | None, list[Finding]]:
        """pysmi's JSON of a module, or what speaks against it. Never raises."""
        try:
            # Line ends in front, so that pysmi counts lines as the file does.
            trees = self._parser.parse("\n" * (text.line - 1) + text.text)
            if not trees:
                return None, [Finding("error", "there is no module in it", text.line)]
            tree = _with_base_types(trees[0])
            self._known[text.module] = self._names.gen_code(tree, self._known)[1]
            _, json = self._writer.gen_code(tree, self._known)
        except RecursionError:
            circle = _circle(self._known.pop(text.module, None), text.module)
            return None, [_endless(circle, text)]
        except Exception as error:  # noqa: BLE001 - pysmi raises KeyError, TypeError and others too
            self._known.pop(text.module, None)
            return None, [_finding(error, text)]
        return str(json), []


@cache
def _parser() -> Any:
    """The parser of SMI, with the slips that vendors make. It has no state, and takes a third of a
    second to make."""
    from pysmi.parser.dialect import smi_v1_relaxed
    from pysmi.parser.smi import parserFactory

    return parserFactory(**smi_v1_relaxed)()


def _with_base_types(tree: Any) -> Any:
    """The module with imports of the base types that its author forgot, a frequent slip: names of
    base types are nobody else's."""
    name, oid, imports, declarations = tree
    named = {symbol for symbols in imports.values() for symbol in symbols}
    added = [symbol for symbol in _BASE_TYPES if symbol not in named]
    whole = {**imports, "SNMPv2-SMI": [*imports.get("SNMPv2-SMI", ()), *added]}
    return name, oid, whole, declarations


def _finding(error: Exception, text: ModuleText) -> Finding:
    """What pysmi says, in a user's words, at the best line that can be told."""
    said = getattr(error, "msg", "") or f"{type(error).__name__}: {error}"
    line = getattr(error, "lineno", None)
    if isinstance(line, int):
        cause = getattr(error, "__cause__", None)
        word = getattr(cause, "token", getattr(cause, "char", None))  # parser's, lexer's
        if word is not None:
            end = str(getattr(word, "type", "")) == "$END"
            said = "it ends too early" if end else f'"{_shown(word)}" does not belong here'
        return Finding("error", f"{text.module} does not follow SMI: {said}", line)
    symbol = _SYMBOL.search(said)
    line = _line_of(symbol[1] if symbol else "", text)
    return Finding("error", f"{text.module}: {_shown(said)}", line)


def _circle(table: object, module: str) -> list[str]:
    """The names of a module, in pysmi's table of them, whose OIDs are below each other in a circle,
    the first of them again at the end; none if there is no circle."""
    symbols = table if isinstance(table, dict) else {}
    above: dict[str, str] = {}
    for name, facts in symbols.items():
        oid = facts.get("oid") if isinstance(facts, dict) else None
        parent = oid[0] if isinstance(oid, list | tuple) and oid else None
        if isinstance(parent, tuple) and parent[1] == module:
            above[name] = parent[0]
    ended: set[str] = set()
    for name in above:
        path: dict[str, None] = {}
        at = name
        while at in above and at not in path and at not in ended:
            path[at] = None
            at = above[at]
        if at in path:
            circle = list(path)
            return [*circle[circle.index(at) :], at]
        ended |= path.keys()
    return []


def _endless(circle: Sequence[str], text: ModuleText) -> Finding:
    """What to say of a module in which pysmi went too deep."""
    if not circle:
        summary = f"{text.module}: its names, types or brackets are nested too deeply"
        return Finding("error", summary, text.line)
    shown = " below ".join(_shown(name) for name in circle[:NAMES_SHOWN_MAX])
    more = " below …" if len(circle) > NAMES_SHOWN_MAX else ""
    summary = f"{text.module}: OIDs go round in a circle: {shown}{more}"
    return Finding("error", summary, _line_of(circle[0], text), "give one of them a known parent")


def _shown(word: object) -> str:
    """Words of a file, for a terminal: visible, and not the whole of a string that never ends."""
    return visible(str(word)[:WORDS_SHOWN_MAX])


def _line_of(symbol: str, text: ModuleText) -> int:
    """The line where a symbol is first named, else the module's own."""
    found = re.search(rf"^.*\b{re.escape(symbol)}\b", text.text, re.MULTILINE) if symbol else None
    return text.line + (text.text.count("\n", 0, found.start()) if found else 0)

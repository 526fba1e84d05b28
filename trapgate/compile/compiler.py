"""Module texts → facts, each module once, what it imports first.

In: texts, and the facts of the standard modules. Out: for every module its outcome. A module whose
text and imports have not changed comes from the cache, and pysmi is not even loaded if all do.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version

import msgspec

from trapgate.compile.apart import Say, apart
from trapgate.compile.cache import Cache
from trapgate.compile.outcome import SCHEMA, Finding, Outcome
from trapgate.compile.smi import Smi
from trapgate.compile.standin import MACROS_ONLY, empty, standin
from trapgate.compile.symbols import Symbols
from trapgate.compile.texts import ModuleText
from trapgate.mib.facts import Module, Row, Type

VERSION = 1
"""Changes when the same text gives other facts, so that what is in caches is compiled anew."""

Progress = Callable[[int, int, str], None]
"""Told before each module that is compiled, and every second if that is done apart: how many are
done, of how many, and its name. What it raises ends the work; what was compiled is kept."""


class Compiled(msgspec.Struct, frozen=True):
    """One module: where its text is, the key of its outcome in the cache, whether it was there."""

    text: ModuleText
    key: str
    outcome: Outcome
    cached: bool


class Compiler:
    """`standard` has the facts of the modules that trapgate comes with: their texts are not
    needed, and not used if a user has them, but for those that are `partial`."""

    def __init__(self, standard: Mapping[str, Module], cache: Cache | None = None) -> None:
        self._standard = standard
        self._cache = cache
        self._texts: dict[str, ModuleText] = {}
        self._keys: dict[str, str] = {}
        self._done: dict[str, Compiled] = {}
        self._smi: Smi | None = None
        facts = msgspec.json.encode(sorted(standard.items())).decode()
        self._seed = _digest(str(VERSION), version("pysmi"), facts)

    def is_standard(self, module: str) -> bool:
        """Whether a module's text is not needed."""
        known = self._standard.get(module)
        return module in MACROS_ONLY or (known is not None and not known.partial)

    def compile(
        self,
        texts: Sequence[ModuleText],
        progress: Progress = lambda *_: None,
        within_s: float | None = None,
    ) -> list[Compiled]:
        """The outcome of each module, in order of names. Never raises, whatever the texts.

        Of two texts of one module the first is used; standard modules are left out. With `within_s`
        what is not in the cache is compiled in a child process, which is killed after that time; a
        module has half of it. What was not done is an error of its module, and not kept.
        """
        for text in texts:
            if not self.is_standard(text.module):
                self._texts.setdefault(text.module, text)
        self._keys = keys = {module: self._key(module) for module in self._texts}
        names = sorted(self._texts)
        for module in names:
            kept = self._cache.read(keys[module]) if self._cache else None
            if kept is not None and kept.schema == SCHEMA and kept.module == module:
                self._done[module] = Compiled(self._texts[module], keys[module], kept, True)
        fresh = self._imported_first([module for module in names if module not in self._done])
        if within_s is not None:
            self._compile_apart(fresh, progress, within_s)
            return [self._done[module] for module in names]
        for count, module in enumerate(fresh):
            progress(count, len(fresh), module)
            self._compile_one(module)
        return [self._done[module] for module in names]

    def _compile_one(self, module: str) -> Outcome:
        outcome = self._outcome(self._texts[module])
        key = self._keys[module]
        if self._cache is not None:
            self._cache.write(key, outcome)
        self._done[module] = Compiled(self._texts[module], key, outcome, False)
        return outcome

    def _compile_apart(self, modules: Sequence[str], progress: Progress, within_s: float) -> None:
        """Compile in a child; of a module that stops one, the next goes on behind it."""
        until = time.monotonic() + within_s
        for count, module in enumerate(modules):
            if module in self._done:
                continue
            left_s = until - time.monotonic()
            if left_s > 0:
                self._compile_in_child(modules[count:], progress, left_s, within_s / 2)
            if module not in self._done:
                self._give_up(module, late=left_s <= 0)

    def _compile_in_child(
        self, modules: Sequence[str], progress: Progress, within_s: float, each_s: float
    ) -> None:
        """Compile these, as many as it gets through."""

        def work(say: Say) -> None:
            for module in modules:
                say(msgspec.json.encode(self._compile_one(module)))

        def waiting() -> None:
            if done < len(modules):
                progress(done, len(modules), modules[done])

        done = 0
        waiting()
        with suppress(OSError):
            for message in apart(work, within_s, each_s, waiting):
                module = modules[done]
                outcome = msgspec.json.decode(message, type=Outcome)
                self._done[module] = Compiled(
                    self._texts[module], self._keys[module], outcome, False
                )
                done += 1
                waiting()

    def _give_up(self, module: str, *, late: bool) -> None:
        text = self._texts[module]
        summary = f"{module}: compiling it took too long, or too much memory"
        hint = "see trapgate mib lint; move the file away if it is no MIB"
        if late:
            summary = f"{module}: there was no time left to compile it"
            hint = "reload: what was compiled is kept, and it goes on from there"
        finding = Finding("error", summary, text.line, hint)
        outcome = Outcome(SCHEMA, module, None, (finding,))
        self._done[module] = Compiled(text, self._keys[module], outcome, False)

    def _key(self, module: str) -> str:
        """A hash of everything that the module's facts are made from: its text, those of all that
        it imports, the standard modules, this code. What is missing is part of it."""
        seen: dict[str, str] = {}
        waiting = [module]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            text = self._texts.get(name)
            seen[name] = text.digest if text else "missing"
            waiting += text.imports if text else ()
        return _digest(self._seed, module, *(f"{n}={d}" for n, d in sorted(seen.items())))

    def _imported_first(self, modules: Sequence[str]) -> list[str]:
        """These modules, each behind those that it imports; circles are cut somewhere."""
        wanted = set(modules)
        ordered: dict[str, None] = {}
        seen: set[str] = set()
        waiting = [(module, False) for module in reversed(modules)]
        while waiting:
            module, imported = waiting.pop()
            if imported:
                ordered[module] = None
            elif module not in seen:
                seen.add(module)
                waiting.append((module, True))
                names = reversed(self._texts[module].imports)
                waiting += [(name, False) for name in names if name in wanted]
        return list(ordered)

    def _outcome(self, text: ModuleText) -> Outcome:
        if self._smi is None:
            self._smi = Smi()
        smi = self._smi
        old = not _OF_SMIV1.isdisjoint(text.imports)
        for name in (*text.imports, *_ALWAYS, *(_FOR_SMIV1 if old else ())):
            self._provide(name, smi)
        json, findings = smi.compile(text)
        missing = self._missing(text)
        if json is None:
            if missing and any(_NOT_THERE in finding.summary for finding in findings):
                findings = []  # pysmi's words for what `missing` says better
                missing = [msgspec.structs.replace(found, severity="error") for found in missing]
            return Outcome(SCHEMA, text.module, None, (*findings, *missing))
        try:
            symbols = Symbols(text.module, json, self._types_of)
            facts = symbols.facts("compiled from its text", self._row_of)
            checked = msgspec.json.decode(msgspec.json.encode(facts), type=Module)
        except (msgspec.DecodeError, RecursionError) as error:
            finding = Finding("error", f"what pysmi makes of it is not usable: {error}")
            return Outcome(SCHEMA, text.module, None, (finding,))
        unknown = [_unknown_type(name, of, text) for name, of in symbols.unknown.items()]
        return Outcome(SCHEMA, text.module, checked, (*missing, *unknown))

    def _provide(self, name: str, smi: Smi) -> None:
        """Let pysmi know a module that another imports."""
        facts = self._facts(name)
        if facts is not None:
            smi.know(name, standin(facts))
        elif name in MACROS_ONLY:
            smi.know(name, empty(name))
        elif name in self._texts and name not in self._done:
            smi.know(name, self._texts[name].text)  # a circle: its names are all that there is

    def _facts(self, module: str) -> Module | None:
        done = self._done.get(module)
        if done is not None and done.outcome.facts is not None:
            return done.outcome.facts
        return self._standard.get(module)

    def _types_of(self, module: str) -> Mapping[str, Type]:
        facts = self._facts(module)
        return {} if facts is None else {type_.name: type_ for type_ in facts.types}

    def _row_of(self, module: str, name: str) -> Row | None:
        facts = self._facts(module)
        rows = () if facts is None else facts.rows
        return next((row for row in rows if row.name == name), None)

    def _missing(self, text: ModuleText) -> list[Finding]:
        """The modules that this one imports, and that there are none of."""
        findings = []
        for name in text.imports:
            if name in MACROS_ONLY or self._facts(name) is not None:
                continue
            if name in self._texts and name not in self._done:
                continue  # a circle
            summary = f"{text.module} imports from {name}, which is missing"
            hint = f"put the file with {name} into the folder too"
            if name in self._texts:
                summary = f"{text.module} imports from {name}, which could not be compiled"
                hint = f"see what is said of {name}"
            findings.append(Finding("warning", summary, text.line, hint))
        return findings


_ALWAYS = ("SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF")
_OF_SMIV1 = frozenset(("RFC1158-MIB", "RFC1213-MIB"))
_FOR_SMIV1 = ("SNMPv2-MIB", "IF-MIB", "IP-MIB", "TCP-MIB", "UDP-MIB")
"""pysmi reads imports of SMIv1's modules as imports of these: of MIB-II what it has become."""

_NOT_THERE = 'no module "'
"""How pysmi begins when an imported module is needed for an OID and is not there."""


def _unknown_type(name: str, module: str, text: ModuleText) -> Finding:
    where = "it does not import" if module == text.module else f"{module} does not have"
    summary = f"{text.module} uses the type {name}, which {where}"
    hint = "its objects are named; their values are shown as they are sent"
    return Finding("warning", summary, text.line, hint)


def _digest(*parts: str) -> str:
    whole = "\n".join(parts).encode()
    return hashlib.blake2b(whole, digest_size=16).hexdigest()

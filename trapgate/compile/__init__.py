"""Vendors' MIB texts → facts for the MIB index, through pysmi's JSON: offline, nothing is executed.

`texts` finds the modules in folders, `standin` gives pysmi the modules that they import, `symbols`
reads its JSON, `compiler` joins them, `apart` is the process where that is done against the clock,
`cache` keeps what was compiled by the hash of its contents.
One bad module blocks no other.
"""

from trapgate.compile.cache import Cache
from trapgate.compile.compiler import Compiled, Compiler, Progress
from trapgate.compile.outcome import Finding, Outcome
from trapgate.compile.settings import MibSettings
from trapgate.compile.texts import FILE_BYTES_MAX, ModuleText, find_texts

__all__ = [
    "FILE_BYTES_MAX",
    "Cache",
    "Compiled",
    "Compiler",
    "Finding",
    "MibSettings",
    "ModuleText",
    "Outcome",
    "Progress",
    "find_texts",
]

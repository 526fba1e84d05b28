"""YAML text with positions → typed settings, or all of its problems at once.

In: the text of a file and its name, the `Section` type that it must fit. Out: a value whose
sections know where they stood, and `Problem`s with file:line:column. No IO: `app` reads files.
"""

from trapgate.config.document import Mapped, Node, Scalar, Sequenced, parse
from trapgate.config.section import NOWHERE, Loaded, Misfit, Section, Where, load
from trapgate.config.suggest import did_you_mean
from trapgate.config.values import Address, ByteSize, Cidr, Duration

__all__ = [
    "NOWHERE",
    "Address",
    "ByteSize",
    "Cidr",
    "Duration",
    "Loaded",
    "Mapped",
    "Misfit",
    "Node",
    "Scalar",
    "Section",
    "Sequenced",
    "Where",
    "did_you_mean",
    "load",
    "parse",
]

"""A trap's variables in all their forms: field, word of the message, line of `snmp.varbinds`.

In: a variable, and those beside it. Out: its names and texts, by what the MIB index knows of it.
"""

from collections.abc import Sequence

import msgspec

from trapgate.mib import MibIndex, render
from trapgate.mib.facts import Object
from trapgate.model import Varbind
from trapgate.normalize.bounded import cut_text
from trapgate.normalize.coexistence import without_community

REPEATED_TYPES = frozenset(("integer", "octets", "oid", "ip"))
"""Variables of these types are remembered with all their texts: names and states, which devices
say again and again; counters and times are never the same twice."""

REPEATED_MAX = 32_768
"""Variables that are remembered, about 25 MB: what some 6,000 interfaces say. Past it the cache
starts anew."""

REPEATED_CHARS_MAX = 128
"""Longer ones are texts, which repeat less and cost more to keep."""


class Variable(msgspec.Struct, frozen=True, gc=False):
    """A variable in all its forms: its field's key and text, what its name's instance says, its
    word of the message, its line of `snmp.varbinds`."""

    key: str
    text: str
    index: tuple[tuple[str, str], ...]
    word: str
    line: str


class Variables:
    """Names and renders variables; `known` are those that are remembered."""

    def __init__(self, mib: MibIndex) -> None:
        self.known: dict[Varbind, Variable] = {}
        self._mib = mib

    def of(self, varbind: Varbind, beside: Sequence[Varbind]) -> Variable:
        """A variable in all its forms, from memory or anew."""
        return self.known.get(varbind) or self.named(varbind, beside)

    def named(self, varbind: Varbind, beside: Sequence[Varbind]) -> Variable:
        """Name and render a variable of a trap with those `beside` it; remember it if it will come
        again and says all of itself.

        An InetAddress does not: its type is a variable of its own (RFC 4001 §3). An OID is an OID
        in the field, for rules, and has its name in the line, for people.
        """
        resolved = self._mib.resolve(varbind.oid)
        known = resolved.known
        address_at = self._mib.address_type_oid(varbind.oid) if _is_address(known) else None
        shown = without_community(varbind)
        value = shown.value
        # BITS of a short datagram can name thousands
        text = cut_text(render(shown.type, value, known, _number_of(address_at, beside)))
        detail = text
        if known is not None and known.labels and isinstance(value, int):
            detail = f"{text}({value})"
        elif shown.type == "oid" and isinstance(value, str):
            symbol = self._mib.symbol_of(value)
            detail = text if symbol == value else f"{text} ({symbol})"
        variable = Variable(
            "snmp.vb." + resolved.name,
            text,
            tuple([("snmp.index." + part, content) for part, content in resolved.index]),
            f'{resolved.name}="{text}"' if " " in text else f"{resolved.name}={text}",
            cut_text(f"{resolved.variable} = {shown.type}: {detail}"),
        )
        if address_at is None:
            self._remember(varbind, variable)
        return variable

    def _remember(self, varbind: Varbind, variable: Variable) -> None:
        if varbind.type in REPEATED_TYPES and len(variable.line) <= REPEATED_CHARS_MAX:
            if len(self.known) >= REPEATED_MAX:
                self.known.clear()
            self.known[varbind] = variable


def _is_address(known: Object | None) -> bool:
    return known is not None and known.type == "InetAddress"


def _number_of(oid: str | None, varbinds: Sequence[Varbind]) -> int | None:
    """The number that the variable with this OID has, if it is among them."""
    if oid is None:
        return None
    return next((v.value for v in varbinds if v.oid == oid and isinstance(v.value, int)), None)

"""Facts → a text that pysmi can read in the place of the module that they are of.

Vendors' modules import SNMPv2-SMI, SNMPv2-TC, IF-MIB and others, whose texts are not ours to ship.
pysmi wants two things of an imported module: the OIDs of its names, and what its types are made
of. The facts have both, so that a user need not look for SNMPv2-SMI, and a broken one in a
vendor's archive does no harm.
"""

from trapgate.mib.facts import Module, Syntax

_SYNTAXES: dict[Syntax, str] = {
    "integer": "INTEGER",
    "octets": "OCTET STRING",
    "bits": "OCTET STRING",
    "oid": "OBJECT IDENTIFIER",
    "ip": "OCTET STRING",
    "counter32": "INTEGER",
    "gauge32": "INTEGER",
    "timeticks": "INTEGER",
    "counter64": "INTEGER",
    "opaque": "OCTET STRING",
    "unknown": "OCTET STRING",
}

_BUILT_IN = {
    "SNMPv2-SMI": """\
iso OBJECT IDENTIFIER ::= { 1 }
Integer32 ::= INTEGER
Unsigned32 ::= INTEGER
Counter32 ::= INTEGER
Gauge32 ::= INTEGER
TimeTicks ::= INTEGER
Counter64 ::= INTEGER
IpAddress ::= OCTET STRING
Opaque ::= OCTET STRING
""",
}
"""What the modules of SMI itself have beside their facts (RFC 2578 §7.1): the root, and types that
the compiler knows by name and still looks up for default values."""

MACROS_ONLY = (
    "SNMPv2-CONF",
    "RFC-1212",
    "RFC-1215",
    "RFC1065-SMI",
    "RFC1155-SMI",
    "RFC1158-MIB",
    "RFC1213-MIB",
)
"""Modules that there is nothing to say of: macros are part of the compiler's grammar, and it looks
for the names of SMIv1 in the modules of SMIv2 that have them today."""


def standin(facts: Module) -> str:
    """The text of a module with these facts' names and types, and nothing else."""
    lines = [f"{facts.module} DEFINITIONS ::= BEGIN", _BUILT_IN.get(facts.module, "")]
    lines += [f"{type_.name} ::= {_SYNTAXES[type_.syntax]}" for type_ in facts.types]
    named = dict(facts.nodes)
    named |= {fact.name: fact.oid for fact in facts.objects}
    named |= {fact.name: fact.oid for fact in facts.rows}
    named |= {fact.name: fact.oid for fact in facts.notifications}
    for name, oid in named.items():
        lines.append(f"{name} OBJECT IDENTIFIER ::= {{ {oid.replace('.', ' ')} }}")
    return "\n".join([*lines, "END"])


def empty(name: str) -> str:
    """The text of a module with nothing in it."""
    return f"{name} DEFINITIONS ::= BEGIN\nEND"

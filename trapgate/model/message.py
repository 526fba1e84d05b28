"""What a decoder makes of a datagram: protocol values, not yet named, mapped or judged."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from trapgate.model.datagram import Datagram, Outcome
from trapgate.model.problem import Problem

VarbindType = Literal[
    "integer",
    "octets",
    "null",
    "oid",
    "ip",
    "counter32",
    "gauge32",
    "timeticks",
    "opaque",
    "nsap",
    "counter64",
    "uinteger32",
    "no-such-object",
    "no-such-instance",
    "end-of-mib-view",
    "unknown",
]


SecurityLevel = Literal["noAuthNoPriv", "authNoPriv", "authPriv"]
"""RFC 3411 §3.4.3, weakest first."""


class Varbind(msgspec.Struct, frozen=True, gc=False):
    """One variable binding (RFC 3416 §3).

    `oid` is dotted text without a leading dot. `value` is an `int` for the integer types, text for
    `oid` and `ip` (an `ip` that is not 4 bytes long stays bytes), `None` for null and the
    exceptions, bytes for the rest.
    """

    oid: str
    type: VarbindType
    value: int | bytes | str | None


class Trap(msgspec.Struct, frozen=True, gc=False):
    """A decoded notification, any version, in the shape of SNMPv2 (RFC 3584 §3).

    `trap_oid` is snmpTrapOID.0 (for v1 the translated one), `uptime` sysUpTime.0 in hundredths of
    a second, `varbinds` the payload without these two. The v1 header fields are `None` for v2c.
    `credential` names the entry of the configuration that let it in, never the community itself;
    `raw` is the datagram with the community masked. The last four fields are SNMPv3's (`None`
    otherwise): the security level it came with, the authoritative engine ID and the context's as
    hexadecimal without prefix, the context's name.
    """

    version: Literal["1", "2c", "3"]
    pdu_type: Literal["trap", "inform"]
    request_id: int | None
    credential: str
    trap_oid: str
    uptime: int | None
    varbinds: tuple[Varbind, ...]
    raw: bytes
    enterprise: str | None = None
    agent_address: str | None = None
    generic_trap: int | None = None
    specific_trap: int | None = None
    problems: tuple[Problem, ...] = ()
    security_level: SecurityLevel | None = None
    engine_id: str | None = None
    context_engine_id: str | None = None
    context_name: str | None = None


class SyslogMessage(msgspec.Struct, frozen=True, gc=False):
    """A decoded syslog line, RFC 3164, RFC 5424 or a vendor's own.

    `format` is the grammar of its header (`rfc3164`, `rfc5424`, `cisco-ios`, `meraki`), else
    `unparsed`; the dialect of its body is the field `event.parser`. `facility` and `severity` are
    the PRI's numbers (`None` without a PRI). `timestamp` is what the device said (nanoseconds;
    `None` if it said nothing usable) and `clock_trusted` whether its clock was set. `hostname` is
    `None` unless the message names its device. `code` is the vendor's mnemonic and `provider` its
    facility; `fields` are flat ECS keys that the body gave.
    `relay` is the host of a header that a relay put before the device's own, `node` the part of
    the device that wrote the line (`RP/0/RSP1/CPU0`). `repeated` is how many times the message
    came that this one stands for ("last message repeated 3 times"); then `message` is the repeated
    one if the line quotes it.
    """

    format: str
    facility: int | None
    severity: int | None
    timestamp: int | None
    clock_trusted: bool
    hostname: str | None
    appname: str | None
    procid: str | None
    msgid: str | None
    structured_data: Mapping[str, Mapping[str, str]]
    sequence: int | None
    provider: str | None
    code: str | None
    vendor_severity: int | None
    fields: Mapping[str, str]
    message: str
    raw: bytes
    problems: tuple[Problem, ...] = ()
    relay: str | None = None
    node: str | None = None
    repeated: int | None = None


Message = Trap | SyslogMessage


class Refusal(msgspec.Struct, frozen=True):
    """Why a datagram that could be read is not let in: it is counted, not kept.

    `subject` is the name that it came with, for whoever looks for it: an SNMPv3 user name, cut and
    printable, or "". Never a community: a wrong one is mostly a right one of somewhere else.
    """

    outcome: Outcome
    reason: str
    subject: str = ""


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """A decoder's whole answer to one datagram.

    Exactly one of these holds: `messages` is not empty; `refusal` is set; `problems` is not empty
    and its first code is the reason why the datagram is malformed. `messages` are in the order
    of the datagram: one of SNMP, of syslog as many as a sender packed into it (each an event of its
    own, with its own bytes in the message's `raw`). `raw` is the datagram as it may
    be kept (secrets masked); `replies` are datagrams to send once this one is durable. `identity`
    is what makes the message the same one where its bytes do not: an SNMPv3 inform that is sent
    again is encrypted anew. `None`: the bytes are the identity.
    """

    messages: tuple[Message, ...]
    raw: bytes
    problems: tuple[Problem, ...] = ()
    refusal: Refusal | None = None
    replies: tuple[Datagram, ...] = ()
    identity: bytes | None = None

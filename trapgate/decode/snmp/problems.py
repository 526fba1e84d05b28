"""Everything that can be wrong with an SNMP datagram: two closed tables, built once.

`MALFORMED` are the reasons why nothing could be decoded (the `reason` of the malformed counter);
`ODDITIES` are deviations that devices in the field are known for and that cost no information
worth the alert: the trap is decoded, and says so.
"""

from trapgate.model import Problem

MALFORMED: dict[str, Problem] = {}
ODDITIES: dict[str, Problem] = {}


def _malformed(code: str, summary: str) -> Problem:
    problem = MALFORMED[code] = Problem(code, "error", summary)
    return problem


def _oddity(code: str, summary: str) -> Problem:
    problem = ODDITIES[code] = Problem(code, "warning", summary)
    return problem


EMPTY = _malformed("empty", "the datagram has no bytes")
NOT_BER = _malformed("not-ber", "the datagram does not begin with a BER sequence")
NOT_SNMP = _malformed("not-snmp", "no SNMP version and community at the beginning")
TRUNCATED = _malformed("truncated", "the message says that it is longer than the datagram")
BAD_LENGTH = _malformed("bad-length", "an element is cut or longer than what holds it")
INDEFINITE_LENGTH = _malformed(
    "indefinite-length", "an element has the indefinite length, which SNMP forbids"
)
UNSUPPORTED_VERSION = _malformed("unsupported-version", "the version is neither SNMPv1 nor SNMPv2c")
UNSUPPORTED_PDU = _malformed("unsupported-pdu", "the PDU is neither a trap nor an inform")
BAD_PDU = _malformed("bad-pdu", "the PDU has not the fields of its type")
BAD_OID = _malformed("bad-oid", "a name is not an object identifier")
DATAGRAM_TOO_LARGE = _malformed(
    "datagram-too-large", "more bytes than decode.snmp.limits.datagram_bytes"
)
TOO_MANY_VARBINDS = _malformed(
    "too-many-varbinds", "more variable bindings than decode.snmp.limits.varbinds"
)
OID_TOO_LONG = _malformed("oid-too-long", "a name has more parts than decode.snmp.limits.oid_parts")
VALUE_TOO_LONG = _malformed(
    "value-too-long", "a value has more bytes than decode.snmp.limits.value_bytes"
)

BAD_V3_HEADER = _malformed("bad-v3-header", "the header has not the fields of an SNMPv3 message")
INVALID_FLAGS = _malformed("invalid-flags", "the message is encrypted but not authenticated")
UNSUPPORTED_SECURITY_MODEL = _malformed(
    "unsupported-security-model", "the security model is not the User-based one"
)
BAD_SECURITY_PARAMETERS = _malformed(
    "bad-security-parameters", "the security parameters have not the fields of the User-based model"
)
BAD_SCOPED_PDU = _malformed("bad-scoped-pdu", "there is no context and PDU in the message")

TRAILING_BYTES = _oddity("trailing-bytes", "bytes follow after the end of an element")
PDU_OF_OTHER_VERSION = _oddity("pdu-of-other-version", "the PDU is not one of this SNMP version")
NEGATIVE_UNSIGNED = _oddity(
    "negative-unsigned", "an unsigned value has the sign bit set; it was taken as unsigned"
)
WIDE_INTEGER = _oddity(
    "wide-integer", "a number is wider than its type; unsigned ones were taken modulo their width"
)
EMPTY_INTEGER = _oddity("empty-integer", "a number has no bytes; it was taken as 0")
UNREADABLE_VALUE = _oddity(
    "unreadable-value", "a value does not fit its type; its encoding was kept as it is"
)
UNKNOWN_TYPE = _oddity("unknown-type", "a value's type is not known; its encoding was kept")
OBSOLETE_TYPE = _oddity("obsolete-type", "a value has a type that SNMPv2 has given up")
COUNTER64_IN_V1 = _oddity("counter64-in-v1", "SNMPv1 has no Counter64")
BAD_ADDRESS = _oddity("bad-address", "an IpAddress has not 4 bytes")
EMPTY_OID = _oddity("empty-oid", "an object identifier has no bytes; it was taken as 0.0")
REPEATED_VARBIND = _oddity("repeated-varbind", "a variable occurs more than once")
NO_UPTIME = _oddity("no-uptime", "sysUpTime.0 is missing")
NO_TRAP_OID = _oddity("no-trap-oid", "snmpTrapOID.0 is missing; it was taken as 0.0")
MISPLACED_HEADER = _oddity(
    "misplaced-header", "sysUpTime.0 and snmpTrapOID.0 are not the first two variables"
)
BAD_GENERIC_TRAP = _oddity(
    "bad-generic-trap", "generic-trap is none of 0 to 6; it was taken as enterpriseSpecific"
)
BAD_SPECIFIC_TRAP = _oddity(
    "bad-specific-trap", "specific-trap is negative or wider than 32 bits; taken modulo 2^32"
)
OUTSIDE_TIME_WINDOW = _oddity(
    "outside-time-window",
    "the device's boots and time lie behind what it said before: it was restarted or its clock was "
    "set, or the message was held back",
)


class Unreadable(Exception):
    """Ends the reading of a datagram: one of `MALFORMED` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def note(found: list[Problem], oddity: Problem) -> None:
    """Add an oddity once."""
    if oddity not in found:
        found.append(oddity)

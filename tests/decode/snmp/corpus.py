"""Datagrams by name: what well-behaved devices send, and what the others do.

`PLAIN` decodes without a remark, `ODD` with those that stand beside it. Both are written by hand
from the RFCs and from what receivers' issue trackers report; no device's capture is in here.
"""

from decode.snmp.wire import (
    LINK_DOWN,
    SNMP_TRAP_OID,
    SYS_UPTIME,
    header,
    integer,
    message,
    notification,
    oid,
    tlv,
    v1,
    v1_pdu,
    v2c,
    varbind,
)

NAME = "1.3.6.1.4.1.9.9.43.1"
IF_ENTRY = "1.3.6.1.2.1.2.2.1"
IF_INDEX = varbind(f"{IF_ENTRY}.1.3", integer(3))
LINK = (
    IF_INDEX
    + varbind(f"{IF_ENTRY}.7.3", integer(1))
    + varbind(f"{IF_ENTRY}.8.3", integer(2))
    + varbind(f"{IF_ENTRY}.2.3", tlv(0x04, b"GigabitEthernet1/0/3"))
    + varbind("1.3.6.1.4.1.9.2.2.1.1.20.3", tlv(0x04, b"Lost Carrier"))
)
UPTIME = varbind(SYS_UPTIME, integer(4711, 0x43))
TRAP_OID = varbind(SNMP_TRAP_OID, oid(LINK_DOWN))
FORWARDED = (
    varbind("1.3.6.1.6.3.18.1.3.0", tlv(0x40, bytes((192, 0, 2, 33))))
    + varbind("1.3.6.1.6.3.18.1.4.0", tlv(0x04, b"geheim"))
    + varbind("1.3.6.1.6.3.1.1.4.3.0", oid("1.3.6.1.4.1.9.1.516"))
)
EVERY_TYPE = b"".join(
    varbind(f"{NAME}.{number}", value)
    for number, value in enumerate(
        (
            integer(-(2**31)),
            tlv(0x04),
            tlv(0x04, "Störung: 日本".encode()),
            tlv(0x04, bytes(range(200))),
            tlv(0x05),
            oid("2.999.4294967295.0"),
            tlv(0x40, bytes((203, 0, 113, 255))),
            integer(2**32 - 1, 0x41),
            integer(2**31, 0x42),
            integer(2**32 - 1, 0x43),
            tlv(0x44, b"\x9f\x78\x04\x42\xf6\x00\x00"),
            integer(2**64 - 1, 0x46),
            tlv(0x80),
            tlv(0x81),
            tlv(0x82),
        )
    )
)


def padded(pdu_tag: int = 0xA7, length_bytes: int = 3) -> bytes:
    """A linkDown in which every length that there is has the long form."""

    def long(tag: int, *parts: bytes) -> bytes:
        return tlv(tag, *parts, length_bytes=length_bytes)

    def pair(name: str, value: bytes) -> bytes:
        return long(0x30, long(0x06, oid(name)[2:]), value)

    variables = (
        pair(SYS_UPTIME, long(0x43, b"\x12\x67"))
        + pair(SNMP_TRAP_OID, long(0x06, oid(LINK_DOWN)[2:]))
        + pair(f"{IF_ENTRY}.1.3", long(0x02, b"\x03"))
    )
    zero = long(0x02, b"\0")
    pdu = long(pdu_tag, long(0x02, b"\x07"), zero, zero, long(0x30, variables))
    return long(0x30, long(0x02, b"\x01"), long(0x04, b"public"), pdu)


PLAIN = {
    "linkDown of a switch": v2c(LINK),
    "linkDown as an inform": v2c(LINK, tag=0xA6),
    "linkDown of SNMPv1": v1(IF_INDEX, generic=2, specific=0),
    "coldStart of SNMPv1, no variables": v1(generic=0, specific=0),
    "coldStart without variables": message(
        notification(header("1.3.6.1.6.3.1.1.5.1", uptime=0)),
    ),
    "a UPS on battery, enterprise-specific": message(
        v1_pdu(
            varbind("1.3.6.1.4.1.318.2.3.3.0", tlv(0x04, b"UPS: On battery power")),
            enterprise=oid("1.3.6.1.4.1.318"),
            specific=5,
        ),
        version=0,
    ),
    "bgpBackwardTransition, its peer in the names": v2c(
        varbind("1.3.6.1.2.1.15.3.1.14.192.0.2.9", tlv(0x04, b"\x06\x02"))
        + varbind("1.3.6.1.2.1.15.3.1.2.192.0.2.9", integer(1))
    ),
    "of another device, by a proxy": v2c(LINK, FORWARDED),
    "agent-addr 0.0.0.0": message(v1_pdu(IF_INDEX, agent=tlv(0x40, bytes(4))), version=0),
    "every type": v2c(EVERY_TYPE),
    "all lengths in the long form": padded(),
    "all lengths padded to a word": padded(length_bytes=4),
    "padded integers": message(
        notification(header(), varbind(NAME, tlv(0x02, bytes(17) + b"\x05"))), version=1
    ),
    "a padded length of a name, where nothing follows": v2c(
        tlv(0x30, tlv(0x06, oid(NAME)[2:], length_bytes=3), integer(1))
    ),
    "lengths of 9 bytes": padded(length_bytes=9),
    "a padded version and request-id": tlv(
        0x30,
        tlv(0x02, b"\0\0\x01"),
        tlv(0x04, b"public"),
        notification(header(), IF_INDEX, request_id=tlv(0x02, b"\0\0\0\x07")),
    ),
    "a padded sub-identifier": v2c(tlv(0x30, tlv(0x06, b"\x2b\x80\x06\x01"), integer(1))),
    "a negative request-id": message(notification(header(), IF_INDEX, request_id=integer(-9))),
    "error-status and error-index set": message(
        notification(header(), IF_INDEX, errors=integer(5) + integer(300))
    ),
    "a text of 40,000 bytes": v2c(varbind(NAME, tlv(0x04, b"x" * 40_000))),
    "sysUpTime as an INTEGER": message(
        notification(varbind(SYS_UPTIME, integer(4711)), TRAP_OID, IF_INDEX)
    ),
    "agent-addr as an OCTET STRING": message(
        v1_pdu(IF_INDEX, agent=tlv(0x04, bytes((192, 0, 2, 1)))), version=0
    ),
    "a timestamp as an INTEGER": message(v1_pdu(IF_INDEX, uptime=integer(4711)), version=0),
    "a NULL with content": v2c(varbind(NAME, tlv(0x05, b"\0"))),
}


def with_value(value: bytes) -> bytes:
    return v2c(varbind(NAME, value), IF_INDEX)


ODD = {
    "TimeTicks with the sign bit": (with_value(tlv(0x43, b"\xff" * 4)), "negative-unsigned"),
    "Counter32 with the sign bit": (with_value(tlv(0x41, b"\x80\0\0\0")), "negative-unsigned"),
    "Gauge32 with the sign bit": (with_value(tlv(0x42, b"\xff")), "negative-unsigned"),
    "Counter64 with the sign bit": (with_value(tlv(0x46, b"\xff" * 8)), "negative-unsigned"),
    "sysUpTime with the sign bit": (
        message(notification(varbind(SYS_UPTIME, tlv(0x43, b"\xf0\0\0\0")), TRAP_OID, IF_INDEX)),
        "negative-unsigned",
    ),
    "a v1 timestamp with the sign bit": (
        message(v1_pdu(IF_INDEX, uptime=tlv(0x43, b"\xf0\0\0\0")), version=0),
        "negative-unsigned",
    ),
    "TimeTicks of 33 bits": (with_value(integer(2**32, 0x43)), "wide-integer"),
    "Counter32 of 40 bits": (with_value(integer(2**40 - 1, 0x41)), "wide-integer"),
    "Gauge32 of 64 bits": (with_value(integer(2**63, 0x42)), "wide-integer"),
    "an INTEGER of 40 bits": (with_value(integer(2**39)), "wide-integer"),
    "a negative INTEGER of 64 bits": (with_value(integer(-(2**63))), "wide-integer"),
    "an unsigned INTEGER of 32 bits": (with_value(integer(2**31)), "wide-integer"),
    "an INTEGER of 80 bits": (with_value(integer(2**78)), "unreadable-value"),
    "an INTEGER without bytes": (with_value(tlv(0x02)), "empty-integer"),
    "TimeTicks without bytes": (with_value(tlv(0x43)), "empty-integer"),
    "an IpAddress without bytes": (with_value(tlv(0x40)), "bad-address"),
    "an IpAddress of 3 bytes": (with_value(tlv(0x40, bytes(3))), "bad-address"),
    "an IpAddress of 16 bytes": (with_value(tlv(0x40, bytes(16))), "bad-address"),
    "an IpAddress of 32 bytes": (with_value(tlv(0x40, bytes(32))), "bad-address"),
    "UInteger32": (with_value(integer(5, 0x47)), "obsolete-type"),
    "NsapAddress": (with_value(tlv(0x45, b"\x47" + bytes(5))), "obsolete-type"),
    "BOOLEAN": (with_value(tlv(0x01, b"\xff")), "unknown-type"),
    "a constructed OCTET STRING": (with_value(tlv(0x24, tlv(0x04, b"ab"))), "unknown-type"),
    "a type of two bytes": (with_value(b"\x9f\x78\x04abcd"), "unknown-type"),
    "an OID value that is cut": (with_value(tlv(0x06, b"\x2b\x86")), "unreadable-value"),
    "an OID value of a 33-bit part": (
        with_value(oid("1.3.6.4294967296")),
        "unreadable-value",
    ),
    "an OID value of 200 parts": (with_value(oid("1.3" + ".6" * 198)), "unreadable-value"),
    "an OID value without bytes": (with_value(tlv(0x06)), "empty-oid"),
    "a name without bytes": (v2c(tlv(0x30, tlv(0x06), integer(1))), "empty-oid"),
    "an enterprise without bytes": (
        message(v1_pdu(IF_INDEX, enterprise=tlv(0x06)), version=0),
        "empty-oid",
    ),
    "Counter64 in SNMPv1": (v1(varbind(NAME, integer(5, 0x46))), "counter64-in-v1"),
    "a v1 PDU in a v2c message": (message(v1_pdu(IF_INDEX), version=1), "pdu-of-other-version"),
    "a v2 PDU in a v1 message": (
        message(notification(header(), IF_INDEX), version=0),
        "pdu-of-other-version",
    ),
    "an inform in a v1 message": (
        message(notification(header(), IF_INDEX, tag=0xA6), version=0),
        "pdu-of-other-version",
    ),
    "agent-addr without bytes": (
        message(v1_pdu(IF_INDEX, agent=tlv(0x40)), version=0),
        "bad-address",
    ),
    "agent-addr of 16 bytes": (
        message(v1_pdu(IF_INDEX, agent=tlv(0x40, bytes(15) + b"\1")), version=0),
        "bad-address",
    ),
    "generic-trap 7": (v1(IF_INDEX, generic=7), "bad-generic-trap"),
    "generic-trap -1": (v1(IF_INDEX, generic=-1), "bad-generic-trap"),
    "a negative specific-trap": (v1(IF_INDEX, specific=-1), "bad-specific-trap"),
    "a specific-trap of 40 bits": (v1(IF_INDEX, specific=2**39), "bad-specific-trap"),
    "bytes after the message": (v2c(IF_INDEX) + b"\0\0", "trailing-bytes"),
    "bytes after the PDU": (
        tlv(
            0x30,
            integer(1),
            tlv(0x04, b"public"),
            notification(header(), IF_INDEX) + tlv(0x05),
        ),
        "trailing-bytes",
    ),
    "bytes after the variables": (
        message(tlv(0xA7, integer(7), integer(0), integer(0), tlv(0x30, header()), tlv(0x05))),
        "trailing-bytes",
    ),
    "bytes after a value": (with_value(integer(1) + tlv(0x05)), "trailing-bytes"),
    "no sysUpTime": (message(notification(TRAP_OID, IF_INDEX)), "no-uptime"),
    "no snmpTrapOID": (message(notification(UPTIME, IF_INDEX)), "no-trap-oid"),
    "no variables at all": (message(notification()), "no-uptime no-trap-oid"),
    "snmpTrapOID before sysUpTime": (
        message(notification(TRAP_OID, UPTIME, IF_INDEX)),
        "misplaced-header",
    ),
    "sysUpTime and snmpTrapOID last": (
        message(notification(IF_INDEX, UPTIME, TRAP_OID)),
        "misplaced-header",
    ),
    "sysUpTime and snmpTrapOID without instance": (
        message(
            notification(
                varbind(SYS_UPTIME[:-2], integer(4711, 0x43)),
                varbind(SNMP_TRAP_OID[:-2], oid(LINK_DOWN)),
                IF_INDEX,
            )
        ),
        "misplaced-header",
    ),
    "a variable that is repeated": (v2c(IF_INDEX, IF_INDEX), "repeated-varbind"),
    "sysUpTime that is repeated": (v2c(UPTIME), "repeated-varbind"),
}

"""MIB texts of a vendor that there is not, in the shapes that vendors write."""

ACME = """\
ACME-MIB DEFINITIONS ::= BEGIN
-- It has what a vendor's module has: types of its own, a table, one that augments IF-MIB's.
IMPORTS
    MODULE-IDENTITY, OBJECT-TYPE, NOTIFICATION-TYPE, enterprises, Unsigned32 FROM SNMPv2-SMI
    DisplayString, MacAddress, TruthValue, DateAndTime FROM SNMPv2-TC
    InetAddressType, InetAddress FROM INET-ADDRESS-MIB
    ifIndex, ifEntry, InterfaceIndex FROM IF-MIB;

acme MODULE-IDENTITY
    LAST-UPDATED "202601010000Z" ORGANIZATION "Acme" CONTACT-INFO "none" DESCRIPTION "A test."
    ::= { enterprises 99999 }

AcmeState ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION "" SYNTAX INTEGER { up(1), down(2) }
AcmeLinkState ::= AcmeState
AcmePeer ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION "" SYNTAX InetAddress (SIZE (4))
AcmeTenth ::= TEXTUAL-CONVENTION DISPLAY-HINT "d-1" STATUS current DESCRIPTION "" SYNTAX Unsigned32

acmeTable OBJECT-TYPE SYNTAX SEQUENCE OF AcmeEntry
    MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acme 1 }
acmeEntry OBJECT-TYPE SYNTAX AcmeEntry
    MAX-ACCESS not-accessible STATUS current DESCRIPTION ""
    INDEX { acmePeerType, acmePeer, IMPLIED acme-Name } ::= { acmeTable 1 }
AcmeEntry ::= SEQUENCE {
    acmePeerType InetAddressType, acmePeer InetAddress, acme-Name DisplayString,
    acmeMac MacAddress, acmeFlags BITS, acmeState AcmeLinkState }
acmePeerType OBJECT-TYPE SYNTAX InetAddressType
    MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acmeEntry 1 }
acmePeer OBJECT-TYPE SYNTAX InetAddress
    MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acmeEntry 2 }
acme-Name OBJECT-TYPE SYNTAX DisplayString (SIZE (1..32))
    MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acmeEntry 3 }
acmeMac OBJECT-TYPE SYNTAX MacAddress
    MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeEntry 4 }
acmeFlags OBJECT-TYPE SYNTAX BITS { hot(0), loud(1) }
    MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeEntry 5 }
acmeState OBJECT-TYPE SYNTAX AcmeLinkState
    MAX-ACCESS read-only STATUS current DESCRIPTION "" DEFVAL { up } ::= { acmeEntry 6 }
acmeOther OBJECT-TYPE SYNTAX AcmePeer
    MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeEntry 7 }

acmeXTable OBJECT-TYPE SYNTAX SEQUENCE OF AcmeXEntry
    MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acme 2 }
acmeXEntry OBJECT-TYPE SYNTAX AcmeXEntry
    MAX-ACCESS not-accessible STATUS current DESCRIPTION ""
    AUGMENTS { ifEntry } ::= { acmeXTable 1 }
AcmeXEntry ::= SEQUENCE { acmeHeat AcmeTenth }
acmeHeat OBJECT-TYPE SYNTAX AcmeTenth
    MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeXEntry 1 }
acmeYTable OBJECT-TYPE SYNTAX SEQUENCE OF AcmeYEntry
    MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acme 3 }
acmeYEntry OBJECT-TYPE SYNTAX AcmeYEntry
    MAX-ACCESS not-accessible STATUS current DESCRIPTION ""
    AUGMENTS { acmeEntry } ::= { acmeYTable 1 }
AcmeYEntry ::= SEQUENCE { acmeSince DateAndTime }
acmeSince OBJECT-TYPE SYNTAX DateAndTime
    MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeYEntry 1 }

acmeDown NOTIFICATION-TYPE
    OBJECTS { ifIndex, acmeState } STATUS current DESCRIPTION "" ::= { acme 0 1 }
END
"""

OLD = """\
OLD-MIB DEFINITIONS ::= BEGIN
IMPORTS enterprises, IpAddress FROM RFC1155-SMI
        OBJECT-TYPE FROM RFC-1212
        TRAP-TYPE FROM RFC-1215
        ifIndex, DisplayString FROM RFC1213-MIB;
old OBJECT IDENTIFIER ::= { enterprises 99998 }
oldState OBJECT-TYPE SYNTAX INTEGER { on(1), off(2) }
    ACCESS read-only STATUS mandatory DESCRIPTION "" ::= { old 1 }
oldName OBJECT-TYPE SYNTAX DisplayString
    ACCESS read-only STATUS mandatory DESCRIPTION "" ::= { old 2 }
oldTrap TRAP-TYPE ENTERPRISE old VARIABLES { oldState, ifIndex } DESCRIPTION "" ::= 5
END
"""
"""SMIv1: its trap is enterprise.0.5 (RFC 3584 §3.1)."""


def module(name: str, body: str = "", imports: str = "enterprises FROM SNMPv2-SMI") -> str:
    """A small module."""
    return f"{name} DEFINITIONS ::= BEGIN\nIMPORTS {imports};\n{body}\nEND\n"


def scalar(name: str, oid: str, syntax: str = "INTEGER") -> str:
    """An object, on one line."""
    return (
        f"{name} OBJECT-TYPE SYNTAX {syntax} MAX-ACCESS read-only STATUS current "
        f'DESCRIPTION "" ::= {{ {oid} }}'
    )

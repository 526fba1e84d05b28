"""trapgate: SNMP traps and syslog in, deduplicated tickets with guaranteed clears out."""

__version__ = "0.1.0"

"""Syslog bytes → messages: RFC 5424, RFC 3164 and its kin, Cisco IOS; whatever else, as it is.

In: one datagram (a UDP packet or one de-framed stream frame). Out: one `SyslogMessage`. Nothing is
refused: a line that no grammar fits is a message of format `unparsed`.
"""

from trapgate.decode.syslog.decoder import SyslogDecoder

__all__ = ["SyslogDecoder"]

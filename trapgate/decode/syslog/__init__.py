"""Syslog bytes → messages: RFC 5424, RFC 3164 and its kin, Cisco's headers; the rest as it is.

In: one datagram (a UDP packet or one de-framed stream frame). Out: a `SyslogMessage` for each
message in it, nearly always one. Nothing is refused: a line that no grammar fits is a message of
format `unparsed`.
"""

from trapgate.decode.syslog.body.build import build_dialects
from trapgate.decode.syslog.body.dialects import Dialects
from trapgate.decode.syslog.decoder import Reading, SyslogDecoder

__all__ = ["Dialects", "Reading", "SyslogDecoder", "build_dialects"]

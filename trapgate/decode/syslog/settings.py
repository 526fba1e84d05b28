"""The `decode.syslog` section of `trapgate.yml`."""

from trapgate.config import Section


class SyslogSettings(Section, frozen=True, kw_only=True):
    """Syslog: what the lines of devices mean."""

    dialects: tuple[str, ...] = ()
    """Dialect files of your own: paths or globs, relative to this file; docs/dialects.md tells how
    to write one. A dialect with the name of one of ours stands in its place."""

"""`mib`: where a user's own MIBs are."""

from trapgate.config import Section


class MibSettings(Section, frozen=True, kw_only=True):
    """`mib`: names for what devices send, beside those that trapgate comes with."""

    folders: tuple[str, ...] = ("mibs",)
    """Folders of vendors' MIB files, relative to this file, with all folders in them; `trapgate mib
    add` copies into the first. Files are compiled when trapgate starts or reloads, and kept in the
    data folder; one with errors is left out, with a warning."""

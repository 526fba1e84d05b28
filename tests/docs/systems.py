"""docs/systems.md, written from the dialects that trapgate comes with."""

from trapgate.app.files import bundled_dialects
from trapgate.config import load
from trapgate.decode.syslog.body.file import DialectFile

INTRODUCTION = """\
# Systems whose syslog is read

<!-- Written by `make docs` from the files in trapgate/dialects. -->

Of every line, whoever wrote it, trapgate tells the device, the time, the severity and the program.
What stands behind them, the event's code and the fields that rules and searches work with, is read
by a dialect; these come with trapgate. A line that none of them reads has the form of its header
as `event.parser`. [dialects.md](dialects.md) tells how to write one of your own, and how to correct
one of these.
"""

OF_NO_VENDOR = """\
## Forms that many use
"""


def systems_page() -> str:
    """The whole page."""
    files = [_read(name, text) for name, text in bundled_dialects().items()]
    files = [file for file in files if file.when]  # the others only lend what they have
    owned = [file for file in files if file.vendor]
    owned.sort(key=lambda file: (str(file.vendor).lower(), str(file.product).lower(), file.name))
    rows = [f"| {file.vendor} | {file.product or ''} | `{file.name}` |" for file in owned]
    table = ["| vendor | product | `event.parser` |", "|---|---|---|", *rows, ""]
    others = sorted(f"`{file.name}`" for file in files if not file.vendor)
    return "\n".join([INTRODUCTION, *table, OF_NO_VENDOR, ", ".join(others) + ".", ""])


def _read(name: str, text: str) -> DialectFile:
    file = load(text, name, DialectFile).value
    assert file is not None
    return file

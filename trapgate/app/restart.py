"""What has changed that a running trapgate cannot take over: key by key, with old and new value."""

import re
from collections.abc import Iterator

import msgspec

from trapgate.app.build import Configuration
from trapgate.config import ByteSize, Section
from trapgate.config.section import field_types
from trapgate.model import Problem, Span

FIXED = ("data", "spool", "decode.workers", "store", "web", "observe")
"""Sections and keys of `trapgate.yml` that say what is opened and started: a reload opens and
starts nothing but listeners."""

SECRETS = frozenset({"password", "api_key"})
"""Keys below `FIXED` whose values are told to nobody."""

HIDDEN = "<secret>"

_USERINFO = re.compile(r"(?<=://)\S*(?=@)")
_UNITS = (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10))


class _Change(msgspec.Struct, frozen=True):
    """A key with another value: its full name, its place or the nearest one, both values."""

    name: str
    span: Span | None
    old: object
    new: object


def restart_needed(old: Configuration, new: Configuration) -> list[Problem]:
    """What a running trapgate cannot change: each key is a problem of the new configuration, at its
    place there. Of a key that is gone it is that of its section, or the file."""
    file = new.bundle.main[0]
    return [
        Problem(
            "restart-needed",
            "error",
            f'"{change.name}" has changed{_values(change)}, which a reload cannot apply',
            change.span or Span(file),
            "restart trapgate to use it",
        )
        for change in _changes(old.settings, new.settings)
        if any(change.name == name or change.name.startswith(f"{name}.") for name in FIXED)
    ]


def _changes(
    old: Section, new: Section, above: str = "", place: Span | None = None
) -> Iterator[_Change]:
    for key, (attribute, _) in field_types(type(new)).items():
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before == after:
            continue
        name, keys = f"{above}{key}", new.where.keys
        # a secret may be given by a file, and is in the place of its twin then
        span = keys.get(key) or keys.get(f"{key}_file") or place
        if isinstance(before, Section) and isinstance(after, Section):
            yield from _changes(before, after, f"{name}.", span)
        else:
            yield _Change(name, span, before, after)


def _values(change: _Change) -> str:
    if change.name.rpartition(".")[2] in SECRETS:
        return ""
    return f" from {_shown(change.old)} to {_shown(change.new)}"


def _shown(value: object) -> str:
    """A value as it is written in the file."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, ByteSize):
        return next(
            (
                f"{value >> bits}{unit}"
                for unit, bits in _UNITS
                if value and value % (1 << bits) == 0
            ),
            str(int(value)),
        )
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _USERINFO.sub(HIDDEN, text)

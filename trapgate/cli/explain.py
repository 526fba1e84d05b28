"""`trapgate decode syslog --explain`: which step of the decoder took which characters of a line."""

from collections.abc import Iterator

from trapgate.decode.syslog import Reading
from trapgate.mib import visible
from trapgate.model import Event, rfc3339

PART_CHARS_MAX = 100
"""A part is cut here: one line of a terminal."""

CUT = "…"


def explained(reading: Reading, event: Event) -> str:
    """Lines without the last line's end: each step with the characters that it took and where they
    are, what was made of them, and what was odd."""
    lines = [_shown(reading.text)]
    width = max((len(name) for name, _, _ in reading.steps), default=0)
    for name, start, end in reading.steps:
        lines.append(f"  {start:>5}-{end:<5} {name:<{width}}  {_shown(reading.text[start:end])}")
    lines += [f"  = {name}: {value}" for name, value in _findings(reading, event)]
    lines += [f"  ! {problem.summary} [{problem.code}]" for problem in event.problems]
    return "\n".join(lines)


def _findings(reading: Reading, event: Event) -> Iterator[tuple[str, str]]:
    yield "host.name", f"{event.device} ({_who_said(reading, event)})"
    told = "the device's clock" if event.clock != "arrival" else "the time of receipt"
    yield "@timestamp", f"{rfc3339(event.timestamp, digits=6)} ({told})"
    yield "event.parser", str(event.fields.get("event.parser", reading.message.format))
    if event.code:
        yield "event.code", event.code
    for name, value in sorted(event.fields.items()):
        if not name.startswith("log.") and name != "event.parser":
            yield name, ", ".join(value) if isinstance(value, tuple) else str(value)


def _who_said(reading: Reading, event: Event) -> str:
    """Where the device's name is from."""
    if event.device == reading.message.hostname:
        return "the message"
    return "the sender" if event.device == event.source.address else "sources"


def _shown(text: str) -> str:
    text = visible(text)
    return text if len(text) <= PART_CHARS_MAX else text[:PART_CHARS_MAX] + CUT

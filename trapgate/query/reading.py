"""An event's fields by their flat dotted names, wherever the event has them."""

from collections.abc import Callable, Mapping

from trapgate.model import Event, FieldValue
from trapgate.query.texts import texts_of

LABELS = "labels."
"""Before the name of a user's label."""

Reader = Callable[[Event], FieldValue | None]

COLUMNS: Mapping[str, Reader] = {
    "error.code": lambda event: tuple(problem.code for problem in event.problems),
    "error.message": lambda event: tuple(problem.summary for problem in event.problems),
    "event.code": lambda event: event.code or None,
    "event.dataset": lambda event: event.kind,
    "event.id": lambda event: event.id,
    "event.module": lambda event: event.kind.partition(".")[0],
    "event.severity": lambda event: event.severity,
    "host.name": lambda event: event.device or None,
    "message": lambda event: event.message or None,
    "source.ip": lambda event: event.source.address,
    "source.port": lambda event: event.source.port,
}
"""Fields that are attributes of `Event`, by their ECS names; an empty one is missing."""


def read_field(name: str) -> Reader:
    """A function that reads a field by its flat dotted name; `None` if the event has it not.

    Attributes of `Event` go by their ECS names (`host.name`, `message`, `source.ip`), an empty
    one is missing. `labels.x` is the user's label `x`; all others come from `Event.fields`.
    """
    column = COLUMNS.get(name)
    if column is not None:
        return column
    if name.startswith(LABELS):
        label = name.removeprefix(LABELS)
        return lambda event: event.labels.get(label)
    return lambda event: event.fields.get(name)


def is_column(name: str) -> bool:
    """Whether a field is an attribute of `Event`, which `Event.fields` does not hold."""
    return name in COLUMNS


def field_text(value: FieldValue | None) -> str:
    """A field's value as one text: several values joined by ", ", "" for a missing one."""
    return value if isinstance(value, str) else ", ".join(texts_of(value))


def read_text(name: str) -> Callable[[Event], str]:
    """A function that reads a field as text (see `read_field`, `field_text`)."""
    read = read_field(name)
    return lambda event: field_text(read(event))

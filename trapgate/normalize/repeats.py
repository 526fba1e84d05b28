"""What was kept, so that what only says it again can be told.

Two questions, because rules and people ask differently. For a rule an event is a repeat if it
raises what was raised last, or clears what was cleared last: state is what counts. For a person it
is one if code, device and variables are the same. Both memories are bounded; what does not fit is
not remembered, and so never taken for a repeat.
"""

from collections.abc import Iterable
from hashlib import blake2b

from trapgate.model import Event, Match

ARRIVAL = "arrival"
"""`Match.clock` of events that happened when they arrived."""

_Said = tuple[str, str, int]


class Space:
    """How many things all sources together may still have remembered."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self) -> bool:
        """Room for one more, if there is any."""
        self._left -= 1
        return self._left >= 0

    def copied(self) -> "Space":
        return Space(self._left)


class Verbs:
    """The last kept match of each key of each rule. One memory serves all sources: one of them may
    clear what another has raised. It is right from its first moment on if it is told of every kept
    event from then on."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._said: dict[tuple[str, tuple[str, ...]], _Said] = {}

    def changed_by(self, matches: Iterable[Match]) -> bool:
        """Whether any of these says something else than the last kept match of its rule and key."""
        said = self._said
        return any(said.get((match.rule, match.key)) != _said(match) for match in matches)

    def note(self, matches: Iterable[Match]) -> None:
        """These were kept."""
        for match in matches:
            key = (match.rule, match.key)
            if key in self._said or self._space.take():
                self._said[key] = _said(match)

    def copied(self, space: Space) -> "Verbs":
        """The same in a memory of its own, with this room."""
        made = Verbs(space)
        made._said = dict(self._said)
        return made


class Seen:
    """The digests of the kept events of one source, `size` of them at the most."""

    def __init__(self, space: Space, size: int) -> None:
        self._space = space
        self._size = size
        self._digests: set[bytes] = set()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._digests

    def add(self, digest: bytes) -> bool:
        """Remember a kept event; whether there was room for it."""
        if digest in self._digests:
            return True
        if len(self._digests) >= self._size or not self._space.take():
            return False
        self._digests.add(digest)
        return True

    def copied(self, space: Space) -> "Seen":
        """The same in a memory of its own, with this room."""
        made = Seen(space, self._size)
        made._digests = set(self._digests)
        return made


def digest_of(event: Event) -> bytes:
    """What two events share if they say the same: device, code, and the variables of a trap or else
    the text. Uptime and request-id, in which each is different, are no part of it."""
    variables = event.fields.get("snmp.varbinds")
    said = variables if isinstance(variables, tuple) else (event.message,)
    text = "\0".join((event.device, event.code, *said))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _said(match: Match) -> _Said:
    """What the rules' state depends on. A device's clock puts raises and clears in order, so there
    a later stamp is something new, also of the same verb."""
    return (match.verb, match.clock, 0 if match.clock == ARRIVAL else match.timestamp)

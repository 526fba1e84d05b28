"""What the HTTP API stands on: given by `app`, which knows the concrete parts."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from trapgate.alerting.board import Board
from trapgate.model import Alert, Now
from trapgate.observe import Sounding
from trapgate.ports import EventStore, History


class Backend(msgspec.Struct, frozen=True):
    """The running product, as seen from HTTP.

    `receive` makes alerts durable, or returns the reason why it could not; `reload` returns an
    error text or `None`; `ready` returns a reason why not, or `None`; `alarms` is what is wrong;
    `config_text` is `alertmanager.yml` without secrets.
    """

    board: Board
    receive: Callable[[Sequence[Alert]], Awaitable[str | None]]
    reload: Callable[[], Awaitable[str | None]]
    ready: Callable[[], str | None]
    metrics: Callable[[], bytes]
    config_text: Callable[[], str]
    resolve_timeout_ns: Callable[[], int]
    now: Callable[[], Now]
    started_at: int
    events: EventStore
    history: History
    count_received: Callable[[str, int], None]
    count_invalid: Callable[[int], None]
    alarms: Callable[[], Sequence[Sounding]] = tuple

"""The consistent state beneath rules, alerting and notify, and the history of decisions.

In: units of writes with the revisions that they expect. Out: who won, and everything at start.
`sqlite` is the embedded default, `memory` is for tests and simulations; one contract holds for
all.
"""

from trapgate.state.errors import NewerSchema, StateLocked, StateUnavailable
from trapgate.state.history import HISTORY_BYTES_MAX, SqliteHistory
from trapgate.state.memory import MemoryStateStore
from trapgate.state.sqlite import SqliteStateStore

__all__ = [
    "HISTORY_BYTES_MAX",
    "MemoryStateStore",
    "NewerSchema",
    "SqliteHistory",
    "SqliteStateStore",
    "StateLocked",
    "StateUnavailable",
]

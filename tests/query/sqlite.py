"""The SQL back end with the layout of the store, on a table of its own."""

import sqlite3
from collections.abc import Sequence

import msgspec

from trapgate.model import Event
from trapgate.model.query import Query
from trapgate.query.sql import FUNCTIONS, sql_condition
from trapgate.store.sqlite.reader import LAYOUT

_TABLE = """
    CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT, dataset TEXT, severity INTEGER,
    code TEXT, device TEXT, source TEXT, message TEXT, doc TEXT)
"""


def search_sqlite(events: Sequence[Event], queries: Sequence[Query]) -> Sequence[set[int]]:
    """For each query the places of the events that SQLite finds."""
    connection = sqlite3.connect(":memory:")
    try:
        for name, function in FUNCTIONS.items():
            connection.create_function(name, 2, function, deterministic=True)
        connection.execute(_TABLE)
        rows = [_row(place, event) for place, event in enumerate(events)]
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        return [_found(connection, query) for query in queries]
    finally:
        connection.close()


def _found(connection: sqlite3.Connection, query: Query) -> set[int]:
    condition = sql_condition(query, LAYOUT)
    sql = f"SELECT seq, ({condition.text}) FROM events"
    answers = dict(connection.execute(sql, condition.parameters).fetchall())
    assert set(answers.values()) <= {0, 1}, "NULL is neither, and `not` of it would find nothing"
    return {place for place, answer in answers.items() if answer}


def _row(place: int, event: Event) -> tuple[int | str | None, ...]:
    doc = {
        "port": event.source.port,
        "labels": event.labels,
        "fields": event.fields,
        "problems": event.problems,
    }
    return (
        place,
        event.id,
        event.kind,
        event.severity,
        event.code,
        event.device,
        event.source.address,
        event.message,
        msgspec.json.encode(doc).decode(),
    )

"""What the SQL looks like, and what it may not do; what it means is in `test_contract`."""

import re
import sqlite3

import pytest
from hypothesis import given

from query.samples import QUERIES
from trapgate.model.query import Query
from trapgate.query import parse_query
from trapgate.query.sql import FUNCTIONS, Condition, sql_condition
from trapgate.store.sqlite.reader import LAYOUT

LITERALS = {
    *("", "."),  # the table's own columns
    *("true", "false", "null", "array", "integer", "[true]", "[false]", "[]"),
    *("$.port", "$.fields", "$.labels", "$.problems", "$.code", "$.summary"),
}


def sql(text: str) -> Condition:
    return sql_condition(parse_query(text), LAYOUT)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("*", Condition("1")),
        ("event.code:a", Condition("nullif(code, '') IS ?", ("a",))),
        (
            "event.code:1.3.6.1.4.1.9.1",
            Condition(
                "ifnull(nullif(code, '') IN (?, ?), 0)",
                ("1.3.6.1.4.1.9.0.1", "1.3.6.1.4.1.9.1"),
            ),
        ),
        (
            "event.code:(a or b) or host.name:c",
            Condition(
                "ifnull(nullif(code, '') IN (?, ?), 0) OR nullif(device, '') IS ?", ("a", "b", "c")
            ),
        ),
        ("event.severity <= 3", Condition("ifnull(severity <= ?, 0)", (3.0,))),
        ("event.severity:3", Condition("ifnull(severity = ?, 0)", (3,))),
        ("not host.name:*", Condition("NOT (nullif(device, '') IS NOT NULL)")),
        ("host.name:a*b", Condition("trapgate_fits(nullif(device, ''), ?)", ('["a","b"]',))),
        ("message:Down", Condition("trapgate_says(nullif(message, ''), ?)", (" down ",))),
        ("message:Do*", Condition("trapgate_says(nullif(message, ''), ?)", (" do",))),
        ("source.ip:10.0.0.0/8", Condition("trapgate_within(source, ?)", ("10.0.0.0/8",))),
        (
            "snmp.uptime:3",
            Condition(
                "EXISTS (SELECT 1 FROM json_each(doc, ?) AS v"
                " WHERE v.type = 'integer' AND v.value = ?)",
                ('$.fields."snmp.uptime"', 3),
            ),
        ),
    ],
)
def test_conditions_are_plain(text: str, condition: Condition) -> None:
    assert sql(text) == condition


def test_words_cost_most_and_columns_least() -> None:
    condition = sql("message:a and interface.name:b and host.name:c")
    assert condition.parameters == ("c", '$.fields."interface.name"', "b", " a ")


def test_an_or_stands_in_parentheses_before_what_is_not_nested() -> None:
    condition = sql("host.name:a and (event.code:b or message:c)")
    assert condition.text == (
        "(trapgate_says(nullif(message, ''), ?) OR nullif(code, '') IS ?)"
        " AND nullif(device, '') IS ?"
    )


@given(QUERIES)
def test_nothing_of_a_query_stands_in_the_text(query: Query) -> None:
    condition = sql_condition(query, LAYOUT)
    assert condition.text.count("?") == len(condition.parameters)
    literals = set(re.findall(r"'([^']*)'", condition.text))
    assert literals <= LITERALS


def test_the_functions_take_a_missing_text() -> None:
    connection = sqlite3.connect(":memory:")
    for name, function in FUNCTIONS.items():
        connection.create_function(name, 2, function, deterministic=True)
    for name, parameter in zip(FUNCTIONS, ('["",""]', " a", "::/0"), strict=True):
        assert connection.execute(f"SELECT {name}(NULL, ?)", (parameter,)).fetchone() == (0,)
    connection.close()

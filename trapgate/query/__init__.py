"""The query language: text → `trapgate.model.query` → a Python predicate, and back to text.

In: a query as users write it, a subset of Kibana's KQL. Out: a tree that three back ends read
alike: `predicate`, `sql` for SQLite, `dsl` with `indexed` for Elasticsearch; each store imports its
own. Pure; errors carry an offset into the text.
"""

from trapgate.query.codes import given_code, required_codes
from trapgate.query.demands import Demand, demand
from trapgate.query.errors import QueryError
from trapgate.query.fields import FieldKind, check_field, field_kind, field_problem
from trapgate.query.oids import meant
from trapgate.query.parser import parse_query
from trapgate.query.predicate import Predicate, predicate
from trapgate.query.reading import field_text, read_field, read_text
from trapgate.query.text import query_text
from trapgate.query.words import words

__all__ = [
    "Demand",
    "FieldKind",
    "Predicate",
    "QueryError",
    "check_field",
    "demand",
    "field_kind",
    "field_problem",
    "field_text",
    "given_code",
    "meant",
    "parse_query",
    "predicate",
    "query_text",
    "read_field",
    "read_text",
    "required_codes",
    "words",
]

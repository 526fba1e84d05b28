from hypothesis import given

from query.samples import QUERIES
from trapgate.model.query import Query
from trapgate.query import parse_query, query_text


@given(QUERIES)
def test_every_sample_can_be_written(query: Query) -> None:
    assert parse_query(query_text(query)) == query

"""Places in files as editors write them."""

from trapgate.model import Span


def test_a_span_is_written_so_that_an_editor_finds_it() -> None:
    assert str(Span("rules/a.yml", 3, 5)) == "rules/a.yml:3:5"
    assert str(Span("rules/a.yml")) == "rules/a.yml"

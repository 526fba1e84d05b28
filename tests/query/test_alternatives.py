from trapgate.model.query import Everything, Not, Or, Phrase, Word
from trapgate.query.alternatives import alternatives


def test_the_values_of_a_field_come_together() -> None:
    phrase, number = Phrase("message", ("a",)), Word("event.severity", "3")
    no = Not(Word("event.code", "z"))
    values, rest = alternatives(
        (
            *(Word("event.code", "a"), phrase, Word("host.name", "x"), number),
            *(Word("event.code", "1.3.6.1.4.1.9.1"), no),
        )
    )
    assert values == {
        "event.code": {"a", "1.3.6.1.4.1.9.1", "1.3.6.1.4.1.9.0.1"},
        "host.name": {"x"},
    }
    assert rest == (phrase, number, no)


def test_those_of_an_or_among_them_are_alternatives_too() -> None:
    everything = Everything()
    inner = Or((Word("event.code", "b"), Or((everything, Word("event.code", "c")))))
    values, rest = alternatives((Word("event.code", "a"), inner))
    assert values == {"event.code": {"a", "b", "c"}}
    assert rest == (everything,)

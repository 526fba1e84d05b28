import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.query.texts import address_of, fits, phrase_needle, says, within


@given(
    st.lists(st.text("ab", max_size=2), min_size=2, max_size=5).map(tuple),
    st.text("ab", max_size=8),
)
def test_wildcards_match_as_backtracking_would(pattern: tuple[str, ...], text: str) -> None:
    def matches(pieces: tuple[str, ...], rest: str) -> bool:
        if len(pieces) == 1:
            return rest.endswith(pieces[0])
        places = [at for at in range(len(rest) + 1) if rest.startswith(pieces[0], at)]
        return any(matches(pieces[1:], rest[at + len(pieces[0]) :]) for at in places)

    expected = text.startswith(pattern[0]) and matches(pattern[1:], text[len(pattern[0]) :])
    assert fits(pattern)(text) is expected


@pytest.mark.parametrize(
    ("words", "prefix", "holds"),
    [
        (("gi0", "1"), False, True),
        (("gi0", "1"), True, True),
        (("is", "do"), True, True),
        (("is", "do"), False, False),
        (("s", "down"), False, False),
        (("is", "gi0"), False, False),
    ],
)
def test_a_phrase_is_words_side_by_side(words: tuple[str, ...], prefix: bool, holds: bool) -> None:
    assert says(phrase_needle(words, prefix))("Gi0/1 is DOWN") is holds


@pytest.mark.parametrize(
    ("cidr", "text", "holds"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("::/0", "10.1.2.3", False),
        ("::/0", "::ffff:10.1.2.3", True),
        ("0.0.0.0/0", "::ffff:10.1.2.3", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("0.0.0.0/0", "nonsense", False),
    ],
)
def test_a_network_has_addresses_of_its_version(cidr: str, text: str, holds: bool) -> None:
    assert within(cidr)(text) is holds


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = address_of(text)
    assert address is None or str(address)

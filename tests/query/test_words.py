from hypothesis import given
from hypothesis import strategies as st

from trapgate.query import words
from trapgate.query.words import WORD_CHARS_MAX


def test_words_are_runs_of_letters_and_digits() -> None:
    assert words("%LINK-3-UPDOWN: Interface Gi0/1, link_state down.") == (
        *("link", "3", "updown", "interface", "gi0", "1", "link", "state", "down"),
    )


def test_words_of_other_scripts_are_casefolded() -> None:
    assert words("STRASSE Straße ΣΑΣ １２") == ("strasse", "strasse", "σασ", "１２")


def test_a_text_without_letters_has_no_words() -> None:
    assert words(" -_/*\t\n") == ()


@given(st.text())
def test_words_are_exactly_the_alphanumeric_runs(text: str) -> None:
    blanked = "".join(c if c.isalnum() else " " for c in text.casefold())
    assert words(text) == tuple(word[:WORD_CHARS_MAX] for word in blanked.split())


def test_a_long_word_counts_by_its_beginning() -> None:
    whole, longer = "a" * WORD_CHARS_MAX, "ab" * WORD_CHARS_MAX
    assert words(f"{whole} {whole}b {longer}0 c") == (whole, whole, longer[:WORD_CHARS_MAX], "c")
    # casefolding comes first: it may make a word longer
    assert words("ß" * WORD_CHARS_MAX) == ("s" * WORD_CHARS_MAX,)


@given(st.text())
def test_words_of_joined_words_are_the_same(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)

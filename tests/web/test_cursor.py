"""Cursors: what was a place is the same place again; anything else is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import Place, Position
from trapgate.web.cursor import Cursor, decode_cursor, encode_cursor

INT64 = st.integers(-(2**63), 2**63 - 1)
CURSORS = st.builds(
    Cursor,
    INT64,
    st.builds(
        Place,
        INT64,
        st.builds(Position, st.text("abcdef0123-/", max_size=50), st.integers(0, 2**44)),
    ),
)


@given(CURSORS)
def test_there_and_back(cursor: Cursor) -> None:
    assert decode_cursor(encode_cursor(cursor)) == cursor


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode()))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        cursor = decode_cursor(text)
    except ValueError as error:
        said = str(error)
    else:
        said = "this is no cursor" if decode_cursor(encode_cursor(cursor)) == cursor else ""
    assert said.startswith("this is no cursor")


def test_a_cursor_of_another_version_is_refused() -> None:
    text = encode_cursor(Cursor(1, Place(2, Position("raw", 3))))
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert content[1] == 1
    other = base64.urlsafe_b64encode(content[:1] + b"\x02" + content[2:]).decode().rstrip("=")
    with pytest.raises(ValueError, match="this is no cursor"):
        decode_cursor(other)

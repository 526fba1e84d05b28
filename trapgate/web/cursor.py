"""The cursor of a page of events: an opaque text for clients, a place in the store for us."""

import base64

import msgspec

from trapgate.model import Place, Position

CURSOR_SCHEMA = 1
"""Version of a cursor's content: MessagePack, (version, start, received_at, stream, sequence)."""

CURSOR_CHARS_MAX = 512
"""Longer texts are no cursor: ours have some 100 characters, a stream's name has 40."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, int, int, str, int]).decode


class Cursor(msgspec.Struct, frozen=True):
    """Where the next page goes on: behind `place`, down to `start`, the beginning of the time that
    the first page was asked for. It is kept here because "a day before now" moves."""

    start: int
    place: Place


def encode_cursor(cursor: Cursor) -> str:
    """The text of a cursor; letters, digits, - and _ only."""
    position = cursor.place.position
    content = _encode(
        (
            CURSOR_SCHEMA,
            cursor.start,
            cursor.place.received_at,
            position.stream,
            position.sequence,
        )
    )
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_cursor(text: str) -> Cursor:
    """Read a cursor. Raises `ValueError`, a sentence for the client, for any text that
    `encode_cursor` has not made, or that another version has."""
    try:
        if len(text) > CURSOR_CHARS_MAX:
            raise ValueError("it is too long")
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
        schema, start, received_at, stream, sequence = _decode(content)
        if schema != CURSOR_SCHEMA or sequence < 0:
            raise ValueError("it is of another version")
    except ValueError:
        # a `DecodeError` of msgspec and an error of base64 are of this kind, too
        raise ValueError('this is no cursor: give "next" of an answer as it is') from None
    return Cursor(start, Place(received_at, Position(stream, sequence)))

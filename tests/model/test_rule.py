"""The record of the matches spool: read back whole, or known to be unreadable."""

import msgspec
import pytest

from rules.samples import up_or_down
from trapgate.model import decode_matches, encode_matches

MATCHES = up_or_down("down", 1, said=2)
RECORD = encode_matches(MATCHES)


def test_there_and_back() -> None:
    assert decode_matches(RECORD) == MATCHES


@pytest.mark.parametrize("cut", range(len(RECORD)))
def test_a_record_that_is_cut_short(cut: int) -> None:
    assert decode_matches(RECORD[:cut]) is None


@pytest.mark.parametrize(
    "payload",
    [
        msgspec.msgpack.encode(MATCHES),  # without a version
        msgspec.msgpack.encode((2, MATCHES)),
        msgspec.msgpack.encode((1, {"position": 1})),
        RECORD + b"x",
        RECORD.replace(b"message", b"\xff" * 7),
        b"[1, 2]",
    ],
)
def test_what_cannot_be_read(payload: bytes) -> None:
    assert decode_matches(payload) is None


def test_what_cannot_be_written() -> None:
    match = MATCHES.matches[0]
    late = msgspec.structs.replace(match, timestamp=1 << 70)
    with pytest.raises(OverflowError):
        encode_matches(msgspec.structs.replace(MATCHES, matches=(late,)))
    torn = msgspec.structs.replace(match, key=("\ud800",))
    with pytest.raises(ValueError, match="surrogates"):
        encode_matches(msgspec.structs.replace(MATCHES, matches=(torn,)))

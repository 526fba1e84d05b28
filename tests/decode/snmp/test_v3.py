import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.snmp.peer import ENGINE_ID, TRAP, Peer, decoder, entry, received, verdict
from decode.snmp.wire import NOW, integer, tlv, v2c
from trapgate.decode.snmp.problems import MALFORMED, Unreadable
from trapgate.decode.snmp.v3 import is_v3, read_decrypted, read_message, read_scoped

HEADER = (integer(7), integer(65_507), tlv(4, b"\x00"), integer(3))
PARAMETERS = (tlv(4, ENGINE_ID), integer(3), integer(4), tlv(4, b"noc"), tlv(4), tlv(4))
SCOPED = tlv(0x30, tlv(4, ENGINE_ID), tlv(4), TRAP)


def message(
    header: tuple[bytes, ...] = HEADER,
    parameters: tuple[bytes, ...] = PARAMETERS,
    payload: bytes = SCOPED,
) -> bytes:
    return tlv(0x30, integer(3), tlv(0x30, *header), tlv(4, tlv(0x30, *parameters)), payload)


def with_boots(boots: bytes) -> tuple[bytes, ...]:
    return (PARAMETERS[0], boots, *PARAMETERS[2:])


def why(data: bytes) -> str:
    with pytest.raises(Unreadable) as raised:
        read_message(data)
    assert raised.value.problem.code in MALFORMED
    return raised.value.problem.code


def test_a_message() -> None:
    data = Peer().message(flags=7)
    read = read_message(data)
    assert (read.rank, read.level, read.flags) == (2, "authPriv", 7)
    assert (read.engine_id, read.boots, read.time) == (ENGINE_ID, 3, 5_000)
    assert (read.user, len(read.digest), len(read.salt)) == (b"noc", 24, 8)
    assert data[read.digest_at :].startswith(read.digest)
    assert data[read.flags_at] == 7
    assert data[read.header : read.header + 1] == b"\x30"
    assert (read.stop, read.end) == (len(data), len(data))
    assert read.found == ()
    assert [p.code for p in read_message(data + b"\0").found] == ["trailing-bytes"]


SHORT_SEQUENCE = tlv(
    0x30, integer(3), tlv(0x30, *HEADER), tlv(4, b"\x30\x05" + b"".join(PARAMETERS)), SCOPED
)
"""The parameters go on behind the end of their sequence."""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (message(header=(tlv(4), *HEADER[1:])), "bad-v3-header"),
        (message(header=(*HEADER[:2], tlv(4), HEADER[3])), "bad-v3-header"),
        (message(header=(*HEADER[:2], tlv(4, b"\0\0"), HEADER[3])), "bad-v3-header"),
        (message(header=HEADER[:3]), "bad-length"),
        (message(header=(*HEADER, integer(1))), "bad-v3-header"),
        (message(header=(*HEADER[:3], integer(1))), "unsupported-security-model"),
        (message(header=(*HEADER[:2], tlv(4, b"\x02"), HEADER[3])), "invalid-flags"),
        (message(header=(*HEADER[:2], tlv(4, b"\x06"), HEADER[3])), "invalid-flags"),
        (message(header=(*HEADER[:2], tlv(4, b"\x03"), HEADER[3])), "bad-scoped-pdu"),
        (message(parameters=PARAMETERS[:5]), "bad-length"),
        (message(parameters=(*PARAMETERS, tlv(4))), "bad-security-parameters"),
        (message(parameters=with_boots(integer(-1))), "bad-security-parameters"),
        (message(parameters=with_boots(integer(2**31))), "bad-security-parameters"),
        (message(parameters=with_boots(tlv(2))), "bad-security-parameters"),
        (message(parameters=(integer(1), *PARAMETERS[1:])), "bad-security-parameters"),
        (message(payload=tlv(4, SCOPED)), "bad-scoped-pdu"),
        (SHORT_SEQUENCE, "bad-security-parameters"),
        (tlv(0x30, integer(3), tlv(0x30, *HEADER), tlv(0x30), SCOPED), "bad-security-parameters"),
        (tlv(0x30, integer(3)), "bad-length"),
        (message()[:-1], "truncated"),
    ],
)  # fmt: skip
def test_what_is_not_a_message(data: bytes, code: str) -> None:
    assert why(data) == code
    assert verdict(decoder().decode(received(data), NOW)) == f"malformed/{code}"


@pytest.mark.parametrize(
    "scoped",
    [
        b"",
        tlv(4, ENGINE_ID),
        tlv(4, ENGINE_ID) + tlv(4),
        tlv(2) + tlv(4) + TRAP,
        tlv(4) + tlv(2) + TRAP,
        tlv(4) + tlv(4) + tlv(0x30),
        tlv(4) + tlv(4) + tlv(0x80),
    ],
)
def test_what_is_not_a_scoped_pdu(scoped: bytes) -> None:
    with pytest.raises(Unreadable):
        read_scoped(scoped, 0, len(scoped))
    user = entry(auth="none", auth_passphrase=None, privacy="none", privacy_passphrase=None)
    data = message(payload=tlv(0x30, scoped))
    assert decoder(user).decode(received(data), NOW).problems


def test_padding_is_no_oddity_and_more_is() -> None:
    for extra, codes in ((0, []), (15, []), (16, ["trailing-bytes"])):
        found: list[object] = []
        scoped = read_decrypted(SCOPED + bytes(extra), found)  # type: ignore[arg-type]
        assert [problem.code for problem in found] == codes  # type: ignore[attr-defined]
        assert SCOPED[scoped.pdu : scoped.end] == TRAP
    with pytest.raises(Unreadable):
        read_decrypted(b"\x04\x00", [])


@pytest.mark.parametrize("length_bytes", [0, 1, 2, 3, 4])
def test_the_version_behind_any_length(length_bytes: int) -> None:
    assert is_v3(tlv(0x30, integer(3), bytes(20), length_bytes=length_bytes))
    assert not is_v3(tlv(0x30, integer(1), bytes(20), length_bytes=length_bytes))


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x03", b"\x02\x01\x03", v2c(), b"\x30\xff\x02"]
)
def test_what_is_of_no_or_another_version(data: bytes) -> None:
    assert not is_v3(data)


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    whole = tlv(0x30, integer(3), data)
    decoded = decoder().decode(received(whole), NOW)
    assert not decoded.messages


@given(st.lists(st.binary(max_size=12), min_size=6, max_size=6), st.binary(max_size=40))
def test_any_parameters(parts: list[bytes], payload: bytes) -> None:
    parameters = tuple(tlv(2 if at in (1, 2) else 4, part) for at, part in enumerate(parts))
    decoder().decode(received(message(parameters=parameters, payload=tlv(0x30, payload))), NOW)

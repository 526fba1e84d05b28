import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.type.univ import OctetString

from decode.snmp.peer import ENGINE_ID, PRIVACY_OIDS, PRIVACY_SERVICES, privacy_key
from trapgate.decode.snmp.privacy import cipher_of

KEYS = {name: bytes(privacy_key("sha-256", name, "maplesyrup", ENGINE_ID)) for name in PRIVACY_OIDS}


@given(
    st.sampled_from(sorted(KEYS)), st.binary(min_size=1, max_size=100), st.integers(0, 2**31 - 1)
)
def test_what_pysnmp_encrypts_is_decrypted_and_the_reverse(
    name: str, plain: bytes, time: int
) -> None:
    service = PRIVACY_SERVICES[PRIVACY_OIDS[name]]
    cipher = cipher_of(name, KEYS[name])  # type: ignore[arg-type]
    key = OctetString(KEYS[name])
    theirs, salt = service.encrypt_data(key, (7, time, None), plain)
    decrypted = cipher.decrypt(bytes(theirs), bytes(salt), 7, time)
    assert decrypted.startswith(plain)
    ours, our_salt = cipher.encrypt(plain, 7, time)
    back = bytes(service.decrypt_data(key, (7, time, OctetString(our_salt)), OctetString(ours)))
    assert back.startswith(plain)
    assert len(ours) - len(plain) in range(8 if name == "des" else 1)


@pytest.mark.parametrize("name", ["des", "aes-128"])
def test_salts_are_functions_that_do_not_repeat(name: str) -> None:
    cipher = cipher_of(name, KEYS[name])  # type: ignore[arg-type]
    cases = [(b"a" * 16, 1, 1), (b"b" * 16, 1, 1), (b"a" * 16, 2, 1), (b"a" * 16, 1, 2)]
    answers = [cipher.encrypt(*case) for case in cases]
    assert answers == [cipher.encrypt(*case) for case in cases]
    assert len({salt for _, salt in answers}) == len(cases)
    other = cipher_of(name, bytes(len(KEYS[name])))  # type: ignore[arg-type]
    assert other.encrypt(*cases[0])[1] != answers[0][1]


@pytest.mark.parametrize(
    ("name", "data", "salt"),
    [
        ("des", bytes(8), bytes(7)),
        ("des", bytes(9), bytes(8)),
        ("des", b"", bytes(8)),
        ("aes-128", bytes(9), bytes(9)),
        ("aes-128", bytes(9), b""),
        ("aes-128", b"", bytes(8)),
    ],
)
def test_what_cannot_be_decrypted(name: str, data: bytes, salt: bytes) -> None:
    with pytest.raises(ValueError, match="a salt is 8 bytes"):
        cipher_of(name, KEYS[name]).decrypt(data, salt, 1, 1)  # type: ignore[arg-type]

import pytest

from decode.snmp.peer import AUTH_OIDS, PRIVACY_OIDS, auth_key, privacy_key
from trapgate.decode.snmp import keys
from trapgate.decode.snmp.keys import AUTH, PRIVACY_KEY_BYTES, localized, passphrase_key

ENGINE = bytes.fromhex("000000000000000000000002")


@pytest.mark.parametrize(
    ("hash", "key", "local"),
    [
        ("md5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        (
            "sha1",
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
    ],
)
def test_the_vectors_of_rfc_3414(hash: str, key: str, local: str) -> None:
    """§A.3.1 and §A.3.2: the passphrase "maplesyrup"."""
    assert passphrase_key(hash, b"maplesyrup").hex() == key
    assert localized(hash, bytes.fromhex(key), ENGINE).hex() == local


@pytest.mark.parametrize("auth", AUTH)
def test_keys_are_those_of_pysnmp(auth: str) -> None:
    hash = AUTH[auth].hash  # type: ignore[index]
    for passphrase in ("maplesyrup", "x" * 64, "schön geheim"):
        key = passphrase_key(hash, passphrase.encode())
        theirs = bytes(auth_key(auth, passphrase, ENGINE))
        assert localized(hash, key, ENGINE)[: len(theirs)] == theirs


@pytest.mark.parametrize("privacy", PRIVACY_OIDS)
@pytest.mark.parametrize("auth", AUTH_OIDS)
def test_privacy_keys_are_those_of_pysnmp(auth: str, privacy: str) -> None:
    hash = AUTH[auth].hash  # type: ignore[index]
    ours = keys.privacy_key(privacy, hash, passphrase_key(hash, b"maplesyrup"), ENGINE)  # type: ignore[arg-type]
    assert len(ours) == PRIVACY_KEY_BYTES[privacy]  # type: ignore[index]
    assert ours == bytes(privacy_key(auth, privacy, "maplesyrup", ENGINE))[: len(ours)]


def test_the_two_extensions_differ_where_the_hash_is_short() -> None:
    for hash, differ in (("md5", True), ("sha1", True), ("sha224", True), ("sha256", False)):
        key = passphrase_key(hash, b"maplesyrup")
        blumenthal = keys.privacy_key("aes-256-blumenthal", hash, key, ENGINE)
        reeder = keys.privacy_key("aes-256-reeder", hash, key, ENGINE)
        assert (blumenthal != reeder) is differ


def test_a_passphrase_is_hashed_once() -> None:
    before = passphrase_key.cache_info().misses
    for _ in range(3):
        passphrase_key("sha256", b"once and never again")
    assert passphrase_key.cache_info().misses == before + 1

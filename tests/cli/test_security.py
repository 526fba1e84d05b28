"""The options of SNMPv3: what they mean together, and what is said when they do not fit."""

from pathlib import Path

import pytest

from trapgate.cli.security import (
    OWN_ENGINE_ID,
    Security,
    Unsendable,
    User,
    community_of,
    origin_of,
    user_of,
)

SIGNED = {"version": "3", "user": "noc", "auth": "SHA-256", "auth_passphrase": "authpassphrase"}
SECRET = {**SIGNED, "privacy": "AES", "privacy_passphrase": "privpassphrase"}


def test_the_level_is_the_highest_that_has_its_passphrases() -> None:
    assert user_of(Security(version="3", user="noc")) == User(b"noc", "noAuthNoPriv")
    assert user_of(Security(**SIGNED)) == User(b"noc", "authNoPriv", "sha-256", b"authpassphrase")
    assert user_of(Security(**SECRET)) == User(
        b"noc", "authPriv", "sha-256", b"authpassphrase", "aes-128", b"privpassphrase"
    )


def test_a_lower_level_leaves_the_rest_away() -> None:
    assert user_of(Security(**SECRET, level="authNoPriv")) == user_of(Security(**SIGNED))
    assert user_of(Security(**SECRET, level="noAuthNoPriv")) == User(b"noc", "noAuthNoPriv")


def test_a_passphrase_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" authpassphrase\n")
    file = str(tmp_path / "secret")
    read = Security(version="3", user="noc", auth="sha-256", auth_passphrase_file=file)
    assert user_of(read) == user_of(Security(**SIGNED))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"user": None}, "SNMPv3 needs a user of at most 32 bytes"),
        ({"user": "u" * 33}, "SNMPv3 needs a user of at most 32 bytes"),
        ({"community": "public"}, "SNMPv3 has no community"),
        ({"auth_passphrase": "short"}, "the auth passphrase is shorter than 8 characters"),
        ({"privacy_passphrase": "short"}, "the privacy passphrase is shorter than 8 characters"),
        ({"auth": None}, "-a and -A belong together"),
        ({"privacy_passphrase": None}, "-x and -X belong together"),
        ({"auth": None, "auth_passphrase": None}, "authPriv needs -a and -A"),
        (
            {"privacy": None, "privacy_passphrase": None, "level": "authPriv"},
            "authPriv needs -x and -X",
        ),
        ({"auth_passphrase_file": "x"}, "give --auth-passphrase or --auth-passphrase-file"),
        ({"auth_passphrase": None, "auth_passphrase_file": "/nowhere/x"}, "cannot read /nowhere/x"),
    ],
)
def test_what_is_not_a_user(changed: dict[str, str | None], said: str) -> None:
    with pytest.raises(Unsendable) as error:
        user_of(Security(**{**SECRET, **changed}))  # type: ignore[arg-type]
    assert str(error.value).startswith(said)
    assert "passphrase1" not in str(error.value)


def test_the_engine_of_a_trap() -> None:
    assert origin_of(Security()).engine_id == OWN_ENGINE_ID
    given = origin_of(Security(engine_id="0x80:00:1f:88:01", boots_time="3,4", context="c"))
    assert (given.engine_id.hex(), given.boots_time, given.context) == ("80001f8801", (3, 4), b"c")


@pytest.mark.parametrize(
    "wrong",
    [
        {"engine_id": "80001f88"},
        {"engine_id": "00" * 33},
        {"engine_id": "engine"},
        {"boots_time": "1"},
        {"boots_time": "1,2147483648"},
        {"boots_time": "-1,2"},
    ],
)
def test_what_is_not_an_engine(wrong: dict[str, str]) -> None:
    with pytest.raises(Unsendable, match="is not "):
        origin_of(Security(**wrong))


def test_a_community_and_nothing_of_version_3() -> None:
    assert community_of(Security()) == "public"
    assert community_of(Security(community="")) == ""
    with pytest.raises(Unsendable, match="--auth-passphrase is for SNMPv3: add -v 3"):
        community_of(Security(auth_passphrase="authpassphrase"))
    with pytest.raises(Unsendable, match="SNMPv3 has no community"):
        community_of(Security(version="3"))

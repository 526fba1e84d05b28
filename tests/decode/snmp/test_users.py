import pytest

from decode.snmp.peer import entry
from trapgate.config import load
from trapgate.decode.snmp import SnmpDecoder, SnmpSettings, check_snmp, engine_id_of
from trapgate.decode.snmp.keys import passphrase_key

FINE = """
users:
  - name: core
    auth: sha-256
    auth_passphrase: long enough
    privacy: aes-256-reeder
    privacy_passphrase_file: /run/secrets/core
  - name: core-old
    user: core
    auth: sha-1
    auth_passphrase: long enough
    level: noAuthNoPriv
    engines: pinned
    engine_ids: ["80:00:00:09:03:00:11", 0x8000000903001122]
    time_window: enforce
    sources: [10.0.0.0/8]
  - name: open
    sources: [private]
engines_max: 100
engine_id: 8000000005cafe
discovery: false
"""


def found(text: str) -> list[tuple[int, str]]:
    loaded = load(text, "trapgate.yml", SnmpSettings)
    problems = list(loaded.problems)
    if loaded.value is not None:
        problems += check_snmp(loaded.value)
    return [(p.span.line if p.span else 0, p.summary) for p in problems]


def test_a_full_section_is_fine() -> None:
    assert found(FINE) == []
    loaded = load(FINE, "trapgate.yml", SnmpSettings).value
    assert loaded is not None
    core, old, unkeyed = loaded.users
    assert (core.security_name, old.security_name) == (b"core", b"core")
    ranks = [(user.rank_min, user.rank_max) for user in (core, old, unkeyed)]
    assert ranks == [(2, 2), (0, 1), (0, 0)]


def test_every_problem_at_once_with_its_line() -> None:
    text = """
users:
  - name: a
    auth: sha-256
    privacy: aes-128
    privacy_passphrase: short
  - name: a
    auth_passphrase: what for is this
    privacy: aes-128
    privacy_passphrase: long enough
    level: authPriv
  - name: ""
    engines: pinned
    sources: []
  - name: b
    engines: any
    engine_ids: [80, xyz]
    auth: md5
    auth_passphrase: both of them
    auth_passphrase_file: a.txt
engines_max: 0
engine_id: "80"
"""
    assert found(text) == [
        (4, '"a" has neither of "auth_passphrase" and "auth_passphrase_file"'),
        (6, 'the passphrase for privacy of "a" has fewer than 8 characters'),
        (7, 'the name "a" is given twice (first in line 3)'),
        (9, '"a" has privacy without auth, which SNMPv3 does not know'),
        (8, '"a" has a passphrase for auth, but no "auth"'),
        (11, '"a" has no keys for the level authPriv'),
        (12, "a user name has 1 to 32 bytes"),
        (13, '"" is pinned to no engine'),
        (14, '"" has no sources'),
        (20, '"b" has both of "auth_passphrase" and "auth_passphrase_file"'),
        (17, '"80" has 1 bytes: an engine ID has 5 to 32'),
        (17, '"xyz" is not hex: write an engine ID as 8000000903001122334455'),
        (17, '"b" takes any engine: "engine_ids" would say nothing'),
        (18, "MD5 and DES are broken: b"),
        (21, '"engines_max" must be 1 to 262144'),
        (22, '"80" has 1 bytes: an engine ID has 5 to 32'),
    ]


def test_weak_algorithms_are_a_warning_in_one_line() -> None:
    weak = (entry("a", auth="md5"), entry("b", privacy="des"), entry("c"), entry("d", auth="sha-1"))
    (problem,) = check_snmp(SnmpSettings(users=weak))
    assert (problem.code, problem.severity) == ("weak-algorithm", "warning")
    assert problem.summary.endswith(": a, b")


@pytest.mark.parametrize(
    "text", ["8000000903", "0x8000000903", "80:00:00:09:03", " 80 00 00 09 03 "]
)
def test_engine_ids_in_any_hex(text: str) -> None:
    assert engine_id_of(text) == b"\x80\0\0\x09\x03"


@pytest.mark.parametrize(
    "text", ["", "80", "8" * 65, "80000009" + "00" * 29, "80000000g0", "800000009"]
)
def test_what_is_no_engine_id(text: str) -> None:
    with pytest.raises(ValueError, match="engine ID"):
        engine_id_of(text)


def test_a_passphrase_that_was_not_read_is_a_bug() -> None:
    with pytest.raises(ValueError, match="'noc' was not read"):
        SnmpDecoder(SnmpSettings(users=(entry(auth_passphrase=None),)))


def test_many_users_with_one_passphrase_are_hashed_once() -> None:
    users = tuple(entry(f"u{n}", auth_passphrase="shared by all of them") for n in range(200))
    SnmpDecoder(SnmpSettings(users=users))
    before = passphrase_key.cache_info().misses
    SnmpDecoder(SnmpSettings(users=users))
    assert passphrase_key.cache_info().misses == before

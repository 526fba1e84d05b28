from trapgate.config import load
from trapgate.decode.snmp import SnmpSettings, check_snmp


def problems(text: str) -> list[tuple[int, str, str]]:
    loaded = load(text, "trapgate.yml", SnmpSettings)
    found = list(loaded.problems)
    if loaded.value is not None:
        found += check_snmp(loaded.value)
    return [(p.span.line if p.span else 0, p.code, p.summary) for p in found]


def test_the_defaults_are_fine_and_local() -> None:
    loaded = load("", "trapgate.yml", SnmpSettings)
    assert loaded.value is not None
    assert check_snmp(loaded.value) == []
    (entry,) = loaded.value.communities
    assert (entry.name, entry.community, entry.sources[0].text) == ("default", "public", "private")


def test_a_full_section_is_fine() -> None:
    text = """
communities:
  - name: core
    community: geheim
    sources: [10.0.0.0/8, "2001:db8::/32"]
  - name: dmz
    community_file: /run/secrets/dmz
limits: {varbinds: 512}
"""
    assert problems(text) == []


def test_every_problem_at_once_with_its_line() -> None:
    text = """
communities:
  - name: core
  - name: core
    community: a
    community_file: b
  - name: empty
    community: ""
    sources: []
limits: {varbinds: 0}
"""
    assert problems(text) == [
        (10, "value", '"varbinds" must be 1 to 4096'),
        (3, "value", '"core" has neither of "community" and "community_file"'),
        (6, "value", '"core" has both of "community" and "community_file"'),
        (4, "value", 'the name "core" is given twice (first in line 3)'),
        (8, "value", 'the community of "empty" is empty'),
        (9, "value", '"empty" has no sources'),
    ]

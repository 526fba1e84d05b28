"""Listeners as users write them, and every mistake with its place."""

import pytest

from trapgate.config import Section, load
from trapgate.listen import ListenerSettings, check_listeners
from trapgate.model import NS_PER_S


class File(Section, frozen=True, kw_only=True):
    listen: tuple[ListenerSettings, ...] = ()


def listeners(text: str) -> tuple[ListenerSettings, ...]:
    loaded = load(text, "trapgate.yml", File)
    assert loaded.value is not None, loaded.problems
    return loaded.value.listen


def found(text: str) -> list[str]:
    return [f"{problem.span}: {problem.summary}" for problem in check_listeners(listeners(text))]


def test_the_short_form() -> None:
    (entry,) = listeners("listen: [{name: snmp, protocol: snmp, address: '*:1162'}]")
    assert (entry.transport, str(entry.address)) == ("udp", "*:1162")
    assert [cidr.text for cidr in entry.allow] == ["private"]
    assert entry.idle_timeout == 3600 * NS_PER_S
    assert check_listeners([entry]) == []


def test_each_mistake_has_its_place() -> None:
    assert found(
        """
listen:
  - name: "a b"
    protocol: snmp
    transport: tcp
    address: "*:1162"
    receive_buffer_bytes: 10
    connections_max: 0
    idle_timeout: 500ms
"""
    ) == [
        'trapgate.yml:3:5: "a b" is no name for a listener',
        "trapgate.yml:5:5: snmp over tcp is not supported",
        'trapgate.yml:7:5: "receive_buffer_bytes" must be from 65536 to 1073741824',
        'trapgate.yml:8:5: "connections_max" must be from 1 to 100000',
        'trapgate.yml:9:5: "idle_timeout" must be 1s or more',
    ]


def pair(one: str, other: str) -> str:
    return f"""
listen:
  - {{name: a, protocol: syslog, {one}}}
  - {{name: b, protocol: syslog, {other}}}
"""


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        ("address: '*:514'", "address: '*:514'", True),
        ("address: '*:514'", "address: '192.0.2.1:514'", True),
        ("address: '192.0.2.1:514'", "address: '192.0.2.1:514'", True),
        ("address: '192.0.2.1:514'", "address: '192.0.2.2:514'", False),
        ("address: '*:514'", "address: '*:515'", False),
        ("address: '*:514'", "address: '*:514', transport: tcp", False),
        ("address: '127.0.0.1:0'", "address: '127.0.0.1:0'", False),
    ],
)
def test_the_same_address_twice(one: str, other: str, collide: bool) -> None:
    problems = found(pair(one, other))
    assert len(problems) == collide
    if collide:
        assert 'is taken by listener "a" (line 3)' in problems[0]


def test_the_same_name_twice() -> None:
    text = pair("address: '*:1'", "address: '*:2'").replace("name: b", "name: a")
    assert found(text) == ['trapgate.yml:4:6: "a" is the name of another listener (line 3)']


@pytest.mark.parametrize("key", ["tls", "proxy_protocol"])
def test_what_is_not_built_yet_is_refused_by_name(key: str) -> None:
    text = f"listen: [{{name: a, protocol: syslog, address: '*:1', {key}: true}}]"
    (problem,) = load(text, "trapgate.yml", File).problems
    assert problem.code == "not-supported-yet"
    assert f'"{key}"' in problem.summary

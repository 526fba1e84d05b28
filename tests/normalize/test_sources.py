"""What is known of an address: the narrowest entry, remembered."""

from zoneinfo import ZoneInfo

import pytest

from trapgate.config import Cidr, Section, load
from trapgate.normalize import sources as module
from trapgate.normalize.sources import UNKNOWN, Sources, SourceSettings, check_sources


class File(Section, frozen=True, kw_only=True):
    sources: tuple[SourceSettings, ...] = ()


def entries(text: str) -> tuple[SourceSettings, ...]:
    loaded = load(text, "trapgate.yml", File)
    assert loaded.value is not None, loaded.problems
    return loaded.value.sources


TABLE = """
sources:
- {cidr: 10.0.0.0/8, name: ten, timezone: Europe/Berlin, labels: {site: any}}
- {cidr: 10.1.0.0/16, name: ten-one}
- {cidr: 10.1.2.3, name: r1, timezone: Asia/Tokyo, labels: {site: ber1}}
- {cidr: "2001:db8::/32", name: six}
- {cidr: "fe80::/10", name: link-local}
- {cidr: private, name: somewhere-private}
"""


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("10.1.2.3", "r1"),
        ("10.1.2.4", "ten-one"),
        ("10.2.0.1", "ten"),
        ("192.168.1.1", "somewhere-private"),
        ("2001:db8::9", "six"),
        ("fe80::1%eth0", "link-local"),
        ("::1", "somewhere-private"),
        ("192.0.2.1", None),
        ("2001:db9::1", None),
    ],
)
def test_the_narrowest_entry_wins(address: str, name: str | None) -> None:
    table = Sources(entries(TABLE))
    assert table.of(address).name == name
    assert table.of(address) is table.of(address)


def test_an_entry_does_not_inherit_from_a_wider_one() -> None:
    table = Sources(entries(TABLE))
    assert table.of("10.1.2.3").labels == {"site": "ber1"}
    assert table.zone_of("10.1.2.3") == ZoneInfo("Asia/Tokyo")
    assert table.of("10.1.9.9").labels == {}
    assert table.zone_of("10.1.9.9") == ZoneInfo("UTC")


def test_without_entries_every_address_is_unknown() -> None:
    assert Sources(()).of("10.0.0.1") is UNKNOWN


def test_a_scan_of_spoofed_sources_empties_the_cache_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ADDRESSES_CACHED_MAX", 4)
    table = Sources(entries(TABLE))
    names = [table.of(f"10.1.2.{number}").name for number in range(20)]
    assert names == ["ten-one"] * 3 + ["r1"] + ["ten-one"] * 16
    assert len(table._cache) <= 4


def test_mistakes_have_their_places() -> None:
    text = """
sources:
- {cidr: 10.0.0.0/8, timezone: Mars/Base}
- {cidr: 10.0.0.0/8}
- cidr: 192.0.2.1
  timezone: ../etc/passwd
- {cidr: 192.0.2.1/32}
- {cidr: 10.0.0.1, timezone: ""}
"""
    found = [f"{problem.span}: {problem.summary}" for problem in check_sources(entries(text))]
    assert found == [
        'trapgate.yml:3:22: "Mars/Base" is not a time zone',
        "trapgate.yml:4:4: 10.0.0.0/8 has an entry already (line 3)",
        'trapgate.yml:6:3: "../etc/passwd" is not a time zone',
        "trapgate.yml:7:4: 192.0.2.1/32 has an entry already (line 5)",
        'trapgate.yml:8:20: "" is not a time zone',
    ]


ENGINES = """
sources:
- {name: r1, engine_ids: ["80:00:1f:88:04:AA", 0x80001f8804bb], labels: {site: b}}
- {cidr: 10.0.0.1, name: r2, engine_ids: ["80 00 1f 88 04 cc"], rate_limit: {burst: 5}}
"""


def test_an_engine_is_found_however_it_was_written() -> None:
    table = Sources(entries(ENGINES))
    assert check_sources(entries(ENGINES)) == []
    found = [table.engine(f"80001f8804{last}") for last in ("aa", "bb", "cc", "dd")]
    assert [source and source.name for source in found] == ["r1", "r1", "r2", None]
    assert table.of("10.0.0.1") is found[2]
    assert found[2] is not None
    assert found[2].rate_limit is not None
    assert found[2].rate_limit.burst == 5


def test_mistakes_about_engines_have_their_places() -> None:
    text = """
sources:
- {name: nobody}
- {name: a, engine_ids: [80001f8804aa, 8000]}
- {name: b, engine_ids: ["80:00:1f:88:04:aa"]}
- {cidr: 10.0.0.1, rate_limit: {burst: 0}}
- {name: c, engine_ids: [80001f88zz]}
"""
    found = [f"{problem.span}: {problem.summary}" for problem in check_sources(entries(text))]
    assert found == [
        "trapgate.yml:3:3: an entry of sources needs a cidr or engine_ids",
        'trapgate.yml:4:13: "8000" is not an engine ID: 5 to 32 bytes in hexadecimal',
        "trapgate.yml:5:13: engine 80001f8804aa has an entry already (line 4)",
        'trapgate.yml:6:33: "burst" must be 1 to 1000000',
        'trapgate.yml:7:13: "80001f88zz" is not an engine ID: 5 to 32 bytes in hexadecimal',
    ]


@pytest.mark.parametrize("name", ["no-such-set", "rot13", "hex"])
def test_a_character_set_must_be_one(name: str) -> None:
    (problem,) = check_sources([SourceSettings(cidr=Cidr.from_text("10.0.0.1"), charset=name)])
    assert f'"{name}" is not a character set' in problem.summary


def test_the_character_set_and_the_vendor_of_an_address() -> None:
    entry = SourceSettings(cidr=Cidr.from_text("10.0.0.1"), charset="cp1251", vendor="Arista")
    assert check_sources([entry]) == []
    table = Sources([entry])
    assert (table.charset_of("10.0.0.1"), table.charset_of("10.0.0.2")) == ("cp1251", None)
    assert (table.vendor_of("10.0.0.1"), table.vendor_of("10.0.0.2")) == ("Arista", None)

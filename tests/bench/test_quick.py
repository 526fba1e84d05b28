"""The harness works: `--quick` of the cheap rows, and what it makes of measurements. Structure
only: a speed that a test asserts is a test that fails on somebody's busy machine."""

import hmac
import json
import socket
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from pyasn1.codec.ber import decoder
from pysnmp.proto.secmod.rfc3414 import localkey
from pysnmp.proto.secmod.rfc3826.priv.aes import Aes

from .__main__ import main
from .figures import Bench, Family, Mark, Measurement, Scale, Spec, row_of
from .generator import CompiledGenerator, Generator, PythonGenerator, generator
from .report import number, report, table
from .rows import FAMILIES
from .runner import UnknownName, chosen, run
from .traffic import link_downs
from .usm import AUTH_PASSPHRASE, ENGINE_ID, PRIVACY_PASSPHRASE, USER, Sender

HEARD_S = 5.0

CHEAP = [family for family in FAMILIES if family.cheap]
SPEC = Spec("speed", "µs", "how fast", "tortoise", Mark("ratio", ">=", 2.0))


def test_every_cheap_row_is_measured_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "deep" / "bench.json"
    only = [argument for family in CHEAP for argument in ("--only", family.name)]
    assert main(["--quick", "--json", str(file), *only]) == 0
    written = json.loads(file.read_text())
    assert written["schema"] == 1
    assert written["quick"] is True
    assert written["machine"]["cores"] >= 1
    names = [spec.name for family in CHEAP for spec in family.rows]
    assert [row["name"] for row in written["rows"]] == names
    for row in written["rows"]:
        assert row["value"] > 0, row
        assert row["unit"]
        assert row["passed"] is None, "a tryout judges nothing"
    printed = capsys.readouterr().out
    assert all(name in printed for name in names)


def test_the_peer_is_measured_in_the_same_run() -> None:
    (family,) = chosen(CHEAP, ["decode-trap"])
    (row,) = run([family], quick=True, say=lambda _: None)
    assert row.peer == "pysnmp"
    assert row.peer_value is not None
    assert row.ratio == pytest.approx(row.value / row.peer_value)


def test_a_row_is_the_median_and_its_ratio_the_median_of_ratios() -> None:
    repeats = [Measurement(10, 5), Measurement(90, 10), Measurement(30, 10)]
    row = row_of(SPEC, repeats)
    assert (row.value, row.peer_value, row.ratio, row.passed) == (30, 10, 3, True)


@pytest.mark.parametrize(
    ("repeats", "passed"),
    [
        ([Measurement(10, 5)], True),
        ([Measurement(9, 5)], False),
        ([Measurement(9)], None),
    ],
)
def test_a_mark_is_passed_missed_or_not_measured(
    repeats: Sequence[Measurement], passed: bool | None
) -> None:
    assert row_of(SPEC, repeats).passed is passed
    assert row_of(SPEC, repeats, judge=False).passed is None


def test_a_mark_of_the_value_needs_no_peer() -> None:
    spec = Spec("latency", "ms", "how late", mark=Mark("value", "<", 50.0))
    assert row_of(spec, [Measurement(49.9)]).passed is True
    assert row_of(spec, [Measurement(50.0)]).passed is False


def test_each_repeat_has_an_empty_folder_of_its_own() -> None:
    seen: list[Path] = []

    def measure(bench: Bench) -> dict[str, Measurement]:
        assert bench.scale == Scale(quick=False)
        assert not list(bench.folder.iterdir())
        (bench.folder / "left").touch()
        seen.append(bench.folder)
        return {"speed": Measurement(len(seen))}

    family = Family("any", (SPEC,), measure, repeats=4)
    (row,) = run([family], quick=False, repeats=3, say=lambda _: None)
    assert list(row.values) == [1, 2, 3]
    assert len(set(seen)) == 3
    assert not any(folder.exists() for folder in seen)


def test_benchmarks_are_chosen_by_family_or_row() -> None:
    assert chosen(FAMILIES, []) == list(FAMILIES)
    assert [family.name for family in chosen(FAMILIES, ["page-p99"])] == ["paging"]
    with pytest.raises(UnknownName, match=r'"pace"; there are: whole-path, v3'):
        chosen(FAMILIES, ["pace"])


def test_a_table_shows_what_was_missed() -> None:
    rows = [row_of(SPEC, [Measurement(1234.5, 1000)]), row_of(SPEC, [Measurement(1)])]
    lines = table(rows).splitlines()
    assert (
        lines[1].split() == "speed µs 1,234 1,000 tortoise 1.23 >= 2 of the peer's MISSED".split()
    )
    assert lines[2].endswith("not measured")
    assert report(rows, quick=False).rows == tuple(rows)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01234, "0.0123"), (5.678, "5.68"), (99.94, "99.9"), (123456.7, "123,457")],
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


@pytest.fixture(params=("Python", "compiled"))
def sender(request: pytest.FixtureRequest, tmp_path: Path) -> Generator:
    if request.param == "Python":
        return PythonGenerator()
    found = generator(tmp_path)
    if not isinstance(found, CompiledGenerator):
        pytest.skip("no C compiler on this machine")
    return found


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(HEARD_S)
        yield ear


def test_both_generators_send_the_same(sender: Generator, ear: socket.socket) -> None:
    templates, count, first = link_downs(), 100, 7
    expected = [templates.numbered(first + number) for number in range(count)]
    assert len(set(expected)) == count
    assert {len(data) for data in expected} == {templates.size_bytes}
    load = sender.send(templates, ear.getsockname()[1], count, 20_000, first=first)
    assert [ear.recv(2_048) for _ in range(count)] == expected
    assert load.ended_ns > load.started_ns


def test_both_generators_send_from_many_addresses(sender: Generator, ear: socket.socket) -> None:
    templates, count = link_downs(), 100
    sender.send(templates, ear.getsockname()[1], count, 0, first=250, sources=300)
    heard = [ear.recvfrom(2_048) for _ in range(count)]
    numbers = range(250, 250 + count)
    assert [data for data, _ in heard] == [templates.numbered(number) for number in numbers]
    places = [number % 300 for number in numbers]
    assert [peer[0] for _, peer in heard] == [f"127.1.{n // 256}.{n % 256}" for n in places]


def test_both_generators_replay_datagrams(sender: Generator, ear: socket.socket) -> None:
    datagrams = [bytes((number,)) * (number + 1) for number in range(200)]
    load = sender.replay(datagrams, ear.getsockname()[1], 0)
    assert [ear.recv(2_048) for _ in datagrams] == datagrams
    assert load.count == len(datagrams)


def test_a_v3_trap_is_signed_and_encrypted_as_pysnmp_does_it() -> None:
    trap = link_downs().numbered(7)
    message, rest = decoder.decode(Sender().trap(trap, 300))
    version, header, security, encrypted = message.values()
    assert (int(version), rest, bytes(header[2]), int(header[3])) == (3, b"", b"\x03", 3)
    engine, boots, time, user, digest, salt = decoder.decode(bytes(security))[0].values()
    assert (bytes(engine), bytes(user), len(digest)) == (ENGINE_ID, USER.encode(), 24)
    key = localkey.password_to_key(AUTH_PASSPHRASE.encode(), engine, sha256)
    signed = Sender().trap(trap, 300)
    unsigned = signed.replace(bytes(digest), bytes(24))
    assert hmac.digest(bytes(key), unsigned, "sha256")[:24] == bytes(digest)
    private = localkey.password_to_key(PRIVACY_PASSPHRASE.encode(), engine, sha256)[:16]
    scoped = Aes().decrypt_data(private, (boots, time, salt), encrypted)
    assert bytes(scoped).endswith(trap[trap.index(b"public") + 6 :])

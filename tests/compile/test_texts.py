import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from compile.acme import ACME, OLD, module
from trapgate.compile import texts
from trapgate.compile.texts import find_texts, split


def said(folder: Path) -> dict[str, str]:
    """What is wrong with the files in a folder, by their names."""
    _, problems = find_texts([folder])
    return {Path(p.span.file).name: p.summary for p in problems if p.span is not None}


def test_a_module_knows_its_place_and_what_it_imports() -> None:
    first, second = split("-- a comment\n\n" + ACME + "\n" + OLD, "both.txt")
    assert (first.module, first.line, first.file) == ("ACME-MIB", 3, "both.txt")
    assert first.imports == ("SNMPv2-SMI", "SNMPv2-TC", "INET-ADDRESS-MIB", "IF-MIB")
    assert second.module == "OLD-MIB"
    assert second.line == 2 + ACME.count("\n") + 2
    assert second.imports == ("RFC1155-SMI", "RFC-1212", "RFC-1215", "RFC1213-MIB")
    assert first.text.startswith("ACME-MIB")
    assert second.text == OLD


def test_the_hash_is_that_of_the_modules_text_alone() -> None:
    (alone,) = split(ACME, "a")
    moved, _ = split("\n" + ACME + OLD, "b")
    (changed,) = split(ACME.replace("up(1)", "up(3)"), "a")
    assert alone.digest == moved.digest != changed.digest


@pytest.mark.parametrize(
    "header",
    [
        "A-MIB DEFINITIONS ::= BEGIN",
        "  A-MIB  DEFINITIONS\n  ::=\n BEGIN",
        "A-MIB { iso org(3) 7 } DEFINITIONS ::= BEGIN",
        "A-MIB DEFINITIONS IMPLICIT TAGS ::= BEGIN",
    ],
)
def test_headers(header: str) -> None:
    (found,) = split(f"{header}\nEND\n", "a")
    assert (found.module, found.imports) == ("A-MIB", ())


@pytest.mark.parametrize(
    "text",
    ["", "hello", "-- A-MIB DEFINITIONS ::= BEGIN", 'x "\nA-MIB DEFINITIONS ::= BEGIN\n"', "BEGIN"],
)
def test_no_module(text: str) -> None:
    assert split(text, "a") == []


def test_files_of_all_folders_are_read_in_order_whatever_their_names(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/1.my").write_text(module("B-MIB"))
    (tmp_path / "notes.MIB").write_bytes(module("A-MIB").replace("\n", "\r\n").encode())
    (tmp_path / "latin").write_bytes(module("L-MIB", "-- M\xfcller").encode("latin-1"))
    (tmp_path / "bom.txt").write_bytes(b"\xef\xbb\xbf" + module("U-MIB").encode())
    (tmp_path / ".hidden").write_text(module("HIDDEN-MIB"))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/x").write_text(module("GIT-MIB"))
    (tmp_path / "facts.json").write_text("{}")
    found, problems = find_texts([tmp_path])
    assert problems == []
    assert [text.module for text in found] == ["U-MIB", "L-MIB", "A-MIB", "B-MIB"]
    assert "\r" not in found[2].text
    assert "Müller" in found[1].text


def test_what_is_no_text_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "readme").write_text("no MIB")
    (tmp_path / "archive.zip").write_bytes(b"PK\0\0")
    (tmp_path / "good").write_text(module("A-MIB"))
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(50 << 20)
    os.mkfifo(tmp_path / "pipe")
    assert said(tmp_path) == {
        "empty": "there is no MIB module in it",
        "readme": "there is no MIB module in it",
        "archive.zip": "it is not a text",
        "huge": "it has 52,428,800 bytes, which no MIB has",
        "pipe": "it is not a file",
    }
    assert [text.module for text in find_texts([tmp_path])[0]] == ["A-MIB"]
    monkeypatch.setattr(texts, "FILES_MAX", 2)
    assert "only its first 2 files are read" in said(tmp_path).values()


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "mibs"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret").write_text(module("SECRET-MIB"))
    (inside / "real").write_text(module("A-MIB"))
    (inside / "link").symlink_to(outside / "secret")
    (inside / "folder").symlink_to(outside)
    (inside / "twin").symlink_to(inside / "real")
    found, _ = find_texts([inside])
    assert [text.module for text in found] == ["A-MIB", "A-MIB"]
    assert said(inside) == {"link": "it is a link that leads out of the folder"}


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    found, (problem,) = find_texts([tmp_path / "gone"])
    assert found == []
    assert problem.summary == "it cannot be read: No such file or directory"


HEADER = "A-MIB DEFINITIONS ::= BEGIN\n"


@pytest.mark.parametrize(
    "text",
    [
        lambda size: "a {\n" * size,
        lambda size: "a {" + "b\n" * size,
        lambda size: "a {}\n" * size,
        lambda size: "a" + "\n" * size,
        lambda size: "a DEFINITIONS " + "A" * size,
        lambda size: HEADER + "IMPORTS " * size,
        lambda size: HEADER + "IMPORTS " + "FROM " * size + ";",
        lambda size: HEADER * size,
        lambda size: '"\n"' * size + '"',
        lambda size: "--\n" * size,
    ],
)
def test_the_cost_grows_with_the_text_and_no_faster(text: Callable[[int], str]) -> None:
    def cost(size: int) -> float:
        whole = text(size)
        taken = []
        for _ in range(3):
            begun = time.process_time()
            split(whole, "a")
            taken.append(time.process_time() - begun)
        return min(taken)

    # eight times the text: eight times the time, or 64 times if each part is looked at for each
    assert cost(16_000) < 30 * max(cost(2_000), 0.002)


def test_of_a_file_of_very_many_modules_the_first_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "MODULES_MAX", 2)
    (tmp_path / "three").write_text(module("A-MIB") + module("B-MIB") + module("C-MIB"))
    assert [text.module for text in find_texts([tmp_path])[0]] == ["A-MIB", "B-MIB"]
    assert said(tmp_path) == {"three": "only its first 2 modules are read"}


def test_imports_that_do_not_end_are_none() -> None:
    first, second = split(HEADER + "IMPORTS a FROM B-MIB\n" + module("C-MIB"), "a")
    assert first.imports == ()
    assert second.imports == ("SNMPv2-SMI",)

"""The house: which rooms there are, and how full one may get."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGE = CHECKOUT / "trapgate"

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "bundled" not in path.parts)

MODULE_LINES_MAX = 450
FUNCTION_LINES_MAX = 40
"""Beyond these a reader cannot hold it in the head; docstrings do not count in a function."""

NAMES_REFUSED = {"utils", "util", "helpers", "helper", "base", "manager", "misc", "common"}
"""Names that say nothing, so that everything ends up there."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def room(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def functions(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: Function) -> int:
    """Lines of a function from `def`, without its docstring."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        assert first.end_lineno is not None
        lines -= first.end_lineno - first.lineno + 1
    return lines


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_a_module_is_readable(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree) or not text, f"{room(path)} does not say what it is for"
    lines = len(text.splitlines())
    assert lines <= MODULE_LINES_MAX, f"{room(path)} has {lines} lines: give it another room"
    long = {f"{room(path)}:{f.lineno} {f.name}": length(f) for f in functions(tree)}
    assert {name: n for name, n in long.items() if n > FUNCTION_LINES_MAX} == {}
    assert NAMES_REFUSED.isdisjoint([path.stem, *path.relative_to(PACKAGE).parts[:-1]])


def test_protocols_are_in_ports() -> None:
    found = {
        room(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).split(".")[-1].startswith("Protocol") for base in node.bases)
    }
    assert found == {"trapgate/ports.py"}


def test_every_room_is_on_a_floor_and_every_floor_has_its_rooms() -> None:
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (floors,) = [c for c in contracts["contracts"] if c["id"] == "floors"]
    named = [name.strip() for layer in floors["layers"] for name in layer.split("|")]
    required = {name for name in named if not name.startswith("(")}
    optional = {name.strip("()") for name in named if name.startswith("(")}
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    rooms |= {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert required <= rooms <= required | optional


def test_the_pure_floors_are_those_below_observe() -> None:
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (floors,) = [c for c in contracts["contracts"] if c["id"] == "floors"]
    (pure,) = [c for c in contracts["contracts"] if c["id"] == "pure"]
    below = floors["layers"][floors["layers"].index("observe") + 1 :]
    assert sorted(pure["packages"]) == sorted(n.strip() for f in below for n in f.split("|"))


def test_tests_mirror_rooms() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    beside = {"architecture", "bench", "docs", "system"}
    folders = {path.name for path in (CHECKOUT / "tests").iterdir() if any(path.glob("*.py"))}
    assert folders - beside <= rooms

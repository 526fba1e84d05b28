"""The contracts catch what they are there for."""

import subprocess
import sys
from pathlib import Path

import pytest
from grimp import ImportGraph

from architecture.contracts import PureContract

CHECKOUT = Path(__file__).parents[2]
RUN_S_MAX = 60.0
"""How long a linter may take over one file: it takes a second."""


def graph(**imports: str) -> ImportGraph:
    """A package `trapgate` whose modules (`decode__snmp` is `decode.snmp`) import these."""
    made = ImportGraph()
    for name in ("trapgate", "trapgate.decode", "trapgate.model"):
        made.add_module(name)
    for name, imported in imports.items():
        module = "trapgate"
        for part in name.split("__"):
            module = f"{module}.{part}"
            made.add_module(module)
        if not imported.startswith("trapgate."):
            made.add_module(imported, is_squashed=True)
        made.add_import(importer=module, imported=imported)
    return made


def wrong(checked: ImportGraph) -> object:
    contract = PureContract(
        name="pure",
        session_options={"root_packages": ["trapgate"]},
        contract_options={
            "packages": ["decode", "model"],
            "allowed": ["msgspec", "re"],
            "allowed_in": ["decode.snmp: cryptography"],
        },
    )
    check = contract.check(checked, verbose=False)
    assert check.kept == (not check.metadata["wrong"])
    return check.metadata["wrong"]


@pytest.mark.parametrize(
    "imports",
    [
        {"model__event": "msgspec"},
        {"model": "re"},
        {"decode__snmp__usm": "cryptography"},
        {"app": "socket"},
        {"decode": "trapgate.model"},
    ],
)
def test_what_pure_packages_may_import(imports: dict[str, str]) -> None:
    assert wrong(graph(**imports)) == []


@pytest.mark.parametrize(
    ("imports", "complaint"),
    [
        ({"model__event": "socket"}, "trapgate.model.event imports socket"),
        ({"model": "os"}, "trapgate.model imports os"),
        ({"decode__syslog": "cryptography"}, "trapgate.decode.syslog imports cryptography"),
        ({"decode__snmpx": "cryptography"}, "trapgate.decode.snmpx imports cryptography"),
    ],
)
def test_what_they_may_not(imports: dict[str, str], complaint: str) -> None:
    assert wrong(graph(**imports)) == [complaint]


def tool(*command: str, folder: Path, stdin: str | None = None) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        env={"PYTHONPATH": f"{folder}:{CHECKOUT / 'tests'}", "COLUMNS": "200"},
    )
    return done.returncode, done.stdout + done.stderr


LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("model/event.py", "import json", ""),
        ("model/event.py", "import socket", "trapgate.model.event imports socket"),
        ("model/event.py", "import trapgate.config", "trapgate.model is not allowed to import"),
        ("store/sqlite.py", "import trapgate.notify", "trapgate.store is not allowed to import"),
        ("rules/x.py", "import trapgate.alerting", "trapgate.rules is not allowed to import"),
        ("helpers/x.py", "import json", "trapgate.helpers"),
    ],
)
def test_the_projects_own_contracts_judge_a_package(
    tmp_path: Path, module: str, line: str, complaint: str
) -> None:
    (tmp_path / "pyproject.toml").write_text((CHECKOUT / "pyproject.toml").read_text())
    for room in [path.parent for path in (CHECKOUT / "trapgate").glob("*/__init__.py")]:
        (tmp_path / "trapgate" / room.name).mkdir(parents=True)
        (tmp_path / "trapgate" / room.name / "__init__.py").touch()
    for snmp in ("snmp", "syslog"):
        (tmp_path / "trapgate/decode" / snmp).mkdir()
        (tmp_path / "trapgate/decode" / snmp / "__init__.py").touch()
    for name in ("__init__.py", "__main__.py", "ports.py"):
        (tmp_path / "trapgate" / name).touch()
    added = tmp_path / "trapgate" / module
    added.parent.mkdir(exist_ok=True)
    (added.parent / "__init__.py").touch()
    added.write_text(line + "\n")
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        env={"PYTHONPATH": f"{tmp_path}:{CHECKOUT / 'tests'}", "COLUMNS": "200"},
    )
    assert (done.returncode == 0) == (not complaint), done.stdout
    assert complaint in done.stdout


RUFF = ("ruff", "check", "--no-cache", "--output-format", "concise", "--select", "TID251,PTH123")


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("decode/x.py", "import time\nprint(time.time())\n", "`time` is banned"),
        ("model/x.py", "from time import time_ns\n", "`time` is banned"),
        ("normalize/x.py", "import os\n", "`os` is banned"),
        ("query/x.py", "from pathlib import Path\n", "`pathlib` is banned"),
        ("alerting/x.py", "import random\n", "`random` is banned"),
        ("rules/x.py", "from uuid import uuid4\n", "`uuid` is banned"),
        ("template/x.py", 'open("x")\n', "PTH123"),
        ("config/x.py", "import io\nio.open('x')\n", "`io.open` is banned"),
        (
            "rules/x.py",
            "from datetime import datetime\ndatetime.now()\n",
            "`datetime.datetime.now` is banned",
        ),
        ("ports.py", "import socket\n", "`socket` is banned"),
        ("app/x.py", "import time, os, socket, random\nopen('x')\n", ""),
    ],
)
def test_ruff_keeps_clocks_and_files_out_of_pure_rooms(
    file: str, text: str, complaint: str
) -> None:
    name = str(CHECKOUT / "trapgate" / file)
    code, said = tool(*RUFF, "--stdin-filename", name, "-", folder=CHECKOUT, stdin=text)
    assert (code == 0) == (not complaint), said
    assert complaint in said

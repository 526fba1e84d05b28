"""Configuration folders as users have them."""

from pathlib import Path

from trapgate.app.build import Configuration, build
from trapgate.app.files import Bundle, read_bundle
from trapgate.app.problems import one_line

MAIN = """\
alerting: {config: alertmanager.yml}
rules: {bundled: false, files: ["rules/*.yml"]}
"""

ALERTMANAGER = """\
route: {receiver: default}
receivers:
- name: default
"""

RULES = """\
groups:
- name: g
  rules:
  - alert: InterfaceDown
    match: event.code:down
    clear: event.code:up
"""


def written(folder: Path, **files: str) -> Path:
    """A folder with these files (`a__b` stands for `a/b.yml`); its trapgate.yml is returned."""
    texts = {"trapgate": MAIN, "alertmanager": ALERTMANAGER, "rules__own": RULES} | files
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ("" if "." in name else ".yml"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "trapgate.yml"


def bundle_of(path: Path) -> Bundle:
    bundle, problems = read_bundle(path)
    assert bundle is not None, problems
    return bundle


def built(path: Path) -> Configuration:
    configuration, problems = build(bundle_of(path))
    assert configuration is not None, problems
    return configuration


def complaints(path: Path) -> list[str]:
    """All that is wrong, one line each, without the folder's path."""
    bundle, problems = read_bundle(path)
    if bundle is not None:
        _, problems = build(bundle)
    return [one_line(problem).replace(f"{path.parent}/", "") for problem in problems]

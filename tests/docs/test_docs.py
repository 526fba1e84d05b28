"""The generated pages are up to date, and nothing that a user can set is without a text."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from docs.commands import commands_page
from docs.configuration import FILES, anchor, configuration_page
from docs.metrics import metrics_page
from docs.sections import sections, setting_texts, yaml_of
from docs.systems import systems_page
from golden import Golden
from trapgate.app.settings import Settings
from trapgate.config import Section, load
from trapgate.config.section import field_types

FOLDER = Path(__file__).parents[2] / "docs"

KINDS = [kind for root, _ in FILES.values() for _, kind in sections(root)]


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("configuration.md", configuration_page),
        ("metrics.md", metrics_page),
        ("cli.md", commands_page),
        ("systems.md", systems_page),
    ],
)
def test_the_page_is_up_to_date(name: str, page: Callable[[], str], golden: Golden) -> None:
    golden.beside(FOLDER).check(name, page())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_setting_has_a_text(kind: type[Section]) -> None:
    attributes = {attribute for attribute, _ in field_types(kind).values()}
    assert attributes - set(setting_texts(kind)) == set()
    assert kind.__doc__


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_comes_later_is_not_there_yet(kind: type[Section]) -> None:
    assert set(kind.later) & set(field_types(kind)) == set()
    assert all(kind.later.values())


@pytest.mark.parametrize("page", [configuration_page, metrics_page, commands_page])
def test_every_link_within_the_page_has_its_heading(page: Callable[[], str]) -> None:
    text = page()
    headings = [anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    assert len(headings) == len(set(headings))
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= set(headings)


def test_the_shown_defaults_mean_the_defaults() -> None:
    shown = "\n".join(
        f"{key}: {yaml_of(getattr(Settings(), attribute))}"
        for key, (attribute, _) in field_types(Settings).items()
    )
    loaded = load(shown, "trapgate.yml", Settings)
    assert loaded.problems == ()
    assert loaded.value == Settings()

"""docs/metrics.md, written from the table of families."""

from collections.abc import Iterable

from trapgate.observe import FAMILIES, Family

INTRODUCTION = """\
# Metrics

<!-- Written by `make docs` from the table in trapgate/observe/families.py. -->

`GET /metrics` adds up the counters of all processes. The middle of a name is the stage of
[architecture.md](architecture.md) that counts. No metric has a label for a device: a network has
too many of them, and the events say more.
"""

OF_ALERTMANAGER = """\
## Alertmanager's own

Under the names that Alertmanager gives them, so that its dashboards, alerts and clients work.
"""


def metrics_page() -> str:
    """The whole page."""
    own = [family for family in FAMILIES if family.name.startswith("trapgate_")]
    others = [family for family in FAMILIES if family not in own]
    return "\n".join([INTRODUCTION, _table(own), OF_ALERTMANAGER, _table(others)])


def _table(families: Iterable[Family]) -> str:
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for family in families:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        lines.append(f"| `{family.name}` | {family.kind} | {labels} | {family.help} |")
    return "\n".join(lines) + "\n"

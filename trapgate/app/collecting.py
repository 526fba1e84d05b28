"""How often a process looks for cycles among its objects, which are mostly none."""

import gc

COLLECT_EVERY = 100_000
"""Objects made between two looks, some of which are looks at everything: events, prepared ones,
alerts and rule states have no cycles, and a storm makes a hundred thousand of them in seconds."""


def collect_seldom() -> None:
    """To be called when what stays is there: it need not be walked again."""
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)

"""How old the segments of a spool are, by a clock that may be set."""

from collections.abc import Sequence
from itertools import accumulate


def not_later(stamps: Sequence[int], bound: int) -> list[int]:
    """Wall times of things that followed each other, the last of them not later than `bound`: each
    is brought down to the earliest of those behind it.

    What is stamped later than what came after it was stamped by a clock that was set back since.
    By the clock as it is now it is at least as old as that. A clock that was set forward, for good
    or for a while, cannot be told from a pause: what came before looks older than it is.
    """
    return list(accumulate((bound, *reversed(stamps)), min))[:0:-1]

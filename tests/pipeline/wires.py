"""Wires of tests, which are closed behind them."""

from trapgate.spool import Wire

_ENDS: list[Wire] = []


def pair() -> tuple[Wire, Wire]:
    """Both ends of a new wire."""
    ends = Wire.pair()
    _ENDS.extend(ends)
    return ends


def close_all() -> None:
    while _ENDS:
        _ENDS.pop().close()

"""Numbers in sentences: with unit and uncertainty, rounded no finer than they are known."""

import math

from chaosmongo.history.results import Bracket


def seconds(ns: float, decimals: int = 2) -> str:
    """4.12 s"""
    return f"{ns / 1e9:.{decimals}f} s"


def milliseconds(ns: float) -> str:
    """0.25 ms"""
    return f"{ns / 1e6:.2f} ms"


def measured(bracket: Bracket) -> str:
    """4.12 ± 0.01 s. The uncertainty is rounded up: the interval that is shown holds the bracket."""
    half_s = bracket.uncertainty_ns / 1e9
    decimals = 3 if half_s < 0.01 else 2
    grain = 10**decimals
    middle_s = round(bracket.middle_ns / 1e9, decimals)
    reach_s = max(bracket.hi_ns / 1e9 - middle_s, middle_s - bracket.lo_ns / 1e9)
    return f"{middle_s:.{decimals}f} ± {math.ceil(reach_s * grain - 1e-6) / grain:.{decimals}f} s"


def plain(seconds_: float) -> str:
    """30 s, 0.5 s: a limit as somebody set it."""
    return f"{seconds_:g} s"


def counted(number: int, noun: str) -> str:
    """1 write, 1,200 writes"""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(items: list[str], total: int | None = None, most: int = 3) -> str:
    """a, b, c and 4 more; total: how many there are, where `items` are only the first of them."""
    shown = items[:most]
    more = (len(items) if total is None else total) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")

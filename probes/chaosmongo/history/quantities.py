"""Numbers as a reader should see them: in seconds, with as many digits as are known and no more.

An uncertainty has one significant digit (two where the first is a 1, so that rounding never adds half of it again), and
the value ends at the same place: the convention of the Particle Data Group, simplified. It is rounded up, so that the
interval that is shown holds the one that was measured. No digit is made up, and nothing unknown is shown as 0.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from .results import Bracket

_NS_PER_S = Decimal(10) ** 9
_FINEST = Decimal("0.000001")  # a microsecond: nothing here is known better
_PLAIN = Decimal("0.001")  # a moment without an uncertainty of its own


def measured(bracket: Bracket) -> str:
    """A duration that was measured, like "4.021 ± 0.012 s"."""
    return with_uncertainty(bracket.middle_ns, bracket.uncertainty_ns)


def with_uncertainty(value_ns: float, uncertainty_ns: float) -> str:
    """`value_ns` ± `uncertainty_ns` in seconds; without an uncertainty (0), to the millisecond."""
    value = Decimal(value_ns) / _NS_PER_S
    if uncertainty_ns <= 0:
        return f"{_fixed(value, _PLAIN)} s"
    uncertainty = Decimal(uncertainty_ns) / _NS_PER_S
    step = min(max(_last_place(uncertainty), _FINEST), Decimal(1))
    # Rounding the value must not let the truth out of the interval that is shown.
    reach = uncertainty + abs(value - value.quantize(step, ROUND_HALF_EVEN))
    return f"{_fixed(value, step)} ± {_fixed(reach, step, ROUND_CEILING)} s"


def seconds(value_ns: float, decimals: int = 2) -> str:
    """A moment or duration for orientation, like "4.02 s"."""
    return f"{_fixed(Decimal(value_ns) / _NS_PER_S, Decimal(1).scaleb(-decimals))} s"


def offset(value_ns: float, *, decimals: int = 1) -> str:
    """A moment relative to another one, with its sign, like "+2.6 s"."""
    text = seconds(value_ns, decimals=decimals)
    return text if text.startswith("−") else f"+{text}"


def at_least(value_ns: float) -> str:
    """A lower bound in seconds, rounded down to a tenth, like "60 s"."""
    return f"{_trimmed(_fixed(Decimal(value_ns) / _NS_PER_S, Decimal('0.1'), ROUND_FLOOR))} s"


def at_most(value_ns: float) -> str:
    """An upper bound in seconds, rounded up to two significant digits, like "0.012 s"."""
    value = Decimal(value_ns) / _NS_PER_S
    if value <= 0:
        return f"{_FINEST} s"
    step = max(Decimal(1).scaleb(value.adjusted() - 1), _FINEST)
    return f"{_fixed(value, step, ROUND_CEILING)} s"


def limit(value_s: float) -> str:
    """A limit that somebody set, as they would write it, like "30 s" or "0.5 s"."""
    return f"{value_s:g} s"


def count(number: int) -> str:
    """A whole number with its thousands apart, like "12,345"."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number of things, like "1 write" or "12,345 writes"."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def milliseconds(value_ns: float) -> str:
    """A short duration for orientation, like "0.25 ms"."""
    return f"{value_ns / 1e6:.2f} ms"


def listed(items: list[str], total: int | None = None, most: int = 3) -> str:
    """Like "a, b, c and 4 more"; total: how many there are, where `items` are only the first of them."""
    shown = items[:most]
    more = (len(items) if total is None else total) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _last_place(uncertainty: Decimal) -> Decimal:
    first = uncertainty.adjusted()
    leading_is_one = uncertainty.scaleb(-first) < 2
    return Decimal(1).scaleb(first - 1 if leading_is_one else first)


def _fixed(value: Decimal, step: Decimal, rounding: str = ROUND_HALF_EVEN) -> str:
    # Whole seconds are the coarsest place: 130 ± 20, never 1.3E+2.
    rounded = value.quantize(min(step, Decimal(1)), rounding)  # "+ 0" below: no negative zero
    return f"{rounded + 0:,f}".replace("-", "−")


def _trimmed(text: str) -> str:
    return text.removesuffix(".0")

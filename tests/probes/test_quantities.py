"""Numbers as they are shown: no digit that is not known, and an interval that holds the one that was measured."""

import re
from decimal import Decimal

import pytest
from chaosmongo.history.quantities import at_least, at_most, count, counted, limit, measured, offset, seconds
from chaosmongo.history.results import Bracket
from hypothesis import given
from hypothesis import strategies as st

MS = 1_000_000


@pytest.mark.parametrize(
    ("lo_ms", "hi_ms", "shown"),
    [
        (3994, 4004, "3.999 ± 0.005 s"),
        (4008, 4034, "4.021 ± 0.013 s"),  # a first digit of 1 keeps a second one
        (99_400, 100_600, "100.0 ± 0.6 s"),
        (100_000, 140_000, "120 ± 20 s"),
        (1_000_000, 1_200_000, "1,100 ± 100 s"),
        (-5, 3, "−0.001 ± 0.004 s"),
        (1000, 1000, "1.000 s"),  # no bracket: to the millisecond
    ],
)
def test_a_measured_duration_ends_where_its_uncertainty_does(lo_ms: int, hi_ms: int, shown: str) -> None:
    assert measured(Bracket(lo_ms * MS, hi_ms * MS)) == shown


@given(st.integers(-(10**12), 10**12), st.integers(1_000, 10**12))
def test_the_interval_that_is_shown_holds_the_bracket(lo_ns: int, width_ns: int) -> None:
    bracket = Bracket(lo_ns, lo_ns + width_ns)
    found = re.fullmatch(r"([−\d.,]+) ± ([\d.,]+) s", measured(bracket))
    assert found is not None
    value, uncertainty = (Decimal(text.replace("−", "-").replace(",", "")) for text in found.groups())
    assert value - uncertainty <= Decimal(bracket.lo_ns) / 10**9
    assert value + uncertainty >= Decimal(bracket.hi_ns) / 10**9
    # Rounding up costs at most one unit of the last of at most two digits, besides half a unit from the value.
    assert uncertainty <= max(Decimal("0.000002"), Decimal(width_ns) / 2 / 10**9 * 2)


def test_bounds_are_rounded_to_the_safe_side() -> None:
    assert at_least(26_499 * MS) == "26.4 s"
    assert at_least(60_000 * MS) == "60 s"
    assert at_most(12_100_000) == "0.013 s"
    assert at_most(0) == "0.000001 s"  # never zero: something may always have hidden


def test_offsets_have_a_sign_and_no_negative_zero() -> None:
    assert offset(2_560 * MS) == "+2.6 s"
    assert offset(-2_560 * MS) == "−2.6 s"
    assert offset(-1 * MS) == "+0.0 s"


def test_plain_numbers() -> None:
    assert seconds(4_021 * MS) == "4.02 s"
    assert limit(0.5) == "0.5 s"
    assert limit(30.0) == "30 s"
    assert count(12_345) == "12,345"
    assert counted(1, "write") == "1 write"
    assert counted(2, "write") == "2 writes"

"""Resource quantities, as the Kubernetes API writes them (apimachinery/pkg/api/resource)."""

from __future__ import annotations

import re
from fractions import Fraction

PATTERN = re.compile(r"([-+.0-9]+)(?:[eE]([-+]?[0-9]+))?([numkKMGTPE]?)(i?)")
THOUSANDS = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
LARGEST_EXPONENT = 30  # more than Kubernetes counts to, which is 2**63


def quantity(text: str) -> Fraction:
    """A resource quantity in its base unit: 250m, 1.5Gi, 1e3. Raises ValueError."""
    found = PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"not a quantity: {text}")
    number, exponent, unit, binary = found.groups()
    power = max(-LARGEST_EXPONENT, min(int(exponent or 0), LARGEST_EXPONENT))
    factor = Fraction(1024 if binary else 1000) ** THOUSANDS[unit.replace("K", "k")]
    return Fraction(number) * Fraction(10) ** power * factor

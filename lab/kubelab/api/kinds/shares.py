"""Numbers of pods that may also be given as a percentage (pkg/apis/apps/validation, ValidatePositiveIntOrPercent)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubelab.api.fields import FieldError, invalid

NOT_PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)


def share_errors(path: str, value: int | str) -> Iterator[FieldError]:
    """A share is not negative, and not more than the whole."""
    if isinstance(value, int):
        if value < 0:
            yield invalid(path, value, "must be greater than or equal to 0")
    elif not re.fullmatch("[0-9]+%", value):
        yield invalid(path, value, NOT_PERCENT)
    elif number_of(value) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def number_of(value: int | str) -> int:
    """The number itself, or that of the percentage."""
    return value if isinstance(value, int) else int(value.removesuffix("%"))

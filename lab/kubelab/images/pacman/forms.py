"""What players send, checked: names are short, numbers are whole and fit MongoDB's."""

from __future__ import annotations

from collections.abc import Mapping

MAX_TEXT = 200
MAX_NUMBER = 2**53 - 1  # the largest whole number that JavaScript keeps


class BadForm(Exception):
    """A form that cannot be taken; the message names the field."""


def text(form: Mapping[str, object], field: str, *, required: bool = False) -> str:
    """A text field; empty when it is left out."""
    value = _value(form, field)
    if required and not value:
        raise BadForm(f"{field} is missing")
    if len(value) > MAX_TEXT:
        raise BadForm(f"{field} is longer than {MAX_TEXT} characters")
    return value.encode("utf-8", "replace").decode()


def number(form: Mapping[str, object], field: str, *, default: int | None = None) -> int:
    """A whole number from 0 to 2^53 - 1."""
    value = _value(form, field)
    if not value and default is not None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 16 and int(value) <= MAX_NUMBER):
        raise BadForm(f"{field} is not a whole number from 0 to {MAX_NUMBER}: {value[:40]!r}")
    return int(value)


def _value(form: Mapping[str, object], field: str) -> str:
    value = form.get(field, "")
    if not isinstance(value, str):
        raise BadForm(f"{field} is a file")
    return value.strip()


def high_score(form: Mapping[str, object]) -> dict[str, object]:
    """The fields of a high score that come from the form."""
    return {
        "name": text(form, "name", required=True),
        "cloud": text(form, "cloud"),
        "zone": text(form, "zone"),
        "host": text(form, "host"),
        "score": number(form, "score"),
        "level": number(form, "level", default=1),
    }


def statistics(form: Mapping[str, object]) -> dict[str, object]:
    """The fields of a player's state of play that come from the form."""
    counts = {field: number(form, field, default=0) for field in ("score", "level", "lives")}
    places = {field: text(form, field) for field in ("cloud", "zone", "host")}
    return {**places, **counts, "et": number(form, "elapsedTime", default=0)}

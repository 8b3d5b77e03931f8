"""Times as they stand in objects: UTC, whole seconds, RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def shifted(text: str, seconds: int) -> str:
    """The time that many seconds after text (before it, if negative)."""
    return stamp(parse(text) + timedelta(seconds=seconds))

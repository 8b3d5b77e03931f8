"""Time as the Kubernetes API writes it."""

from __future__ import annotations

from datetime import UTC, datetime

MICRO = "%Y-%m-%dT%H:%M:%S.%fZ"


def timestamp(at: datetime | None = None) -> str:
    """metav1.Time: RFC 3339, UTC, whole seconds."""
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(at: datetime | None = None) -> str:
    """metav1.MicroTime, as Leases and newer Events use it."""
    return (at or datetime.now(UTC)).strftime(MICRO)


def parse(text: str) -> datetime:
    """The inverse of both."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))

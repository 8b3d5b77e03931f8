"""What an authorizer says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """reason: which binding allows it, or what went wrong on the way to a refusal; may be empty."""

    allowed: bool
    reason: str = ""

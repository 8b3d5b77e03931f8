"""How a Deployment that is scaled amid a rollout shares the difference among its ReplicaSets.

After kubernetes/pkg/controller/deployment (sync.go, scale; util/deployment_util.go, GetReplicaSetProportion).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A ReplicaSet: its name, its size, and the most pods that its Deployment could have when that was decided."""

    name: str
    size: int
    most_before: int


def proportional(parts: list[Part], most: int) -> dict[str, int]:
    """New sizes by name, `most` in all. parts: from old to new; none of them empty."""
    missing = most - sum(part.size for part in parts)
    newest_first = parts[::-1] if missing > 0 else parts
    largest_first = sorted(newest_first, key=lambda part: part.size, reverse=True)
    sizes, left = {}, missing
    for part in largest_first:
        share = math.floor(part.size * most / part.most_before + 0.5) - part.size
        step = min(share, left) if missing > 0 else max(share, left)
        sizes[part.name] = part.size + step
        left -= step
    sizes[largest_first[0].name] = max(0, sizes[largest_first[0].name] + left)
    return sizes

"""When an object that is being deleted may go."""

from __future__ import annotations

from typing import Any


def is_finished(value: dict[str, Any]) -> bool:
    """Deletion was asked for, no grace period runs, and no finalizer is left (of a namespace also none in its spec)."""
    metadata = value["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    if metadata.get("deletionGracePeriodSeconds"):
        return False
    is_held_namespace = "namespace" not in metadata and value.get("spec", {}).get("finalizers")
    return not is_held_namespace

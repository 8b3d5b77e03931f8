"""When an object that is being deleted may go."""

from __future__ import annotations

from typing import Any


def is_finished(value: dict[str, Any]) -> bool:
    """Deletion was asked for, nobody's grace period runs, and no finalizer is left."""
    metadata = value["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    if metadata.get("deletionGracePeriodSeconds"):
        return False
    is_namespace = "namespace" not in metadata and "kubernetes" in value.get("spec", {}).get("finalizers", ())
    return not is_namespace

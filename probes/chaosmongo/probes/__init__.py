"""The probes that experiments use."""

from chaosmongo.probes.judged import (
    acknowledged_writes_kept,
    identity_kept,
    one_writer_at_a_time,
    recovered_within,
    recovery_time,
)
from chaosmongo.probes.steady_state import (
    mongo_is_available,
    scores_are_served,
    seeded_scores_intact,
    statefulset_is_ready,
)

__all__ = [
    "acknowledged_writes_kept",
    "identity_kept",
    "mongo_is_available",
    "one_writer_at_a_time",
    "recovered_within",
    "recovery_time",
    "scores_are_served",
    "seeded_scores_intact",
    "statefulset_is_ready",
]

"""All undo actions by name: one line each."""

from . import budget, cordon, filler, lock, policy, power, registration, scale, scores, seeds, taint, thaw, workload
from .action import Action

FAULTS: dict[str, Action] = {
    budget.NAME: budget.undo,
    cordon.NAME: cordon.undo,
    filler.NAME: filler.undo,
    policy.NAME: policy.undo,
    power.NAME: power.undo,
    scale.NAME: scale.undo,
    taint.NAME: taint.undo,
    thaw.NAME: thaw.undo,
}
"""What faults leave behind: it goes first, for the database may be away as long as it is there."""

ACTIONS: dict[str, Action] = {
    **FAULTS,
    workload.NAME: workload.undo,
    scores.NAME: scores.remove,
    seeds.NAME: seeds.remove,
    registration.NAME: registration.remove,
    lock.NAME: lock.undo,
}

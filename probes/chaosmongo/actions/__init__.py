"""The actions that experiments use."""

from chaosmongo.actions.cleanup import remove_scores
from chaosmongo.actions.data import read_back, seed_high_scores
from chaosmongo.actions.recovery import wait_for_recovery
from chaosmongo.actions.workload import start_workload, stop_workload
from chaosmongo.faults.delete_pod import delete_pod

__all__ = [
    "delete_pod",
    "read_back",
    "remove_scores",
    "seed_high_scores",
    "start_workload",
    "stop_workload",
    "wait_for_recovery",
]

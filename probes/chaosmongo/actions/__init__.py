"""The actions that experiments use."""

from chaosmongo.actions.cleanup import remove_scores, take_back_faults
from chaosmongo.actions.data import read_back, seed_high_scores
from chaosmongo.actions.recovery import wait_for_recovery
from chaosmongo.actions.workload import start_workload, stop_workload
from chaosmongo.faults.crash_container import crash_container
from chaosmongo.faults.crash_node import crash_node
from chaosmongo.faults.cut_off import cut_off
from chaosmongo.faults.delete_pod import delete_pod
from chaosmongo.faults.drain_node import drain_node
from chaosmongo.faults.fill_disk import fill_disk
from chaosmongo.faults.freeze_container import freeze_container
from chaosmongo.faults.kill_pod import kill_pod
from chaosmongo.faults.kill_repeatedly import kill_repeatedly
from chaosmongo.faults.remove_acknowledged_write import remove_acknowledged_write
from chaosmongo.faults.restart_control_plane import restart_control_plane
from chaosmongo.faults.restart_rollout import restart_rollout
from chaosmongo.faults.scale_deployment import scale_deployment
from chaosmongo.faults.scale_to_zero import scale_to_zero
from chaosmongo.faults.step_down_primary import step_down_primary
from chaosmongo.faults.stop_kubelet import stop_kubelet
from chaosmongo.faults.take_out_of_service import take_out_of_service

__all__ = [
    "crash_container",
    "crash_node",
    "cut_off",
    "delete_pod",
    "drain_node",
    "fill_disk",
    "freeze_container",
    "kill_pod",
    "kill_repeatedly",
    "read_back",
    "remove_acknowledged_write",
    "remove_scores",
    "restart_control_plane",
    "restart_rollout",
    "scale_deployment",
    "scale_to_zero",
    "seed_high_scores",
    "start_workload",
    "step_down_primary",
    "stop_kubelet",
    "stop_workload",
    "take_back_faults",
    "take_out_of_service",
    "wait_for_recovery",
]

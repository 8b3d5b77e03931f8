"""What the cluster's settings alone say of the recovery time: how long it must take, and by how much it may be late.

Not in it is what the database and its images take to end, start and recover, nor the work of controllers and scheduler:
these are what a run measures. Times in seconds. Sources: the Kubernetes documentation, "Pod Lifecycle" (termination,
container probes, restart policy), "Nodes" and "Taints and Tolerations" (node failures), "Node Shutdowns" (out of
service, force detach); defaults as in the API reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaosmongo.cluster import Object
from chaosmongo.config import Config
from chaosmongo.environment import GRACE_DEFAULT_S, PROBE_DEFAULTS, TOLERATED

from . import names
from .experiment import Planned
from .findings import Finding, warning
from .obstacles.budgets import allows, holding
from .placement import candidates, volumes_of
from .seen import Seen
from .targets import Target

MONITOR_S = (40.0, 50.0)
"""--node-monitor-grace-period of the controller manager: its default until Kubernetes 1.31, and since."""
FORCE_DETACH_S = 360
"""The attach-detach controller's maxWaitForUnmountDuration: no API tells whether it does so at all."""
BACK_OFF_S, MOST_BACK_OFF_S = 10, 300
REPLACING = ("delete_pod", "kill_pod", "kill_repeatedly", "scale_to_zero", "restart_rollout", "drain_node")
PASSING = ("cut_off", "freeze_container", "fill_disk")
NEVER = float("inf")


@dataclass(frozen=True)
class Part:
    """One thing that takes time: at least, at most. most_s: infinite where nothing ends it."""

    what: str
    least_s: float
    most_s: float

    def __str__(self) -> str:
        if self.most_s == NEVER:
            return f"{self.least_s:g} s or more  {self.what}" if self.least_s else f"no end  {self.what}"
        span = f"{self.least_s:g} s" if self.least_s == self.most_s else f"{self.least_s:g} to {self.most_s:g} s"
        return f"{span}  {self.what}"


@dataclass(frozen=True)
class Prediction:
    """Of one pod. notes: what belongs to it and has no number. unless: what would make it shorter than its parts."""

    pod: str
    parts: Sequence[Part]
    notes: Sequence[str] = ()
    unless: str = ""

    @property
    def least_s(self) -> float:
        return sum(part.least_s for part in self.parts)

    @property
    def most_s(self) -> float:
        return sum(part.most_s for part in self.parts)

    @property
    def total(self) -> str:
        end = "with no end of its own" if self.most_s == NEVER else f"at most about {self.most_s:g} s"
        return f"at least {self.least_s:g} s, {end}{self._otherwise}"

    def judged(self, rto_s: float) -> str:
        """Against an objective."""
        if self.least_s > rto_s:
            return f"missed, whatever the database does{self._otherwise}"
        if self.most_s <= rto_s:
            return f"leaves at least {rto_s - self.most_s:g} s to the database itself"
        return "may be missed by the settings alone"

    @property
    def _otherwise(self) -> str:
        return f", unless {self.unless}" if self.unless else ""


def predict(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Prediction]:
    """One for each owner of the pods that are hit: they recover alike."""
    if target.missing or fault.name in ("take_out_of_service", "restart_control_plane", "scale_deployment"):
        return []
    ours = [pod for pod in target.pods if pod["metadata"]["namespace"] == config.namespace]
    one_each = {names.owner(pod): pod for pod in reversed(ours)}
    return [_of_pod(fault, target, pod, seen) for pod in reversed(one_each.values())]


def findings(predictions: Sequence[Prediction], config: Config) -> list[Finding]:
    """Objectives that cannot be met."""
    most = max(config.objectives.rto_s.values())
    return [
        warning(f"no objective of {most:g} s can be met for {one.pod}: {one.total}")
        for one in predictions
        if one.least_s > most
    ]


def _of_pod(fault: Planned, target: Target, pod: Object, seen: Seen) -> Prediction:
    if fault.name in PASSING:
        return _passing(fault, pod)
    if fault.name == "crash_container":
        return Prediction(names.of(pod), [back_off(pod), *readiness(pod)])
    if fault.name in REPLACING:
        return _replaced(fault, target, pod, seen)
    return replace(_of_dead_node(fault, target, pod, seen), unless="the node is back before")


def _passing(fault: Planned, pod: Object) -> Prediction:
    for_s = float(fault.get("for_s"))
    parts, notes = [Part(f"for_s of {fault.name}", for_s, for_s)], []
    if fault.name == "freeze_container":
        if (unready_s := _gives_up_s(pod, "readinessProbe")) < for_s:
            _, most = _probe_s(pod, "readinessProbe")
            parts.append(Part(f"readiness: not Ready {unready_s:g} s after it begins, and looked at again", 0, most))
        if (killed_s := _gives_up_s(pod, "livenessProbe")) < for_s:
            notes.append(f"its liveness probe may end it after {killed_s:g} s: then it is a crash")
    return Prediction(names.of(pod), parts, notes)


def _replaced(fault: Planned, target: Target, pod: Object, seen: Seen) -> Prediction:
    parts, notes = [], []
    if fault.name == "drain_node":
        parts += _blocked(fault, pod, seen)
    parts.append(_termination(fault, pod))
    if fault.name == "scale_to_zero":
        for_s = float(fault.get("for_s"))
        parts.append(Part("for_s of scale_to_zero", for_s, for_s))
    if fault.name == "kill_repeatedly":
        times, every_s = int(fault.get("times")), float(fault.get("every_s"))
        between_s = (times - 1) * every_s
        parts.insert(0, Part(f"{times} deletions, {every_s:g} s from one to the next", between_s, between_s))
    if seen.nodes and not candidates(pod, seen, without=target.node_name if fault.name == "drain_node" else ""):
        parts.append(Part("Pending: no node could take it until one is opened", 0, NEVER))
    if fault.name == "drain_node" and _attached(pod, seen):
        notes.append("its volume is detached and attached again: by the storage, in a time that no setting tells")
    return Prediction(names.of(pod), [*parts, *readiness(pod)], notes)


def _termination(fault: Planned, pod: Object) -> Part:
    grace = fault.get("grace_period_s")
    grace_s = _grace_s(pod) if grace is None or grace < 0 else int(grace)
    if fault.name == "kill_pod":
        return Part("termination: none is waited for", 0, 0)
    if not of_statefulset(pod) and fault.name != "scale_to_zero":
        return Part("termination: its successor does not wait for it", 0, 0)
    return Part("termination: the grace period, if its process takes all of it", 0, grace_s)


def _blocked(fault: Planned, pod: Object, seen: Seen) -> list[Part]:
    budgets = holding(pod, seen.budgets)
    if not budgets or all(allows(budget) for budget in budgets):
        return []
    name, lifted = budgets[0]["metadata"]["name"], float(fault.get("lift_budgets_after_s") or 0)
    if lifted:
        return [Part(f"blocked by PodDisruptionBudget {name} until it is lifted (served meanwhile)", lifted, lifted)]
    return [Part(f"blocked by PodDisruptionBudget {name} (served meanwhile)", 0, NEVER)]


def _of_dead_node(fault: Planned, target: Target, pod: Object, seen: Seen) -> Prediction:
    serves = " (served meanwhile)" if fault.name == "stop_kubelet" else ""
    monitor = Part(
        f"until the node is missed: node monitor grace period, by default{serves}; it cannot be read", *MONITOR_S
    )
    back = "until the node is back"
    if fault.taken_back:
        back += ": take_back_faults of this experiment starts it"
    if "take_out_of_service" in fault.later:
        parts = [monitor, Part("out of service: the pod and its volumes are released at once", 0, 0)]
        if seen.nodes and not candidates(pod, seen, without=target.node_name):
            parts.append(Part(f"Pending: no other node could take it, {back}", 0, NEVER))
        return Prediction(names.of(pod), [*parts, *readiness(pod)])
    tolerated_s = toleration_s(pod)
    if tolerated_s == NEVER:
        return Prediction(names.of(pod), [monitor, Part(f"tolerated for ever, {back}", 0, NEVER)])
    tolerated = Part("tolerationSeconds of the pod for node.kubernetes.io/unreachable", tolerated_s, tolerated_s)
    attached = _attached(pod, seen)
    if of_statefulset(pod):
        notes = ["a StatefulSet's pod stays Terminating until the node is back, is deleted, or is taken out of service"]
        if attached:
            notes.append(f"then its volume {attached} is detached by force {FORCE_DETACH_S} s after the pod is gone")
        return Prediction(names.of(pod), [monitor, tolerated, Part(f"Terminating, {back}", 0, NEVER)], notes)
    parts = [monitor, tolerated]
    if attached:
        parts.append(Part(f"volume {attached} is detached by force, where the storage waits for it", 0, FORCE_DETACH_S))
    return Prediction(names.of(pod), [*parts, *readiness(pod)])


def of_statefulset(pod: Object) -> bool:
    return any(owner.get("kind") == "StatefulSet" for owner in pod["metadata"].get("ownerReferences") or [])


def readiness(pod: Object) -> list[Part]:
    """From the start of the containers: at most, counted from when the program answers."""
    parts = []
    start, ready = _probe_s(pod, "startupProbe"), _probe_s(pod, "readinessProbe")
    if start[1]:
        parts.append(Part("startup: the probe's first look, and its period", *start))
    if ready[1]:
        least = max(0.0, ready[0] - start[0])
        parts.append(Part("readiness: the probe's first look, and its period", least, max(least, ready[1])))
    elif not start[1]:
        parts.append(Part("readiness: no probe, Ready as soon as it runs, whether it answers or not", 0, 0))
    return parts


def back_off(pod: Object) -> Part:
    """Before a container is started again: none after its first end, then 10 s, doubled each time up to 5 min."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    restarts = max((int(status.get("restartCount") or 0) for status in statuses), default=0)
    if not restarts:
        return Part("restart: without back-off the first time", 0, 0)
    told = f"back-off of the restart, if its last end ({restarts} so far) was less than 10 min ago"
    return Part(told, 0, min(BACK_OFF_S * 2 ** (restarts - 1), MOST_BACK_OFF_S))


def toleration_s(pod: Object) -> float:
    """How long the pod stays bound to a node that does not answer; infinite: for ever."""
    unreachable = TOLERATED[1]
    for one in pod["spec"].get("tolerations") or []:
        if one.get("key") in (unreachable, None, "") and one.get("effect") in ("NoExecute", None, ""):
            return float(one.get("tolerationSeconds", NEVER))
    return 0


def _grace_s(pod: Object) -> int:
    return int(pod["spec"].get("terminationGracePeriodSeconds", GRACE_DEFAULT_S))


def _probe_s(pod: Object, kind: str) -> tuple[float, float]:
    """Until a probe's success is seen, of the container whose is seen last; nothing where there is no such probe."""
    spans = [(0.0, 0.0)]
    for container in pod["spec"]["containers"]:
        if (probe := container.get(kind)) is not None:
            of = {key: float(probe.get(key) or default) for key, default in PROBE_DEFAULTS.items()}
            delay, period, times = of["initialDelaySeconds"], of["periodSeconds"], of["successThreshold"]
            spans.append((delay + (times - 1) * period, delay + times * period))
    return max(least for least, _ in spans), max(most for _, most in spans)


def _gives_up_s(pod: Object, kind: str) -> float:
    """After how long a program that does not answer fails a probe for good, at the earliest; infinite without one."""
    spans = [NEVER]
    for container in pod["spec"]["containers"]:
        if (probe := container.get(kind)) is not None:
            of = {key: float(probe.get(key) or default) for key, default in PROBE_DEFAULTS.items()}
            spans.append((of["failureThreshold"] - 1) * of["periodSeconds"] + of["timeoutSeconds"])
    return min(spans)


def _attached(pod: Object, seen: Seen) -> str:
    """The name of a volume of the pod that has to be detached from its node; "" where there is none."""
    for _, volume in volumes_of(pod, seen):
        if volume is not None and (volume["spec"].get("csi") or _in_tree(volume)):
            return str(volume["metadata"]["name"])
    return ""


def _in_tree(volume: Object) -> bool:
    kinds = ("awsElasticBlockStore", "azureDisk", "cinder", "fc", "gcePersistentDisk", "iscsi", "rbd", "vsphereVolume")
    return any(kind in volume["spec"] for kind in kinds)

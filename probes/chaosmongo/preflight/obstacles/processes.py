"""Processes that heed no KILL and no STOP from within: the first of a container (pid_namespaces(7))."""

from pathlib import PurePosixPath

from chaosmongo.cluster import Object
from chaosmongo.config import Config
from chaosmongo.preflight import names
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, error, warning
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target

FAULTS = ("crash_container", "freeze_container")
INSIDE = (*FAULTS, "fill_disk")
IGNORED = ("CHLD", "CONT", "URG", "WINCH")
"""Signals that end no process (signal(7))."""
SHARE = "shareProcessNamespace: true in the pod's spec"


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if fault.name not in INSIDE:
        return []
    found = [finding for pod in target.pods for finding in _of_pod(fault, pod)]
    if fault.text("signal") in IGNORED:
        found.append(error(f"signal {fault.text('signal')} ends no process: it hits nothing"))
    return found


def _of_pod(fault: Planned, pod: Object) -> list[Finding]:
    spec, wanted, process = pod["spec"], fault.text("container"), fault.text("process")
    default = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
    container = next((c for c in spec["containers"] if c["name"] == (wanted or default)), None)
    if wanted and container is None:
        there = ", ".join(c["name"] for c in spec["containers"])
        return [error(f"there is no container {wanted} in {names.of(pod)} (there are: {there}): it hits nothing")]
    if container is None and len(spec["containers"]) > 1:
        return [error(f"{names.of(pod)} has more than one container: name one", "container: NAME")]
    container = container or spec["containers"][0]
    if not _is_running(pod, container["name"]):
        return [error(f"container {container['name']} of {names.of(pod)} is not running: it hits nothing")]
    if fault.name not in FAULTS or spec.get("shareProcessNamespace") or spec.get("hostPID"):
        return []
    words = container.get("command")
    if not words or PurePosixPath(words[0]).name == process:
        whose = "the image's own program" if not words else "what the container starts"
        return [
            error(
                f"{process} in {names.of(pod)} is {whose}, and so its first process, which heeds no signal from within",
                SHARE,
            )
        ]
    return [warning(f"if {process} is the first process in {names.of(pod)}, it heeds no signal from within", SHARE)]


def _is_running(pod: Object, container: str) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return any(status.get("name") == container and "running" in (status.get("state") or {}) for status in statuses)

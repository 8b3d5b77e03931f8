"""The pods of a Job: how they are made, when one counts as failed, and how long the next one has to wait.

After kubernetes/pkg/controller/job (job_controller.go, backoff_utils.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kubelab.clock import parse
from kubelab.controllers import pods as pod_facts
from kubelab.controllers.indexes import INDEX
from kubelab.controllers.names import LENGTH, random_suffix
from kubelab.kinds import JOBS, Object, condition, is_terminating

TRACKING = "batch.kubernetes.io/job-tracking"
"""The finalizer of a pod that is not counted yet."""
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
LONGEST_NAME = 63
BACK_OFF_S = 10
LONGEST_BACK_OFF_S = 600


def is_tracked(pod: Object) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def is_failed(pod: Object, job: Object) -> bool:
    """One that is being deleted counts as failed at once, unless the Job waits for its end."""
    if pod_facts.phase(pod) == "Failed":
        return True
    if waits_for_the_end(job):
        return False
    return is_terminating(pod) and pod_facts.phase(pod) != "Succeeded"


def waits_for_the_end(job: Object) -> bool:
    """Whether a pod is replaced only when nothing of it runs any more."""
    return bool(job["spec"].get("podReplacementPolicy") == "Failed")


def restarts(pod: Object) -> int:
    status = pod.get("status", {})
    known = (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or [])
    return sum(one.get("restartCount", 0) for one in known)


def from_job(job: Object, index: int | None) -> Object:
    """A new pod, with a finalizer, and of an Indexed Job with all that tells its index."""
    pod = pod_facts.from_template(job["spec"]["template"], JOBS, job)
    metadata, prefix = pod["metadata"], f"{job['metadata']['name']}-"
    metadata["finalizers"] = [*(metadata.get("finalizers") or ()), TRACKING]
    if index is not None:
        for field in ("annotations", "labels"):
            metadata[field] = (metadata.get(field) or {}) | {INDEX: str(index)}
        pod["spec"]["hostname"] = f"{job['metadata']['name']}-{index}"
        for container in (pod["spec"].get("initContainers") or []) + pod["spec"]["containers"]:
            _tell_index(container)
        room = LONGEST_NAME - LENGTH - len(f"-{index}-")
        prefix = f"{job['metadata']['name'][:room]}-{index}-"
    prefix = prefix[: LONGEST_NAME - LENGTH]
    metadata |= {"generateName": prefix, "name": prefix + random_suffix()}
    return pod


def _tell_index(container: dict[str, Any]) -> None:
    env = container.setdefault("env", [])
    if not any(variable["name"] == INDEX_VARIABLE for variable in env):
        source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
        env.append({"name": INDEX_VARIABLE, "valueFrom": source})


@dataclass(frozen=True)
class Ending:
    """When a pod ended, and whether it had succeeded."""

    at: datetime
    succeeded: bool


Endings = Mapping[str, Ending]
"""By the pods' UIDs."""


def ended_at(pod: Object) -> datetime:
    """When its last container ended; else when it was no longer ready; else when its deletion was asked for."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    ends = [one.get("state", {}).get("terminated", {}).get("finishedAt") for one in statuses]
    if ends and all(ends):
        return max(map(parse, ends))
    ready = condition(pod, "Ready")
    if ready and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return parse(ready["lastTransitionTime"])
    metadata = pod["metadata"]
    if is_terminating(pod):
        grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
        return parse(metadata["deletionTimestamp"]) - grace
    return parse(metadata["creationTimestamp"])


def back_off_s(endings: Endings, now: datetime) -> float:
    """Seconds until another pod may be made: 10 s after a failure, doubling with each one since the last success."""
    succeeded_at = max((one.at for one in endings.values() if one.succeeded), default=None)
    failed_at = [
        one.at for one in endings.values() if not one.succeeded and (succeeded_at is None or one.at > succeeded_at)
    ]
    if not failed_at:
        return 0.0
    wait_s = min(BACK_OFF_S * 2 ** min(len(failed_at) - 1, 10), LONGEST_BACK_OFF_S)
    return max(0.0, (max(failed_at) + timedelta(seconds=wait_s) - now).total_seconds())

"""The workload in pods: an indexed Job (batch/v1), a process each, where those beside the runner are not enough.

    runner's pod ── Job ──▶ pod 0 .. n-1: python -m chaosmongo.workload --shard $(JOB_COMPLETION_INDEX)/n --run DIR
         │                     │
         └─ workload.sock ◀────┘     in the run directory DIR, on a claim that the runner's pod has mounted, too

What was weighed:

- clock. All times of a record are of one CLOCK_MONOTONIC, and all pods of a node have the node's. So the pods are held
  to the runner's node. Before one is told anything it says which boot of which machine its clock is of, and its clock
  must show a time between two looks at the runner's. The record says so, too: one of another boot makes the verdict
  unknown. Pods on other nodes would need an offset, whose uncertainty and drift (tens of microseconds each second) were
  added to every bracket, and a volume that several nodes can write. That is left out: it would blur what is measured.
  More pods are more processes, addresses and limits of their own; they are not more than one machine.
- channel. A Unix socket in the run directory (see `remote`): the same lines as in the pipes to a process beside the
  runner. The database's password is in no file, no object of the cluster and no environment; no port and no permission
  are needed. Files would have to hold the password; what goes through the API server ends with it, which some
  experiments restart.
- lifeline. The kernel ends the connection when the runner is gone, however it ended; the load then closes its record
  and ends, within 4 s. A pod that comes later finds no socket. The Job has a deadline, and the runner's pod for owner.
- one that dies. Its part of the record is not closed, or says that it was ended: either makes the verdict unknown. None
  is replaced in the middle (backoffLimit 0, restartPolicy Never), and the others end with it.
- rights. The pods have no token, no capability and nothing to write but the claims of the runner's pod. They run as the
  runner's user, who alone can enter the run directory, and know a token that others on the same volume do not.
"""

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chaosmongo.cluster import Cluster, Object, own_namespace, own_pod
from chaosmongo.errors import ApiRefused, NoCluster, NotFound, WorkloadFailed
from chaosmongo.history import RunDirectory
from chaosmongo.history.quantities import listed

from .channel import POD, TOKEN
from .remote import Meeting, RemoteShard

STARTS_WITHIN_S = 60
"""Until all pods are there; their image is on the node already."""

AT_MOST_S = 6 * 3600
"""A last resort, where the runner's pod has no deadline of its own: the pods end with their runner."""

GRACE_S = 10
"""For closing the record after SIGTERM."""

KEPT_S = 600
"""After its end, where nobody deletes it."""

RUN = "chaos.mongodb/run"
"""Label of the Job and its pods: the run's marker."""

LIKE_THE_RUNNER = (
    "dnsConfig",
    "dnsPolicy",
    "hostAliases",
    "hostNetwork",
    "imagePullSecrets",
    "priorityClassName",
    "runtimeClassName",
    "tolerations",
)
"""Of the runner's pod: so that its pods run where it runs, and find what it finds."""


@dataclass(frozen=True)
class Runner:
    """The pod in which this process runs, and its container there."""

    pod: Object

    @classmethod
    def find(cls, cluster: Cluster) -> "Runner":
        """Raises NotFound where this process runs in no pod, or has no volume to share."""
        namespace, name = own_namespace(), own_pod()
        if not namespace or not name:
            raise NotFound(
                "The workload's pods share the node and the volume of the runner's pod, and this process runs in none: "
                "use shards, or run in the cluster (manifests/scheduled). In a pod, set POD_NAME and POD_NAMESPACE by "
                "the downward API"
            )
        try:
            runner = cls(cluster.get(f"/api/v1/namespaces/{namespace}/pods/{name}"))
        except ApiRefused as refusal:
            raise NotFound(f"The runner's own pod {namespace}/{name} cannot be read: {refusal}") from None
        if not runner.claims:
            raise NotFound(
                f"The runner's pod {namespace}/{name} has mounted no PersistentVolumeClaim: its pods could not record "
                "where it does. Record on a claim, or use shards"
            )
        return runner

    @property
    def namespace(self) -> str:
        return str(self.pod["metadata"]["namespace"])

    @property
    def container(self) -> Object:
        """By the annotation that kubectl goes by, too, where there are several; else the first."""
        containers: list[Object] = self.pod["spec"]["containers"]
        annotations = self.pod["metadata"].get("annotations") or {}
        name = annotations.get("kubectl.kubernetes.io/default-container")
        return next((one for one in containers if one["name"] == name), containers[0])

    @property
    def claims(self) -> list[Object]:
        """Its volumes that are claims, as far as its container has mounted them: what other pods can share."""
        mounted = {mount["name"] for mount in self.container.get("volumeMounts") or []}
        volumes = self.pod["spec"].get("volumes") or []
        return [one for one in volumes if "persistentVolumeClaim" in one and one["name"] in mounted]


def name(marker: str) -> str:
    """How a run names its Job."""
    return f"{marker}workload"


def path(namespace: str, job: str = "") -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs{f'/{job}' if job else ''}"


def made(runner: Runner, marker: str, pods: int, image: str, run: str, token: str) -> Object:
    """The Job. image: "" for the runner's own. run: the run directory. token: see `remote.Meeting`."""
    metadata = runner.pod["metadata"]
    labels = {RUN: marker.rstrip("-"), "app.kubernetes.io/component": "workload"}
    owner = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name(marker), "namespace": runner.namespace, "labels": labels, "ownerReferences": [owner]},
        "spec": {
            "completionMode": "Indexed",
            "completions": pods,
            "parallelism": pods,
            "backoffLimit": 0,
            "activeDeadlineSeconds": runner.pod["spec"].get("activeDeadlineSeconds") or AT_MOST_S,
            "ttlSecondsAfterFinished": KEPT_S,
            "template": {
                "metadata": {"labels": labels},
                "spec": _pod(runner, _container(runner, pods, image, run, token)),
            },
        },
    }


def _pod(runner: Runner, container: Object) -> Object:
    spec = runner.pod["spec"]
    here = {"key": "metadata.name", "operator": "In", "values": [spec["nodeName"]]}
    return {
        **{key: spec[key] for key in LIKE_THE_RUNNER if spec.get(key)},
        # Through the scheduler, which says why where there is no room; nodeName would go past it.
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [here]}]}
            }
        },
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_S,
        "securityContext": {
            **(spec.get("securityContext") or {}),
            "runAsUser": os.getuid(),
            "runAsGroup": os.getgid(),
            "runAsNonRoot": os.getuid() != 0,
            "fsGroupChangePolicy": "OnRootMismatch",  # else run directories would be opened to the group
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": runner.claims,
        "containers": [container],
    }


def _container(runner: Runner, pods: int, image: str, run: str, token: str) -> Object:
    ours = runner.container
    claims = {volume["name"] for volume in runner.claims}
    return {
        "name": "workload",
        "image": image or ours["image"],
        **({} if image else {"imagePullPolicy": ours.get("imagePullPolicy", "IfNotPresent")}),
        "command": ["python", "-m", "chaosmongo.workload"],
        "args": ["--shard", f"$(JOB_COMPLETION_INDEX)/{pods}", "--run", run],
        "env": [
            {"name": POD, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": TOKEN, "value": token},
        ],
        "resources": ours.get("resources") or {},
        "volumeMounts": [mount for mount in ours["volumeMounts"] if mount["name"] in claims],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


class Pods:
    """A Job that is not made yet, and its pods once it is."""

    def __init__(
        self, cluster: Cluster, runner: Runner, marker: str, number: int, image: str, directory: RunDirectory
    ) -> None:
        self.number = number
        self._cluster = cluster
        self._namespace = runner.namespace
        self._label = f"{RUN}={marker.rstrip('-')}"
        self._directory = directory
        self.image = image or str(runner.container["image"])
        self._token = secrets.token_hex(16)
        self._job = made(runner, marker, number, image, str(directory.path.resolve()), self._token)

    def start(self) -> list[RemoteShard]:
        """Makes the Job; its processes, when all are there. Raises WorkloadFailed, ApiRefused, NoCluster."""
        end = time.monotonic() + STARTS_WITHIN_S
        try:
            meeting = Meeting(self._directory.workload_socket, self._token)
        except OSError as error:
            raise WorkloadFailed(f"There can be no socket in {self._directory.path}: {error.strerror}") from None
        with meeting:
            self._cluster.post(path(self._namespace), self._job)
            try:
                come = meeting.all(self.number, end, self._in_vain)
            except WorkloadFailed as failure:
                raise WorkloadFailed("; ".join([str(failure), *self._waiting()])) from None
        return [
            RemoteShard(connection, arrival, self._directory.shard_log(arrival.shard, arrival.of), self._fate)
            for connection, arrival in come
        ]

    def _in_vain(self) -> str:
        """Why it cannot come to anything any more; "" while it can."""
        return listed([f"pod {pod['metadata']['name']} {told}" for pod in self._found() if (told := fate(pod))])

    def _waiting(self) -> list[str]:
        """What the pods that are not there yet wait for."""
        found = self._found()
        if not found:
            return [f"none of its pods can be seen: kubectl get events -n {self._namespace} may say why"]
        return sorted({f"pod {pod['metadata']['name']}: {told}" for pod in found for told in waiting(pod)})

    def _fate(self, pod: str) -> str:
        found = next((one for one in self._found() if one["metadata"]["name"] == pod), None)
        return "is there no more" if found is None else fate(found)

    def _found(self) -> list[Object]:
        """Nothing where the API server says nothing: it is asked for an error message only."""
        try:
            answer = self._cluster.get(f"/api/v1/namespaces/{self._namespace}/pods", labelSelector=self._label)
        except (ApiRefused, NoCluster):
            return []
        return list(answer.get("items") or [])


def fate(pod: Mapping[str, Any]) -> str:
    """How a pod ended, as Kubernetes tells it; "" for one that has not."""
    status = pod.get("status") or {}
    told = [f"ended {one.get('reason', '')} with status {one.get('exitCode')}" for one in _states(status, "terminated")]
    told += [str(one["message"]).strip() for one in _states(status, "terminated") if one.get("message")]
    if status.get("phase") == "Failed":
        told.append(": ".join(["failed", *(str(status[key]) for key in ("reason", "message") if status.get(key))]))
    if pod["metadata"].get("deletionTimestamp"):
        told.append("is being deleted")
    return ", ".join(told)


def waiting(pod: Mapping[str, Any]) -> list[str]:
    """What keeps a pod from starting."""
    status = pod.get("status") or {}
    told = [
        f"{one.get('reason', 'not scheduled')}, {one.get('message', '')}"
        for one in status.get("conditions") or []
        if one.get("type") == "PodScheduled" and one.get("status") == "False"
    ]
    return told + [
        ", ".join(str(one[key]) for key in ("reason", "message") if one.get(key)) for one in _states(status, "waiting")
    ]


def _states(status: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    for container in status.get("containerStatuses") or []:
        if state := (container.get("state") or {}).get(kind):
            yield state

"""Objects that the cases make. A pod that no scheduler takes stays as it is: the case plays its kubelet."""

from __future__ import annotations

from typing import Any

from .conftest import IMAGE, Cluster

Object = dict[str, Any]

NOBODY = "nobody"
"""The name of no scheduler: pods that ask for it stay Pending, on any cluster."""


def config_map(name: str, data: dict[str, str] | None = None, **metadata: Any) -> Object:
    return {"metadata": {"name": name, **metadata}, "data": data or {}}


def lease(name: str, holder: str | None = None, **metadata: Any) -> Object:
    return {"metadata": {"name": name, **metadata}, "spec": {"holderIdentity": holder} if holder else {}}


def pod_spec(script: str = "sleep 1000", **spec: Any) -> Object:
    container = {"name": "main", "image": IMAGE, "command": ["sh", "-c", script]}
    return {"terminationGracePeriodSeconds": 1, "containers": [container], **spec}


def pod(name: str, script: str = "sleep 1000", *, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": pod_spec(script, **spec)}


def idle_pod(name: str, *, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """A pod that nobody places on a node."""
    return pod(name, labels=labels, schedulerName=NOBODY, **spec)


def template(app: str, **spec: Any) -> Object:
    return {"metadata": {"labels": {"app": app}}, "spec": pod_spec(**spec)}


def workload(name: str, replicas: int, *, idle: bool = True, **spec: Any) -> Object:
    """A Deployment, ReplicaSet or StatefulSet, the same for each. idle: its pods stay Pending."""
    made = template(name, **({"schedulerName": NOBODY} if idle else {}))
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": made, **spec},
    }


def stateful_set(name: str, replicas: int, *, idle: bool = True, **spec: Any) -> Object:
    return workload(name, replicas, idle=idle, serviceName=name, **spec)


def job(name: str, *, script: str = "sleep 1000", idle: bool = True, pod: Object | None = None, **spec: Any) -> Object:
    """A Job whose pods are never restarted; idle: they stay Pending. pod: fields of their spec."""
    kind = {"schedulerName": NOBODY} if idle else {}
    template = {"spec": pod_spec(script, **{"restartPolicy": "Never", **kind, **(pod or {})})}
    return {"metadata": {"name": name}, "spec": {"template": template, **spec}}


def cron_job(name: str, schedule: str, job_spec: Object | None = None, **spec: Any) -> Object:
    """A CronJob whose Jobs have idle pods."""
    template = {"spec": job("", **(job_spec or {}))["spec"]}
    return {"metadata": {"name": name}, "spec": {"schedule": schedule, "jobTemplate": template, **spec}}


def end(cluster: Cluster, made: Object, phase: str) -> None:
    """Says of an idle pod what a kubelet says of one that ended."""
    metadata = made["metadata"]
    where = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
    answer = cluster.patch(where, {"status": {"phase": phase}}, "strategic-merge-patch")
    assert answer.status == 200, answer.body


def pods_of(cluster: Cluster, namespace: str, app: str) -> list[Object]:
    """The pods of a workload that are not being deleted, by name."""
    found = cluster.get(f"/api/v1/namespaces/{namespace}/pods", labelSelector=f"app={app}").body["items"]
    alive = [one for one in found if "deletionTimestamp" not in one["metadata"]]
    return sorted(alive, key=lambda one: str(one["metadata"]["name"]))


def names(objects: list[Object]) -> list[str]:
    return [one["metadata"]["name"] for one in objects]


def make_ready(
    cluster: Cluster, made: Object, *, ready: bool = True, since: str | None = None, address: str = "192.0.2.7"
) -> None:
    """Says of an idle pod what a kubelet would say of one that runs and is Ready, or is not, since that time."""
    where = f"/api/v1/namespaces/{made['metadata']['namespace']}/pods/{made['metadata']['name']}/status"
    told = "True" if ready else "False"
    conditions = [{"type": kind, "status": told} for kind in ("Ready", "ContainersReady")]
    if since:
        conditions = [condition | {"lastTransitionTime": since} for condition in conditions]
    status = {"phase": "Running", "conditions": conditions, "podIP": address, "podIPs": [{"ip": address}]}
    answer = cluster.patch(where, {"status": status}, "strategic-merge-patch")
    assert answer.status == 200, answer.body


def let_go(cluster: Cluster, made: Object) -> None:
    """Says of a pod that is being deleted what a kubelet says in the end: that nothing of it runs any more."""
    metadata = made["metadata"]
    where = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
    options = {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}}
    answer = cluster.delete(where, options)
    assert answer.status == 200, answer.body


def is_leaving(made: Object) -> bool:
    """Whether its deletion has begun."""
    return "deletionTimestamp" in made["metadata"]


def condition_of(made: Object, kind: str) -> Object:
    """A condition of its status; empty when it has none of that type."""
    found = [one for one in made.get("status", {}).get("conditions") or [] if one["type"] == kind]
    return found[0] if found else {}

"""The Pac-Man demo as it stood in the cluster whose answers were recorded, written without any controller."""

from __future__ import annotations

from typing import Any

from tests.lab.api.conftest import ApiServer

Object = dict[str, Any]

IMAGE = "docker.io/library/mongo:8"
NODES = ("real-1", "real-2", "real-3")


def container(name: str) -> Object:
    return {"name": name, "image": IMAGE}


def template(name: str, labels: dict[str, str]) -> Object:
    return {"metadata": {"labels": labels}, "spec": {"containers": [container(name)]}}


def create(api: ApiServer, path: str, value: Object, status: Object | None = None) -> None:
    created = api.post(path, value)
    assert created.status == 201, created.body
    if status is not None:
        name = created.body["metadata"]["name"]
        patched = api.patch(f"{path}/{name}/status", {"status": status}, "merge-patch")
        assert patched.status == 200, patched.body


def create_pod(api: ApiServer, name: str, labels: dict[str, str], node: str, address: str) -> None:
    pods = "/api/v1/namespaces/pacman/pods"
    create(api, pods, {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container("c")]}})
    bound = api.post(f"{pods}/{name}/binding", {"metadata": {"name": name}, "target": {"kind": "Node", "name": node}})
    assert bound.status == 201
    running = {"name": "c", "image": IMAGE, "imageID": "", "ready": True, "restartCount": 0, "state": {"running": {}}}
    status = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "containerStatuses": [running],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    api.patch(f"{pods}/{name}/status", {"status": status})


def create_nodes(api: ApiServer) -> None:
    info = {
        "kubeletVersion": "v1.36.2",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "kernelVersion": "6.18.44-fc-v595",
        "architecture": "amd64",
        "containerRuntimeVersion": "containerd://2.1.9+unknown",
    }
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": "192.0.2.2"}],
        "nodeInfo": info,
    }
    for name in NODES:
        create(api, "/api/v1/nodes", {"metadata": {"name": name}}, status)


def create_workloads(api: ApiServer) -> None:
    apps = "/apis/apps/v1/namespaces/pacman"
    mongo, pacman = {"name": "mongo"}, {"name": "pacman"}
    spec: Object = {"replicas": 1, "selector": {"matchLabels": mongo}, "template": template("mongo", mongo)}
    counts = {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    create(api, f"{apps}/statefulsets", {"metadata": {"name": "mongo"}, "spec": spec}, counts)
    spec = {"replicas": 2, "selector": {"matchLabels": pacman}, "template": template("pacman", pacman)}
    counts = {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 2}
    create(api, f"{apps}/deployments", {"metadata": {"name": "pacman"}, "spec": spec}, counts)
    hashed = pacman | {"pod-template-hash": "5445786fd7"}
    spec = {"replicas": 2, "selector": {"matchLabels": hashed}, "template": template("pacman", hashed)}
    counts = {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    create(api, f"{apps}/replicasets", {"metadata": {"name": "pacman-5445786fd7"}, "spec": spec}, counts)
    create_pod(api, "mongo-0", mongo, "real-3", "10.244.3.10")
    create_pod(api, "pacman-5445786fd7-pfcp5", hashed, "real-1", "10.244.1.5")
    create_pod(api, "pacman-5445786fd7-ttcjv", hashed, "real-1", "10.244.1.6")


def create_storage(api: ApiServer) -> None:
    capacity, modes = {"storage": "1Gi"}, ["ReadWriteOnce"]
    spec: Object = {
        "capacity": capacity,
        "accessModes": modes,
        "hostPath": {"path": "/nas"},
        "claimRef": {"namespace": "pacman", "name": "mongo-storage"},
    }
    create(api, "/api/v1/persistentvolumes", {"metadata": {"name": "nas-1"}, "spec": spec}, {"phase": "Bound"})
    spec = {
        "accessModes": modes,
        "resources": {"requests": capacity},
        "storageClassName": "",
        "volumeName": "nas-1",
    }
    status = {"phase": "Bound", "capacity": capacity, "accessModes": modes}
    claims = "/api/v1/namespaces/pacman/persistentvolumeclaims"
    create(api, claims, {"metadata": {"name": "mongo-storage"}, "spec": spec}, status)


def create_network(api: ApiServer) -> None:
    spec = {"selector": {"name": "mongo"}, "ports": [{"port": 27017}]}
    create(api, "/api/v1/namespaces/pacman/services", {"metadata": {"name": "mongo"}, "spec": spec})
    slices = "/apis/discovery.k8s.io/v1/namespaces/pacman/endpointslices"
    endpoints = {
        "metadata": {"name": "mongo-mfdgl"},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.244.3.10"]}],
        "ports": [{"port": 27017}],
    }
    create(api, slices, endpoints)


def create_events(api: ApiServer, rows: list[Object], more: int) -> None:
    """One event for each recorded row, and as many more as were not on the recorded page."""
    times = {"firstTimestamp": "2026-11-23T18:30:00Z", "lastTimestamp": "2026-11-23T18:35:00Z"}
    for row in rows:
        _, kind, reason, target, _, source, message, _, count, name = row["cells"]
        component, host = source.split(", ")
        event = {
            "metadata": {"name": name},
            "involvedObject": {"kind": "Pod", "name": target.partition("/")[2], "namespace": "pacman"},
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": component, "host": host},
            "count": count,
            **times,
        }
        create(api, "/api/v1/namespaces/pacman/events", event)
    for number in range(more):
        event = {"metadata": {"name": f"zz-{number}"}, "involvedObject": {"namespace": "pacman"}, "reason": "More"}
        create(api, "/api/v1/namespaces/pacman/events", event)


def create_bundles(api: ApiServer, namespace: str, bundles: list[Object]) -> None:
    """The certificates that controllers put into each namespace."""
    for bundle in bundles:
        create(api, f"/api/v1/namespaces/{namespace}/configmaps", bundle)


def create_account(api: ApiServer, namespace: str) -> None:
    """The account that a controller makes in each namespace."""
    create(api, f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})


def create_demo(api: ApiServer, event_rows: list[Object], more_events: int, bundles: list[Object]) -> None:
    create(api, "/api/v1/namespaces", {"metadata": {"name": "pacman"}})
    create_account(api, "pacman")
    create_nodes(api)
    create_storage(api)
    create_workloads(api)
    create_network(api)
    create_events(api, event_rows, more_events)
    create_bundles(api, "pacman", bundles)

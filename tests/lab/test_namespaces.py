"""A namespace takes everything in it along, whatever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import RunningLab

pytestmark = pytest.mark.e2e

NAMESPACE = "whole"
LABELS = {"app": "x"}
POD = {
    "terminationGracePeriodSeconds": 1,
    "containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}],
}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
JOB = {"spec": POD | {"restartPolicy": "Never"}}
WORKLOAD = {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE}
SUBJECT = {"kind": "ServiceAccount", "name": "mine", "namespace": NAMESPACE}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "mine"}
BACKEND = {"name": "mine", "port": {"number": 1}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("v1", "ConfigMap"): {"data": {"a": "b"}},
    ("v1", "Endpoints"): {},
    ("v1", "PersistentVolumeClaim"): {"spec": CLAIM},
    ("v1", "Pod"): {"spec": POD},
    ("v1", "Secret"): {"stringData": {"a": "b"}},
    ("v1", "Service"): {"spec": {"selector": LABELS, "ports": [{"port": 1}]}},
    ("v1", "ServiceAccount"): {},
    ("apps/v1", "ControllerRevision"): {"revision": 1, "data": {}},
    ("apps/v1", "Deployment"): {"spec": WORKLOAD},
    ("apps/v1", "ReplicaSet"): {"spec": WORKLOAD},
    ("apps/v1", "StatefulSet"): {"spec": WORKLOAD | {"serviceName": "mine"}},
    ("batch/v1", "CronJob"): {"spec": {"schedule": "@yearly", "jobTemplate": {"spec": {"template": JOB}}}},
    ("batch/v1", "Job"): {"spec": {"template": JOB, "suspend": True}},
    ("coordination.k8s.io/v1", "Lease"): {"spec": {"holderIdentity": "me"}},
    ("discovery.k8s.io/v1", "EndpointSlice"): {"addressType": "IPv4", "endpoints": [], "ports": []},
    ("networking.k8s.io/v1", "Ingress"): {"spec": {"defaultBackend": {"service": BACKEND}}},
    ("networking.k8s.io/v1", "NetworkPolicy"): {"spec": {"podSelector": {}}},
    ("policy/v1", "PodDisruptionBudget"): {"spec": {"minAvailable": 0, "selector": {"matchLabels": LABELS}}},
    ("rbac.authorization.k8s.io/v1", "Role"): {"rules": []},
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): {"subjects": [SUBJECT], "roleRef": ROLE},
}


def in_namespace(lab: RunningLab, kinds: list[str]) -> dict[str, int]:
    """How many objects of each kind are there; one request for each, which does not ask whether the namespace is."""
    found = {kind: len(lab.get("-n", NAMESPACE, kind)["items"]) for kind in kinds}
    return {kind: count for kind, count in found.items() if count}


def test_everything_goes_with_its_namespace(lab: RunningLab) -> None:
    kinds = lab.kubectl("api-resources", "--namespaced", "--verbs=list,create", "-o", "name").split()
    objects: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}]
    for (version, kind), content in OBJECTS.items():
        metadata = {"name": "mine", "namespace": NAMESPACE}
        objects.append({"apiVersion": version, "kind": kind, "metadata": metadata, **content})
    lab.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    lab.kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=20s")
    assert in_namespace(lab, kinds).keys() == set(kinds)
    lab.kubectl("delete", "namespace", NAMESPACE, "--timeout=30s")
    assert in_namespace(lab, kinds) == {}

"""Writes types.json from the model classes of the official Kubernetes Python client.

A tool for developers: `python -m kubelab.api.schema.generate` after the client was upgraded. The server itself reads
the file and never imports the client, which would cost it 40 MiB.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOTS = [
    "V1Namespace",
    "V1Pod",
    "V1Binding",
    "V1Service",
    "V1Endpoints",
    "V1EndpointSlice",
    "V1ConfigMap",
    "V1Secret",
    "V1ServiceAccount",
    "V1PersistentVolumeClaim",
    "V1PersistentVolume",
    "V1Node",
    "CoreV1Event",
    "EventsV1Event",
    "V1StatefulSet",
    "V1Deployment",
    "V1ReplicaSet",
    "V1ControllerRevision",
    "V1PodDisruptionBudget",
    "V1Eviction",
    "V1Ingress",
    "V1IngressClass",
    "V1StorageClass",
    "V1Lease",
    "V1NetworkPolicy",
    "V1Role",
    "V1RoleBinding",
    "V1ClusterRole",
    "V1ClusterRoleBinding",
    "V1SelfSubjectAccessReview",
    "V1SelfSubjectReview",
    "V1SelfSubjectRulesReview",
    "V1SubjectAccessReview",
    "AuthenticationV1TokenRequest",
    "V1Scale",
    "V1DeleteOptions",
    "V1Job",
    "V1CronJob",
    "V1PriorityClass",
]

PRIMITIVES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "object": "any",
    "datetime": "datetime",
    "bytes": "bytes",
    "bytearray": "bytes",
}

# The client calls these plain strings or objects; the API reads numbers as well.
QUANTITIES = {
    ("ResourceRequirements", "limits"),
    ("ResourceRequirements", "requests"),
    ("VolumeResourceRequirements", "limits"),
    ("VolumeResourceRequirements", "requests"),
    ("PersistentVolumeSpec", "capacity"),
    ("PersistentVolumeClaimStatus", "capacity"),
    ("PersistentVolumeClaimStatus", "allocatedResources"),
    ("NodeStatus", "capacity"),
    ("NodeStatus", "allocatable"),
    ("PodSpec", "overhead"),
    ("EmptyDirVolumeSource", "sizeLimit"),
    ("ResourceFieldSelector", "divisor"),
    ("ContainerStatus", "allocatedResources"),
}
# The client calls these objects; each is a whole number or a text.
INT_OR_STRING = {"maxSurge", "maxUnavailable", "minAvailable", "port", "targetPort"}
INT64 = {
    "activeDeadlineSeconds",
    "deletionGracePeriodSeconds",
    "expirationSeconds",
    "fsGroup",
    "generation",
    "gracePeriodSeconds",
    "observedGeneration",
    "revision",
    "runAsGroup",
    "runAsUser",
    "terminationGracePeriodSeconds",
    "tolerationSeconds",
}


def short_name(model: str) -> str:
    """CoreV1Event -> Event, V1Pod -> Pod, EventsV1Event -> EventsEvent."""
    return re.sub(r"^(CoreV1|V1)|(?<=[a-z])V1(?=[A-Z])", "", model)


def type_of(owner: str, field: str, declared: str, pending: list[str]) -> str:
    """The declared Python type in the words of types.json; models met on the way are added to pending."""
    if (owner, field) in QUANTITIES:
        return "map:quantity" if declared.startswith("Dict") else "quantity"
    if found := re.fullmatch(r"List\[(.*)\]", declared):
        return "list:" + type_of(owner, "", found[1], pending)
    if found := re.fullmatch(r"Dict\[str, (.*)\]", declared):
        return "map:" + type_of(owner, "", found[1], pending)
    if declared == "int" and field in INT64:
        return "int64"
    if declared == "object" and field in INT_OR_STRING:
        return "intorstring"
    if declared in PRIMITIVES:
        return PRIMITIVES[declared]
    pending.append(declared)
    return short_name(declared)


def generate() -> dict[str, dict[str, str]]:
    """Every type that is reachable from ROOTS: {type: {field: type of the field}}."""
    from kubernetes.client import models

    types: dict[str, dict[str, str]] = {}
    pending = list(ROOTS)
    while pending:
        model = pending.pop()
        name = short_name(model)
        if name in types:
            continue
        source: Any = getattr(models, model)
        types[name] = {}
        for attribute, declared in source.openapi_types.items():
            field = source.attribute_map[attribute]
            types[name][field] = type_of(name, field, declared, pending)
    return dict(sorted(types.items()))


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(fields)}" for name, fields in generate().items())
    Path(__file__).with_name("types.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")

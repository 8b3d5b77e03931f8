"""Roles and bindings that a cluster has from its first moment.

After kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy (policy.go), as far as the lab serves what they are
about. Who wants others edits them: what is there already is left alone.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

GROUP = "rbac.authorization.k8s.io"
READ = ["get", "list", "watch"]
WRITE = ["create", "delete", "deletecollection", "patch", "update"]
EVERYTHING = ["*"]
HEALTH = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*"]


def rule(groups: list[str], resources: list[str], verbs: list[str]) -> Object:
    return {"verbs": verbs, "apiGroups": groups, "resources": resources}


def urls(paths: list[str], verbs: list[str]) -> Object:
    return {"verbs": verbs, "nonResourceURLs": paths}


VIEW_RULES = [
    rule(
        [""],
        [
            *("bindings", "configmaps", "endpoints", "events", "namespaces", "namespaces/status"),
            *("persistentvolumeclaims", "persistentvolumeclaims/status", "pods", "pods/log", "pods/status"),
            *("serviceaccounts", "services", "services/status"),
        ],
        READ,
    ),
    rule(["discovery.k8s.io"], ["endpointslices"], READ),
    rule(["events.k8s.io"], ["events"], READ),
    rule(
        ["apps"],
        [
            "controllerrevisions",
            *(
                f"{kind}{part}"
                for kind in ("deployments", "replicasets", "statefulsets")
                for part in ("", "/scale", "/status")
            ),
        ],
        READ,
    ),
    rule(["batch"], ["cronjobs", "cronjobs/status", "jobs", "jobs/status"], READ),
    rule(["networking.k8s.io"], ["ingresses", "ingresses/status", "networkpolicies"], READ),
    rule(["policy"], ["poddisruptionbudgets", "poddisruptionbudgets/status"], READ),
]
EDIT_RULES = [
    *VIEW_RULES,
    rule([""], ["pods/attach", "pods/exec", "pods/portforward", "secrets"], READ),
    rule([""], ["serviceaccounts"], ["impersonate"]),
    rule([""], ["pods", "pods/attach", "pods/exec", "pods/portforward"], WRITE),
    rule([""], ["pods/eviction", "serviceaccounts/token"], ["create"]),
    rule(
        [""],
        ["configmaps", "endpoints", "events", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"],
        WRITE,
    ),
    rule(
        ["apps"],
        [f"{kind}{part}" for kind in ("deployments", "replicasets", "statefulsets") for part in ("", "/scale")],
        WRITE,
    ),
    rule(["batch"], ["cronjobs", "jobs"], WRITE),
    rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], WRITE),
    rule(["policy"], ["poddisruptionbudgets"], WRITE),
    rule(["coordination.k8s.io"], ["leases"], [*WRITE, *READ]),
]
ADMIN_RULES = [
    *EDIT_RULES,
    rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]),
    rule([GROUP], ["rolebindings", "roles"], [*WRITE, *READ]),
]
NODE_RULES = [
    rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
    rule(["authorization.k8s.io"], ["localsubjectaccessreviews", "subjectaccessreviews"], ["create"]),
    rule([""], ["services"], READ),
    rule([""], ["nodes"], ["create", *READ]),
    rule([""], ["nodes/status"], ["patch", "update"]),
    rule([""], ["nodes"], ["patch", "update"]),
    rule([""], ["events"], ["create", "patch", "update"]),
    rule([""], ["pods"], READ),
    rule([""], ["pods"], ["create", "delete"]),
    rule([""], ["pods/status"], ["patch", "update"]),
    rule([""], ["pods/eviction"], ["create"]),
    rule([""], ["configmaps", "secrets"], READ),
    rule([""], ["persistentvolumeclaims", "persistentvolumes"], ["get"]),
    rule([""], ["serviceaccounts/token"], ["create"]),
    rule([""], ["serviceaccounts"], ["get"]),
    rule(["coordination.k8s.io"], ["leases"], ["create", "delete", "get", "patch", "update"]),
]
CLUSTER_ROLES: dict[str, list[Object]] = {
    "admin": ADMIN_RULES,
    "cluster-admin": [rule(EVERYTHING, EVERYTHING, EVERYTHING), urls(EVERYTHING, EVERYTHING)],
    "edit": EDIT_RULES,
    "system:basic-user": [
        rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
        rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
    ],
    "system:discovery": [urls([*DISCOVERY, "/readyz", "/version", "/version/"], ["get"])],
    "system:node": NODE_RULES,
    "system:public-info-viewer": [urls(HEALTH, ["get"])],
    "view": VIEW_RULES,
}
BINDINGS: dict[str, tuple[str, ...]] = {
    "cluster-admin": ("system:masters",),
    "system:basic-user": ("system:authenticated",),
    "system:discovery": ("system:authenticated",),
    "system:public-info-viewer": ("system:authenticated", "system:unauthenticated"),
}
"""ClusterRole -> the groups that it is bound to, by a binding of the same name."""


def cluster_role(name: str) -> Object:
    return {"metadata": _metadata(name), "rules": CLUSTER_ROLES[name]}


def cluster_role_binding(name: str) -> Object:
    return {
        "metadata": _metadata(name),
        "subjects": [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in BINDINGS[name]],
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
    }


def _metadata(name: str) -> Object:
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }

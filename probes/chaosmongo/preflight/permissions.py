"""Which requests a run makes of the API server, and which of them we may not make.

Asked with SelfSubjectAccessReviews (authorization.k8s.io/v1), which change nothing and are not stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from chaosmongo import observer
from chaosmongo.cluster import Object
from chaosmongo.config import Config

from .experiment import Planned
from .findings import Finding, error, warning
from .targets import NODE_FAULTS, WORKLOADS, Target

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
APPS, POLICY, NETWORKING, DISCOVERY = "apps", "policy", "networking.k8s.io", "discovery.k8s.io"
STORAGE = "storage.k8s.io"
READ_AND_FOLLOW = ("list", "watch")


@dataclass(frozen=True, order=True)
class Request:
    """One kind of request. namespace: "" where it concerns the whole cluster. resource: like pods or pods/exec.

    reason: what it is for. without: what the run does without it, where it goes on; "" where it cannot. The two take no
    part in comparing.
    """

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""
    reason: str = field(default="", compare=False)
    without: str = field(default="", compare=False)

    def review(self) -> Object:
        resource, _, subresource = self.resource.partition("/")
        attributes = {
            "namespace": self.namespace,
            "verb": self.verb,
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
            "name": self.name,
        }
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
        }

    def __str__(self) -> str:
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        where = f"in namespace {self.namespace}" if self.namespace else "in the whole cluster"
        return f"{self.verb} {what}{f' {self.name}' if self.name else ''} {where}"


def of_run(config: Config) -> list[Request]:
    """What every run asks for: guard, observer, where MongoDB and the application are, the environment."""
    space = config.namespace
    if not space:
        return []
    found = [Request(space, "", "namespaces", "get", space, "guard")]
    found += [
        Request(scope, group, resource, verb, "", "observer", without)
        for scope, group, resource, without in _observed(space)
        for verb in READ_AND_FOLLOW
    ]
    return found + _located(config) + _fingerprinted(config)


def _observed(space: str) -> list[tuple[str, str, str, str]]:
    """Namespace, group and resource of all that is observed, and what the run does without."""
    without = "the record has none of them"
    found = [
        # without pods there is no proof of injection, and the verdict is unknown
        (
            space,
            path.split("/")[2] if path.startswith("/apis/") else "",
            resource,
            without if resource != "pods" else "",
        )
        for resource, path in observer.NAMESPACED.items()
    ]
    return [*found, *(("", "", resource, without) for resource in observer.CLUSTER_WIDE)]


def _located(config: Config) -> list[Request]:
    space, found, services = config.namespace, [], []
    if not config.mongo_uri:
        services.append(config.mongo_service)
        if config.mongo_secret:
            found.append(Request(space, "", "secrets", "get", config.mongo_secret, "locate"))
    if not config.app_url and config.app_service:
        services.append(config.app_service)
    found += [Request(space, "", "services", "get", name, "locate") for name in services]
    if services and config.reach != "service":
        without = "" if config.reach == "port-forward" else "the Services must be reached by their own addresses"
        asked = [("", "pods/portforward", "get"), ("", "pods/portforward", "create")]
        asked += [(DISCOVERY, "endpointslices", verb) for verb in READ_AND_FOLLOW]
        found += [Request(space, *one, "", "port-forward", without) for one in asked]
    return found


def _fingerprinted(config: Config) -> list[Request]:
    """Of what tells whether runs were measured alike."""
    space, without = config.namespace, "runs cannot be compared in this"
    named = [
        ("apps", "statefulsets", config.statefulset),
        ("apps", "deployments", config.app_service),
        ("", "pods", f"{config.statefulset}-0"),
        ("", "persistentvolumeclaims", ""),
    ]
    found = [Request(space, group, resource, "get", name, "environment", without) for group, resource, name in named]
    found.append(Request("", STORAGE, "storageclasses", "get", "", "environment", without))
    return found


def of_fault(fault: Planned, target: Target) -> list[Request]:
    """What a fault asks for, and what takes it back."""
    why, space, found = fault.name, fault.text("namespace"), []
    if fault.text("label_selector"):
        found.append(Request(space, "", "pods", "list", "", why))
    elif pod := fault.text("pod" if fault.name in NODE_FAULTS else "name" if fault.name not in WORKLOADS else ""):
        found.append(Request(space, "", "pods", "get", pod, why))
    for group, resource, verb, argument in _OF_FAULT.get(fault.name, ()):
        found.append(Request(space, group, resource, verb, fault.text(argument) if argument else "", why))
    return found + (_of_node(fault, target, space) if fault.name in NODE_FAULTS else [])


Asked = tuple[str, str, str, str]
"""Group, resource and verb, in the fault's namespace; the argument that names the object."""

_EXEC: Sequence[Asked] = (("", "pods/exec", "get", "name"), ("", "pods/exec", "create", "name"))
"""Both: a WebSocket begins with a GET, and from Kubernetes 1.35 on `create` is asked for as well."""
_DELETION: Sequence[Asked] = (("", "pods", "delete", "name"),)
_OF_FAULT: dict[str, Sequence[Asked]] = {
    "delete_pod": _DELETION,
    "kill_pod": _DELETION,
    "kill_repeatedly": _DELETION,
    "crash_container": _EXEC,
    "freeze_container": _EXEC,
    "fill_disk": _EXEC,
    "scale_to_zero": (
        (APPS, "statefulsets", "get", "statefulset"),
        ("", "pods", "list", ""),
        (APPS, "statefulsets/scale", "patch", "statefulset"),
    ),
    "restart_rollout": (
        (APPS, "statefulsets", "get", "statefulset"),
        ("", "pods", "list", ""),
        (APPS, "statefulsets", "patch", "statefulset"),
    ),
    "scale_deployment": (
        (APPS, "deployments", "get", "name"),
        (APPS, "deployments/scale", "patch", "name"),
    ),
    "cut_off": (
        (NETWORKING, "networkpolicies", "create", ""),
        (NETWORKING, "networkpolicies", "delete", ""),
    ),
    "restart_control_plane": (),
    "remove_acknowledged_write": (),
    "step_down_primary": (),
}


def _of_node(fault: Planned, target: Target, space: str) -> list[Request]:
    why, node = fault.name, target.node_name
    found = [Request("", "", "nodes", "get", node, why)]
    if fault.name in ("drain_node", "take_out_of_service"):
        found.append(Request("", "", "nodes", "patch", node, why))
    if fault.name != "take_out_of_service":
        found.append(Request("", "", "pods", "list", "", why))
    if fault.name != "drain_node":
        return found
    found.append(Request("", "", "pods", "watch", "", why))
    spaces = sorted({pod["metadata"]["namespace"] for pod in target.pods} or {space})
    found += [Request(one, "", "pods/eviction", "create", "", why) for one in spaces]
    if fault.get("lift_budgets_after_s"):
        found += [Request(space, POLICY, "poddisruptionbudgets", verb, "", why) for verb in ("list", "get", "patch")]
    return found


def together(requests: Iterable[Request]) -> list[Request]:
    """Each once: the one that cannot be done without goes before the same that can."""
    found: dict[Request, Request] = {}
    for request in requests:
        if request not in found or (found[request].without and not request.without):
            found[request] = request
    return list(found.values())


def allowed(answer: Object) -> bool:
    """What a review says; evaluation errors allow nothing."""
    return bool((answer.get("status") or {}).get("allowed"))


def missing(requests: Iterable[Request]) -> list[Finding]:
    """Findings of requests that were denied."""
    found = []
    for request in requests:
        text = f"we may not {request} ({request.reason})"
        found.append(warning(f"{text}: {request.without}") if request.without else error(text))
    return sorted(found, key=lambda finding: finding.level)


def rules(requests: Iterable[Request]) -> list[str]:
    """Roles that would grant the requests, as YAML: what `kubectl apply` and `kubectl create` take as rules."""
    lines = []
    ordered = sorted(set(requests))
    for namespace, of_space in groupby(ordered, key=lambda request: request.namespace):
        lines.append(f"a Role in namespace {namespace}:" if namespace else "a ClusterRole:")
        verbs: dict[tuple[str, str], list[str]] = {}
        for request in of_space:
            known = verbs.setdefault((request.group, request.resource), [])
            if request.verb not in known:
                known.append(request.verb)
        alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for (group, resource), wanted in verbs.items():
            alike.setdefault((group, tuple(wanted)), []).append(resource)
        for (group, wanted_verbs), resources in alike.items():
            lines.append(
                f'- {{apiGroups: ["{group}"], resources: [{", ".join(resources)}], verbs: [{", ".join(wanted_verbs)}]}}'
            )
    return lines

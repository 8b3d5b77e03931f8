"""Which requests a run makes of the API server, and which of them we may not make.

The one list of them: preflight asks for each with a SelfSubjectAccessReview (authorization.k8s.io/v1), which changes
nothing and is not stored; `roles` makes of it what grants them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chaosmongo import observer
from chaosmongo.cluster import Object, own_namespace
from chaosmongo.config import Config
from chaosmongo.lease import LEASE

from .experiment import ACTIONS, Experiment, Planned
from .findings import Finding, error, warning
from .targets import NODE_FAULTS, WORKLOADS, Target

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
APPS, POLICY, NETWORKING, DISCOVERY = "apps", "policy", "networking.k8s.io", "discovery.k8s.io"
STORAGE, COORDINATION, BATCH = "storage.k8s.io", "coordination.k8s.io", "batch"
_LOCK = (("create", ""), *((verb, LEASE) for verb in ("get", "patch", "delete")))
"""A rule cannot name what is not there yet."""
OWN_NAMESPACE = "chaos"
"""The runner's, where it is in no pod that says so: that of manifests/scheduled."""
READ_AND_FOLLOW = ("list", "watch")
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""Of an object (RFC 1123)."""


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


def of_experiment(
    experiment: Experiment, targets: Sequence[Target] = (), *, in_pod: bool = False, beside: str = ""
) -> list[Request]:
    """What a run of it asks for, each once. targets: what each fault would hit; none where no cluster was looked at.

    in_pod: whether it runs in a pod of the cluster, where Services are reached by their own addresses.
    beside: the runner's namespace, where the load's pods are; "" for that of this process.
    """
    faults = experiment.faults
    hit = targets or [Target() for _ in faults]
    of_faults = [request for one, target in zip(faults, hit, strict=True) for request in of_fault(one, target)]
    of_steps = [*_of_probes(experiment), *_of_load(experiment, beside), *of_faults]
    return together([*of_run(experiment.config, in_pod=in_pod), *of_steps])


def _of_probes(experiment: Experiment) -> list[Request]:
    config, probe = experiment.config, "statefulset_is_ready"
    if all(step.function != probe for step in (*experiment.hypothesis, *experiment.method)):
        return []
    return [Request(config.namespace, APPS, "statefulsets", "get", config.statefulset, probe)]


def _of_load(experiment: Experiment, beside: str) -> list[Request]:
    """Where it is to be in pods of its own, which are beside the runner's."""
    loads = [step for step in experiment.method if step.module == ACTIONS and step.function == "start_workload"]
    if all(str(step.arguments.get("pods") or 0) == "0" for step in loads):
        return []
    space, why = beside or own_namespace() or OWN_NAMESPACE, "the load's pods"
    found = [Request(space, BATCH, "jobs", verb, "", why) for verb in ("create", "get", "delete")]
    return [*found, Request(space, "", "pods", "get", "", why), Request(space, "", "pods", "list", "", why)]


def of_run(config: Config, *, in_pod: bool = False) -> list[Request]:
    """What every run asks for: guard, observer, lock, where MongoDB and the application are, the environment."""
    space = config.namespace
    if not space:
        return []
    found = [Request(space, "", "namespaces", "get", space, "guard")]
    found += [
        Request(scope, group, resource, verb, "", "observer", without)
        for scope, group, resource, without in _observed(space)
        for verb in READ_AND_FOLLOW
    ]
    found += [Request(space, COORDINATION, "leases", verb, name, "lock") for verb, name in _LOCK]
    return found + _located(config, in_pod) + _fingerprinted(config)


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


def _located(config: Config, in_pod: bool) -> list[Request]:
    space, found, services = config.namespace, [], []
    if not config.mongo_uri:
        services.append(config.mongo_service)
        if config.mongo_secret:
            found.append(Request(space, "", "secrets", "get", config.mongo_secret, "locate"))
    if not config.app_url and config.app_service:
        services.append(config.app_service)
    found += [Request(space, "", "services", "get", name, "locate") for name in services]
    if services and config.reach != "service" and not (in_pod and config.reach == "auto"):
        without = "" if config.reach == "port-forward" else "the Services must be reached by their own addresses"
        asked = [("", "pods/portforward", "get"), ("", "pods/portforward", "create")]
        asked += [(DISCOVERY, "endpointslices", verb) for verb in READ_AND_FOLLOW]
        found += [Request(space, *one, "", "port-forward", without) for one in asked]
    return found


def _fingerprinted(config: Config) -> list[Request]:
    """Of what tells whether runs were measured alike."""
    space, without = config.namespace, "runs cannot be compared in this"
    named = [
        (APPS, "statefulsets", config.statefulset),
        (APPS, "deployments", config.app_service),
        ("", "pods", f"{config.statefulset}-0"),
    ]
    found = [
        Request(space, group, resource, "get", name, "environment", without) for group, resource, name in named if name
    ]
    found.append(Request(space, "", "persistentvolumeclaims", "get", "", "environment", without))
    found.append(Request("", STORAGE, "storageclasses", "get", "", "environment", without))
    return found


def of_fault(fault: Planned, target: Target) -> list[Request]:
    """What a fault asks for, and what takes it back."""
    why, space, found = fault.name, fault.text("namespace"), []
    if fault.text("label_selector"):
        found.append(Request(space, "", "pods", "list", "", why))
    elif fault.text(pod := "pod" if fault.name in NODE_FAULTS else "name" if fault.name not in WORKLOADS else ""):
        found.append(Request(space, "", "pods", "get", _name(fault, pod), why))
    for group, resource, verb, argument in _OF_FAULT.get(fault.name, ()):
        found.append(Request(space, group, resource, verb, _name(fault, argument), why))
    return found + (_of_node(fault, target, space) if fault.name in NODE_FAULTS else [])


def _name(fault: Planned, argument: str) -> str:
    """The name of an object in an argument; "" where only the run will know it, as of @primary."""
    text = fault.text(argument) if argument else ""
    return text if NAME.fullmatch(text) else ""


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
    why, node = fault.name, target.node_name or _name(fault, "node")
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

"""What each fault would hit, and what comes with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chaosmongo import guard
from chaosmongo.cluster import Object

from .experiment import Planned
from .findings import Finding, error, warning
from .seen import Seen, aimed_at
from .selectors import matches

NODE_FAULTS = ("drain_node", "crash_node", "stop_kubelet", "take_out_of_service")
WORKLOADS = {
    "scale_to_zero": ("statefulsets", "statefulset"),
    "restart_rollout": ("statefulsets", "statefulset"),
    "scale_deployment": ("deployments", "name"),
}
"""The resource of such faults, and the argument that names it."""
AT_NO_OBJECT = ("restart_control_plane", "remove_acknowledged_write", "step_down_primary")
PRIMARY = "@primary"
"""In place of a pod's name: which one that is, only the run will know (`chaosmongo.faults.selection`)."""
KINDS = {"statefulsets": "StatefulSet", "deployments": "Deployment"}


@dataclass(frozen=True)
class Target:
    """pods: those that are hit, or that go with the node. staying: pods that belong to the node and stay there.

    missing: why nothing would be hit, or why that is not known.
    """

    pods: Sequence[Object] = ()
    node: Object | None = None
    staying: Sequence[Object] = ()
    workload: Object | None = None
    missing: list[Finding] = field(default_factory=list)

    @property
    def node_name(self) -> str:
        return str(self.node["metadata"]["name"]) if self.node else ""


def find(fault: Planned, seen: Seen) -> Target:
    if fault.wrong:
        return Target(missing=[error(f"it cannot be called like this: {fault.wrong}")])
    if "namespace" in fault.arguments and fault.text("namespace") != seen.namespace:
        return Target()  # the guard says why
    if PRIMARY in (fault.text("name"), fault.text("pod")):
        unknown = "which pod is the primary is only known when it runs: what stands in its way was not looked at"
        return Target(missing=[warning(unknown)])
    if fault.name in NODE_FAULTS:
        return _node(fault, seen)
    if fault.name in WORKLOADS:
        return _workload(fault, seen)
    if fault.name in AT_NO_OBJECT:
        return Target()
    return _pods(fault, seen)


def _pods(fault: Planned, seen: Seen) -> Target:
    name, selector = fault.text("name"), fault.text("label_selector")
    if bool(name) == bool(selector):
        return Target(missing=[error("either name or label_selector is needed, to hit nothing by accident")])
    what = f"pod {name}" if name else f"pod with {selector}"
    found = [pod for pod in [seen.pod(name)] if pod] if name else list(seen.selected.get(selector, ()))
    return _alive(found, what, fault, seen, "pods" if name else f"pods with {selector}")


def _alive(found: Sequence[Object], what: str, fault: Planned, seen: Seen, source: str) -> Target:
    pods = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
    if pods:
        return Target(pods)
    if why := seen.unread.get(source):
        return Target(missing=[error(f"whether there is a {what} cannot be read ({why})")])
    going = ": what there is, is being deleted" if found else ""
    return Target(missing=[error(f"there is no {what} in namespace {fault.text('namespace')}{going}: it hits nothing")])


def _workload(fault: Planned, seen: Seen) -> Target:
    resource, argument = WORKLOADS[fault.name]
    kind, name = KINDS[resource], fault.text(argument)
    things = seen.statefulsets if resource == "statefulsets" else seen.deployments
    found = next((thing for thing in things if thing["metadata"]["name"] == name), None)
    if found is None:
        if why := seen.unread.get(resource):
            return Target(missing=[error(f"whether there is a {kind} {name} cannot be read ({why})")])
        return Target(
            missing=[error(f"there is no {kind} {name} in namespace {fault.text('namespace')}: it hits nothing")]
        )
    pods = [pod for pod in seen.pods if matches(found["spec"].get("selector"), pod["metadata"].get("labels") or {})]
    pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    missing = []
    if not pods and resource == "statefulsets":
        missing = [error(f"{kind} {name} has no pods: it hits nothing")]
    if fault.name == "scale_deployment" and found["spec"].get("replicas", 1) == fault.get("replicas"):
        missing = [error(f"{kind} {name} has {fault.get('replicas')} replicas already: nothing would be done")]
    return Target(pods, workload=found, missing=missing)


def _node(fault: Planned, seen: Seen) -> Target:
    name, pod = fault.text("node"), fault.text("pod")
    is_step = fault.name == "take_out_of_service"
    if bool(name) == bool(pod) and not is_step:
        return Target(missing=[error("either node or pod is needed: the node itself, or a pod on it")])
    aim = aimed_at(fault, [one for one in seen.pods if "deletionTimestamp" not in one["metadata"]])
    found = seen.node(aim) if aim else None
    if found is None:
        return Target(missing=[error(_no_node(fault, aim, seen))])
    pods = seen.on_node.get(aim, ())
    moving = [one for one in pods if not guard.is_of_the_node(one)]
    staying = [one for one in pods if guard.is_of_the_node(one)]
    return Target(moving, found, staying)


def _no_node(fault: Planned, aim: str, seen: Seen) -> str:
    pod = fault.text("pod")
    if aim:
        why = seen.unread.get("nodes")
        return (
            f"whether there is a node {aim} cannot be read ({why})"
            if why
            else f"there is no node {aim}: it hits nothing"
        )
    if not pod:
        return "no fault before it hits a node, and none is named: it hits nothing"
    if why := seen.unread.get("pods"):
        return f"whether there is a pod {pod} cannot be read ({why})"
    if seen.pod(pod):
        return f"pod {pod} is on no node: it hits nothing"
    return f"there is no pod {pod} in namespace {fault.text('namespace')}: it hits nothing"

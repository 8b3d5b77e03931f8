"""The table of served resources: everything that a URL, a discovery document or a message must know about one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
READ_WRITE = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object. kind, group, version: of its body; an empty kind means the object's own."""

    name: str
    verbs: tuple[str, ...] = READ_WRITE
    kind: str = ""
    group: str = ""
    version: str = ""


STATUS = Subresource("status")
SCALE = Subresource("scale", READ_WRITE, "Scale", "autoscaling", "v1")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one group and version.

    schema: the name of its type in types.json. stored_as: the resource whose objects it shows, if not its own.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    verbs: tuple[str, ...] = VERBS
    schema: str = ""
    stored_as: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """As in messages: pods, statefulsets.apps."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def storage(self) -> str:
        """The name under which its objects are stored."""
        return self.stored_as or self.group_resource

    @property
    def type_name(self) -> str:
        return self.schema or self.kind

    @property
    def singular(self) -> str:
        return self.kind.lower()

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)


def _core() -> Iterator[Resource]:
    yield Resource("", "v1", "Binding", "bindings", verbs=("create",))
    yield Resource("", "v1", "ConfigMap", "configmaps", short_names=("cm",))
    yield Resource("", "v1", "Endpoints", "endpoints", short_names=("ep",))
    yield Resource("", "v1", "Event", "events", short_names=("ev",))
    yield Resource(
        "",
        "v1",
        "Namespace",
        "namespaces",
        namespaced=False,
        short_names=("ns",),
        subresources=(Subresource("finalize", ("update",)), STATUS),
        verbs=tuple(verb for verb in VERBS if verb != "deletecollection"),
    )
    yield Resource("", "v1", "Node", "nodes", namespaced=False, short_names=("no",), subresources=(STATUS,))
    yield Resource(
        "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short_names=("pvc",), subresources=(STATUS,)
    )
    yield Resource(
        "", "v1", "PersistentVolume", "persistentvolumes", namespaced=False, short_names=("pv",), subresources=(STATUS,)
    )
    yield Resource(
        "",
        "v1",
        "Pod",
        "pods",
        short_names=("po",),
        categories=("all",),
        subresources=(
            Subresource("attach", ("create", "get"), "PodAttachOptions"),
            Subresource("binding", ("create",), "Binding"),
            Subresource("eviction", ("create",), "Eviction", "policy", "v1"),
            Subresource("exec", ("create", "get"), "PodExecOptions"),
            Subresource("log", ("get",)),
            Subresource("portforward", ("create", "get"), "PodPortForwardOptions"),
            STATUS,
        ),
    )
    yield Resource("", "v1", "Secret", "secrets")
    yield Resource(
        "",
        "v1",
        "ServiceAccount",
        "serviceaccounts",
        short_names=("sa",),
        subresources=(Subresource("token", ("create",), "TokenRequest", "authentication.k8s.io", "v1"),),
    )
    yield Resource("", "v1", "Service", "services", short_names=("svc",), categories=("all",), subresources=(STATUS,))


def _apps() -> Iterator[Resource]:
    yield Resource("apps", "v1", "ControllerRevision", "controllerrevisions")
    for kind, short_name in (("Deployment", "deploy"), ("ReplicaSet", "rs"), ("StatefulSet", "sts")):
        yield Resource(
            "apps",
            "v1",
            kind,
            kind.lower() + "s",
            short_names=(short_name,),
            categories=("all",),
            subresources=(SCALE, STATUS),
        )


def _others() -> Iterator[Resource]:
    yield Resource("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False, verbs=("create",))
    for kind in ("SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"):
        yield Resource("authorization.k8s.io", "v1", kind, f"{kind.lower()}s", False, verbs=("create",))
    yield Resource(
        "batch", "v1", "CronJob", "cronjobs", short_names=("cj",), categories=("all",), subresources=(STATUS,)
    )
    yield Resource("batch", "v1", "Job", "jobs", categories=("all",), subresources=(STATUS,))
    yield Resource("coordination.k8s.io", "v1", "Lease", "leases")
    yield Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
    yield Resource(
        "events.k8s.io", "v1", "Event", "events", short_names=("ev",), schema="EventsEvent", stored_as="events"
    )
    yield Resource("networking.k8s.io", "v1", "IngressClass", "ingressclasses", False)
    yield Resource("networking.k8s.io", "v1", "Ingress", "ingresses", short_names=("ing",), subresources=(STATUS,))
    yield Resource("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short_names=("netpol",))
    yield Resource(
        "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short_names=("pdb",), subresources=(STATUS,)
    )
    rbac = "rbac.authorization.k8s.io"
    yield Resource(rbac, "v1", "ClusterRoleBinding", "clusterrolebindings", False)
    yield Resource(rbac, "v1", "ClusterRole", "clusterroles", False)
    yield Resource(rbac, "v1", "RoleBinding", "rolebindings")
    yield Resource(rbac, "v1", "Role", "roles")
    yield Resource("storage.k8s.io", "v1", "StorageClass", "storageclasses", False, short_names=("sc",))


RESOURCES: tuple[Resource, ...] = (*_core(), *_apps(), *_others())
BY_URL = {(resource.group, resource.version, resource.plural): resource for resource in RESOURCES}
GROUP_VERSIONS = tuple(dict.fromkeys((resource.group, resource.version) for resource in RESOURCES))

NAMESPACES = BY_URL["", "v1", "namespaces"]
PODS = BY_URL["", "v1", "pods"]
SERVICES = BY_URL["", "v1", "services"]
NODES = BY_URL["", "v1", "nodes"]


def is_stored(resource: Resource) -> bool:
    """Whether its objects are kept: a review or a binding is answered and forgotten."""
    return "get" in resource.verbs

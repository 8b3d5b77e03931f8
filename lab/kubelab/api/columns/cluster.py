"""The columns of Nodes, Namespaces, Events, ConfigMaps, Secrets, ServiceAccounts, Leases and roles."""

from __future__ import annotations

from collections.abc import Callable

from .base import AGE, CREATED_AT, NAME, NONE, UNKNOWN, Column, Object, at, field, joined, since, wide

ROLE_PREFIX = "node-role.kubernetes.io/"


def node_status(node: Object) -> str:
    conditions = at(node, "status.conditions", [])
    ready = next((item for item in conditions if item["type"] == "Ready"), None)
    text = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return text + (",SchedulingDisabled" if node["spec"].get("unschedulable") else "")


def node_roles(node: Object) -> str:
    labels = node["metadata"].get("labels", {})
    return joined(sorted(key.removeprefix(ROLE_PREFIX) for key in labels if key.startswith(ROLE_PREFIX)))


def node_address(kind: str) -> Callable[[Object], str]:
    def cell(node: Object) -> str:
        addresses = at(node, "status.addresses", [])
        return next((item["address"] for item in addresses if item.get("type") == kind), NONE)

    return cell


def kernel(node: Object) -> str:
    version, machine = at(node, "status.nodeInfo.kernelVersion"), at(node, "status.nodeInfo.architecture")
    return f"{version} ({machine})" if version and machine else version or UNKNOWN


def event_object(event: Object) -> str:
    involved = event.get("involvedObject", {})
    kind = involved.get("kind", "").lower()
    return f"{kind}/{involved['name']}" if involved.get("name") else kind


def event_source(event: Object) -> str:
    source = event.get("source", {})
    component = source.get("component") or event.get("reportingComponent", "")
    host = source.get("host") or event.get("reportingInstance", "")
    return f"{component}, {host}" if host else component


def first_seen(event: Object) -> str:
    return since(event.get("firstTimestamp") or event.get("eventTime"))


def last_seen(event: Object) -> str:
    last = at(event, "series.lastObservedTime") or event.get("lastTimestamp")
    return since(last) if last else first_seen(event)


def event_count(event: Object) -> int:
    return int(at(event, "series.count", 0) or event.get("count") or 1)


def subjects(kind: str) -> Callable[[Object], str]:
    def cell(binding: Object) -> str:
        found = [item for item in binding.get("subjects", ()) if item.get("kind") == kind]
        names = [f"{item['namespace']}/{item['name']}" if item.get("namespace") else item["name"] for item in found]
        return ", ".join(names)

    return cell


def role_name(binding: Object) -> str:
    reference = binding.get("roleRef", {})
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


NODES = (
    NAME,
    Column("Status", node_status),
    Column("Roles", node_roles),
    AGE,
    Column("Version", field("status.nodeInfo.kubeletVersion")),
    wide("Internal-IP", node_address("InternalIP")),
    wide("External-IP", node_address("ExternalIP")),
    wide("OS-Image", lambda node: at(node, "status.nodeInfo.osImage") or UNKNOWN),
    wide("Kernel-Version", kernel),
    wide("Container-Runtime", lambda node: at(node, "status.nodeInfo.containerRuntimeVersion") or UNKNOWN),
)
NAMESPACES = (NAME, Column("Status", field("status.phase")), AGE)
EVENTS = (
    Column("Last Seen", last_seen),
    Column("Type", field("type")),
    Column("Reason", field("reason")),
    Column("Object", event_object),
    wide("Subobject", field("involvedObject.fieldPath")),
    wide("Source", event_source),
    Column("Message", lambda event: event.get("message", "").strip()),
    wide("First Seen", first_seen),
    wide("Count", event_count),
    wide("Name", field("metadata.name")),
)
CONFIGMAPS = (NAME, Column("Data", lambda value: len(value.get("data", {})) + len(value.get("binaryData", {}))), AGE)
SECRETS = (NAME, Column("Type", field("type")), Column("Data", lambda value: len(value.get("data", {}))), AGE)
ACCOUNTS = (NAME, Column("Secrets", lambda value: len(value.get("secrets", []))), AGE)
LEASES = (NAME, Column("Holder", field("spec.holderIdentity")), AGE)
ROLES = (NAME, CREATED_AT)
BINDINGS = (
    NAME,
    Column("Role", role_name),
    AGE,
    wide("Users", subjects("User")),
    wide("Groups", subjects("Group")),
    wide("ServiceAccounts", subjects("ServiceAccount")),
)

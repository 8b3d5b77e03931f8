"""The columns of StatefulSets, Deployments, ReplicaSets, ControllerRevisions and PodDisruptionBudgets."""

from __future__ import annotations

from kubelab.api.verbs.special import selector_text

from .base import AGE, NAME, NONE, Column, Object, at, field, wide


def of_template(name: str) -> Column:
    key = {"Containers": "name", "Images": "image"}[name]
    return wide(
        name, lambda value: ",".join(item.get(key, "") for item in at(value, "spec.template.spec.containers", []))
    )


def selector(value: Object) -> str:
    return selector_text(value["spec"].get("selector", {})) or NONE


def ready(value: Object) -> str:
    return f"{at(value, 'status.readyReplicas', 0)}/{at(value, 'spec.replicas', 0)}"


def controller(value: Object) -> str:
    owners = value["metadata"].get("ownerReferences", ())
    owner = next((item for item in owners if item.get("controller")), None)
    if owner is None:
        return NONE
    group, slash, _ = owner["apiVersion"].partition("/")
    return f"{owner['kind'].lower()}{'.' + group if slash else ''}/{owner['name']}"


TEMPLATE = (of_template("Containers"), of_template("Images"))
SELECTOR = wide("Selector", selector)

DEPLOYMENTS = (
    NAME,
    Column("Ready", ready),
    Column("Up-to-date", field("status.updatedReplicas", 0)),
    Column("Available", field("status.availableReplicas", 0)),
    AGE,
    *TEMPLATE,
    SELECTOR,
)
REPLICASETS = (
    NAME,
    Column("Desired", field("spec.replicas", 0), "integer"),
    Column("Current", field("status.replicas", 0), "integer"),
    Column("Ready", field("status.readyReplicas", 0), "integer"),
    AGE,
    *TEMPLATE,
    SELECTOR,
)
STATEFULSETS = (NAME, Column("Ready", ready), AGE, *TEMPLATE)
REVISIONS = (NAME, Column("Controller", controller), Column("Revision", field("revision", 0)), AGE)
BUDGETS = (
    NAME,
    Column("Min Available", lambda value: str(at(value, "spec.minAvailable", "N/A"))),
    Column("Max Unavailable", lambda value: str(at(value, "spec.maxUnavailable", "N/A"))),
    Column("Allowed Disruptions", field("status.disruptionsAllowed", 0), "integer"),
    AGE,
)

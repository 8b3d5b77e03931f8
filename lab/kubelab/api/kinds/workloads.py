"""StatefulSets, Deployments and ReplicaSets: defaults and rules of what makes pods from a template."""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

from collections.abc import Iterator

from kubelab.api.fields import FieldError, forbidden, invalid, required
from kubelab.api.selectors import selector_matches

from .base import Cluster, Object, Strategy
from .podrules import pod_spec_errors
from .podspec import default_pod_spec
from .shares import share_errors

STATEFULSET_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
STATEFULSET_MESSAGE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def template_errors(spec: Object) -> Iterator[FieldError]:
    """Rules that all three share: replicas, seconds to be ready, selector, template."""
    replicas = spec.get("replicas", 0)
    if replicas < 0:
        yield invalid("spec.replicas", replicas, "must be greater than or equal to 0")
    min_ready_s = spec.get("minReadySeconds", 0)
    if min_ready_s < 0:
        yield invalid("spec.minReadySeconds", min_ready_s, "must be greater than or equal to 0")
    selector = spec.get("selector")
    labels = spec["template"].get("metadata", {}).get("labels", {})
    if selector is None:
        yield required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid("spec.selector", selector, "empty selector is invalid for deployment")
    elif not selector_matches(selector, labels):
        yield invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    claimed = [claim.get("metadata", {}).get("name", "") for claim in spec.get("volumeClaimTemplates", ())]
    yield from pod_spec_errors(spec["template"]["spec"], "spec.template.spec", claimed)
    policy = spec["template"]["spec"].get("restartPolicy")
    if policy != "Always":
        yield FieldError(
            "spec.template.spec.restartPolicy",
            "FieldValueNotSupported",
            f'Unsupported value: "{policy}": supported values: "Always"',
        )


def rollout_errors(spec: Object) -> Iterator[FieldError]:
    """Rules of a Deployment alone: how many pods may be missing or too many meanwhile, and how long it may take."""
    if rolling := spec["strategy"].get("rollingUpdate"):
        path = "spec.strategy.rollingUpdate"
        for name in ("maxUnavailable", "maxSurge"):
            yield from share_errors(f"{path}.{name}", rolling[name])
        if not any(str(rolling[name]).strip("0%") for name in ("maxUnavailable", "maxSurge")):
            yield invalid(f"{path}.maxUnavailable", rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0")
    limit, deadline_s = spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]
    if limit < 0:
        yield invalid("spec.revisionHistoryLimit", limit, "must be greater than or equal to 0")
    if deadline_s <= spec.get("minReadySeconds", 0):
        yield invalid("spec.progressDeadlineSeconds", deadline_s, "must be greater than minReadySeconds")


class WorkloadStrategy(Strategy):
    counts_generations = True

    def default(self, value: Object) -> None:
        spec = value.setdefault("spec", {})
        spec.setdefault("replicas", 1)
        default_pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))

    def validate(self, value: Object) -> list[FieldError]:
        return list(template_errors(value["spec"]))

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        selector = value["spec"].get("selector")
        if selector == old["spec"].get("selector"):
            return []
        return [invalid("spec.selector", selector, "field is immutable")]


class DeploymentStrategy(WorkloadStrategy):
    def default(self, value: Object) -> None:
        super().default(value)
        spec = value["spec"]
        strategy = spec.setdefault("strategy", {})
        if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", "25%")
            rolling.setdefault("maxSurge", "25%")
        spec.setdefault("revisionHistoryLimit", 10)
        spec.setdefault("progressDeadlineSeconds", 600)

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {}

    def content(self, value: Object) -> Object:
        """Its ReplicaSets get its annotations, so that these are asked for as well."""
        return {**super().content(value), "annotations": value["metadata"].get("annotations", {})}

    def validate(self, value: Object) -> list[FieldError]:
        errors = super().validate(value)
        strategy = value["spec"]["strategy"]
        if strategy["type"] == "Recreate" and strategy.get("rollingUpdate"):
            detail = "may not be specified when strategy `type` is 'Recreate'"
            errors.append(forbidden("spec.strategy.rollingUpdate", detail))
        return [*errors, *rollout_errors(value["spec"])]


class ReplicaSetStrategy(WorkloadStrategy):
    selectable = ("status.replicas",)

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"replicas": 0}


class StatefulSetStrategy(WorkloadStrategy):
    def default(self, value: Object) -> None:
        super().default(value)
        spec = value["spec"]
        spec.setdefault("podManagementPolicy", "OrderedReady")
        strategy = spec.setdefault("updateStrategy", {})
        if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
            strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
        spec.setdefault("revisionHistoryLimit", 10)
        policy = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
        policy.setdefault("whenDeleted", "Retain")
        policy.setdefault("whenScaled", "Retain")
        for template in spec.get("volumeClaimTemplates", ()):
            template |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
            template.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
            template.setdefault("status", {}).setdefault("phase", "Pending")

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"replicas": 0, "availableReplicas": 0}

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        fixed = [
            {key: item for key, item in spec.items() if key not in STATEFULSET_MUTABLE}
            for spec in (value["spec"], old["spec"])
        ]
        return [] if fixed[0] == fixed[1] else [forbidden("spec", STATEFULSET_MESSAGE)]

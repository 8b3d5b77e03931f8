"""What the volumes of a pod mean for its node: those that are bound, and those that are bound when a node is chosen.

After kubernetes/pkg/scheduler/framework/plugins/volumebinding (volume_binding.go, binder.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kubelab.controllers import nodeaffinity, storage
from kubelab.controllers.changes import Changes, Patch
from kubelab.kinds import CLAIMS, Object, is_terminating

NO_PROVISIONER = "kubernetes.io/no-provisioner"


@dataclass(frozen=True)
class PodVolumes:
    """The names of the claims that a pod uses; the claims of its namespace and all volumes by name; all classes."""

    names: tuple[str, ...] = ()
    claims: Mapping[str, Object] = field(default_factory=dict)
    volumes: Mapping[str, Object] = field(default_factory=dict)
    classes: tuple[Object, ...] = ()

    def obstacle(self) -> str | None:
        """Why the pod can be placed nowhere yet, in the words of Kubernetes."""
        for name in self.names:
            claim = self.claims.get(name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if is_terminating(claim):
                return f'persistentvolumeclaim "{name}" is being deleted'
            if not _is_bound(claim) and not self._is_delayed(claim):
                return "pod has unbound immediate PersistentVolumeClaims"
        return None

    def refusal(self, node: Object) -> str | None:
        """Why this node will not do; None when it will. Only when there is no obstacle."""
        used = [self.claims[name] for name in self.names]
        bound = [self.volumes.get(c["spec"].get("volumeName", "")) for c in used if _is_bound(c)]
        if any(volume and not nodeaffinity.reaches(volume, node) for volume in bound):
            return "node(s) didn't match PersistentVolume's node affinity"
        if not all(self._can_be_bound(c, node) for c in used if not _is_bound(c)):
            return "node(s) didn't find available persistent volumes to bind"
        return None

    def binding(self, node: Object) -> Changes | None:
        """What is to be done so that every claim gets its volume on this node; None when all have it."""
        unbound = [claim for name in self.names if not _is_bound(claim := self.claims[name])]
        return [change for claim in unbound for change in self._bind(claim, node)] if unbound else None

    def _is_delayed(self, claim: Object) -> bool:
        chosen_by_user = "volumeName" in claim["spec"] and not storage.is_binding(claim)
        return not chosen_by_user and storage.waits_for_consumer(storage.class_of(claim, self.classes))

    def _can_be_bound(self, claim: Object, node: Object) -> bool:
        if volume := self._reserved_for(claim):
            return nodeaffinity.reaches(volume, node)
        if chosen := storage.selected_node(claim):
            return bool(chosen == node["metadata"]["name"])
        storage_class = storage.class_of(claim, self.classes)
        provisions = storage_class is not None and storage_class["provisioner"] != NO_PROVISIONER
        return provisions or self._volume_for(claim, node) is not None

    def _reserved_for(self, claim: Object) -> Object | None:
        return next((v for v in self.volumes.values() if storage.is_reserved(v, claim)), None)

    def _volume_for(self, claim: Object, node: Object) -> Object | None:
        return storage.smallest(_free(self.volumes.values(), node), claim)

    def _bind(self, claim: Object, node: Object) -> Changes:
        """Reserves a volume that is there, or asks for one by naming the node."""
        if storage.selected_node(claim) or self._reserved_for(claim):
            return []
        if volume := self._volume_for(claim, node):
            return [storage.reserved(volume, claim)]
        return [Patch(CLAIMS, claim, {"metadata": {"annotations": {storage.SELECTED_NODE: node["metadata"]["name"]}}})]


def _is_bound(claim: Object) -> bool:
    return bool(claim.get("status", {}).get("phase") == "Bound")


def _free(volumes: Iterable[Object], node: Object) -> list[Object]:
    return [v for v in volumes if "claimRef" not in v["spec"] and nodeaffinity.reaches(v, node)]

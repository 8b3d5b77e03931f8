"""What a kind adds to the common handling of objects: defaults, rules, allocations. One subclass for each such kind."""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, ClassVar

from kubelab.api.fields import FieldError
from kubelab.api.names import subdomain_errors
from kubelab.api.selectors import field_value
from kubelab.api.store import Store

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What strategies may look at beside the object itself."""

    store: Store
    service_cidr: IPv4Network
    admits_accounts: bool = True  # pods are admitted as those of their ServiceAccount

    def values(self, storage: str) -> list[Object]:
        """All objects of a resource; not to be changed."""
        return [entry.value for entry in self.store.entries(storage)]


def default_of(cluster: Cluster, storage: str, annotation: str) -> str | None:
    """The name of the newest of those objects that an annotation marks as the default."""
    marked = [
        value["metadata"]
        for value in cluster.values(storage)
        if value["metadata"].get("annotations", {}).get(annotation) == "true"
    ]
    newest = max(marked, key=lambda metadata: (metadata["creationTimestamp"], metadata["name"]), default=None)
    return newest["name"] if newest else None


class Strategy:
    """A kind without rules of its own. Values given to the hooks may be changed in place, old ones may not."""

    counts_generations: ClassVar[bool] = False  # metadata.generation follows changes of what is not status
    returns_deleted: ClassVar[bool] = False  # DELETE answers with the object, not with a Status
    needs_version: ClassVar[bool] = False  # a PUT must say which version it was made from
    default_propagation: ClassVar[str] = ""  # what a DELETE means for dependents when it does not say; "": Background
    selectable: ClassVar[tuple[str, ...]] = ()  # fields by which lists may be filtered, beside name and namespace

    def name_errors(self, name: str) -> list[str]:
        """What is wrong with a name."""
        return subdomain_errors(name)

    def default(self, value: Object) -> None:
        """Fill in what the client left out; on create and on each update."""

    def complete_new(self, value: Object) -> None:
        """What a new object gets before it is looked at, and a later version must bring along."""

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        """What only a new object gets: allocations, first status. Raises ApiError."""

    def prepare_update(self, value: Object, old: Object, cluster: Cluster) -> None:
        """Carry over or allocate what the client cannot choose. Raises ApiError."""

    def validate(self, value: Object) -> list[FieldError]:
        """What is wrong with a defaulted object."""
        return []

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        """What must not be changed and was."""
        return []

    def content(self, value: Object) -> Object:
        """What an object asks for: everything that is neither metadata nor status."""
        return {key: item for key, item in value.items() if key not in ("metadata", "status")}

    def grace_period_s(self, value: Object, requested_s: int | None) -> int | None:
        """How long a deletion waits for someone to finish the object; None: it is not waited for."""
        return None

    def read_field(self, value: Mapping[str, Any], path: str) -> str:
        """The value by which a field selector chooses."""
        return field_value(value, path)

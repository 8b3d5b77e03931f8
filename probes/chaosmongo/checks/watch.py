"""What the watches saw: lists and events of one resource as sightings of its objects, in order of arrival."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chaosmongo.history.records import ClusterEvent

Object = dict[str, Any]


@dataclass(frozen=True)
class Sighting:
    """An object as it was when `time_ns` came; gone: as it was last, for now it is not there any more.

    listed: it stood in a list, so that it may have been like this for long.
    """

    time_ns: int
    object: Object
    gone: bool = False
    listed: bool = False

    @property
    def name(self) -> str:
        return str(_metadata(self.object).get("name", ""))

    @property
    def uid(self) -> str:
        return str(_metadata(self.object).get("uid", ""))

    @property
    def terminating(self) -> bool:
        return bool(_metadata(self.object).get("deletionTimestamp"))

    @property
    def node(self) -> str:
        return str(_part(self.object, "spec").get("nodeName") or "")

    @property
    def scheduled(self) -> bool:
        return bool(self.node) or self.condition("PodScheduled") == "True"

    @property
    def containers(self) -> list[Object]:
        """Statuses of the containers, init containers apart."""
        return list(_part(self.object, "status").get("containerStatuses") or [])

    @property
    def running(self) -> bool:
        """Whether a container is running, as the kubelet last said."""
        return any("running" in (container.get("state") or {}) for container in self.containers)

    @property
    def restarts(self) -> int:
        """The sum over its containers."""
        return sum(int(container.get("restartCount") or 0) for container in self.containers)

    def condition(self, kind: str) -> str:
        """Status of a condition: True, False, Unknown; "" where there is none."""
        conditions = _part(self.object, "status").get("conditions") or []
        return next((str(c.get("status", "")) for c in conditions if c.get("type") == kind), "")

    @property
    def owners(self) -> list[tuple[str, str]]:
        """Kind and name of each owner."""
        owners = _metadata(self.object).get("ownerReferences") or []
        return [(str(owner.get("kind", "")), str(owner.get("name", ""))) for owner in owners]

    def owned_by(self, kind: str, name: str) -> bool:
        return (kind, name) in self.owners

    @property
    def claims(self) -> dict[str, str]:
        """Claim by the name that the volume has in the pod."""
        volumes = _part(self.object, "spec").get("volumes") or []
        return {
            str(volume.get("name", "")): str(volume["persistentVolumeClaim"].get("claimName", ""))
            for volume in volumes
            if volume.get("persistentVolumeClaim")
        }


def sightings(events: Iterable[ClusterEvent], resource: str, namespace: str = "") -> list[Sighting]:
    """All sightings of the resource (in the namespace). What a later list lacks is gone by then."""
    found: list[Sighting] = []
    present: dict[str, Object] = {}
    for event in events:
        if event.resource != resource:
            continue
        if event.kind != "LIST":
            found.append(Sighting(event.time_ns, event.object, gone=event.kind == "DELETED"))
            present[found[-1].uid] = event.object
            if found[-1].gone:
                del present[found[-1].uid]
            continue
        listed = {str(_metadata(item).get("uid", "")): item for item in event.items}
        missing = [thing for uid, thing in present.items() if uid not in listed]
        found += [Sighting(event.time_ns, thing, gone=True) for thing in missing]
        found += [Sighting(event.time_ns, item, listed=True) for item in event.items]
        present = listed
    return [sighting for sighting in found if _metadata(sighting.object).get("namespace", namespace) == namespace]


def _metadata(thing: Object) -> Object:
    return _part(thing, "metadata")


def _part(thing: Object, name: str) -> Object:
    return thing.get(name) or {}

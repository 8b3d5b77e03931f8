"""Identity of a StatefulSet's pods: after the fault the same name, the same ordinal, the same claims bound to the same
volumes as before it (Kubernetes documentation, StatefulSets: stable network identity and stable storage).
"""

from dataclasses import dataclass

from chaosmongo.history.quantities import listed
from chaosmongo.history.results import Finding

from . import watch
from .check import Checked
from .evidence import Evidence
from .watch import Sighting

ORDINAL = "apps.kubernetes.io/pod-index"


@dataclass(frozen=True)
class Identity:
    ordinal: str
    volumes: dict[str, str]
    """Volume by claim; "" for a claim that is not bound, or of which nothing is on record."""
    uid: str
    leaving: bool
    """Whether its deletion was under way."""


def check(evidence: Evidence) -> Checked[None]:
    statefulset, fault_ns = evidence.history.run.target.statefulset, evidence.fault_ns
    if not statefulset:
        return Checked(None, None)
    if fault_ns is None:
        return _unknown("there was no fault to compare before and after")
    before = _identities(evidence, fault_ns)
    if not before:
        return _unknown(f"no pod of StatefulSet {statefulset} is on record before the fault")
    after = _identities(evidence, None)
    missing = [name for name in before if name not in after or after[name].leaving]
    changes = [change for name in before if name in after for change in _changes(name, before[name], after[name])]
    if changes:
        return Checked(None, Finding("identity", "failed", "; ".join(changes)))
    if missing:
        return _unknown(f"{listed(missing)} was not back by the end of the record")
    unseen = [claim for name in before for claim, volume in after[name].volumes.items() if not volume]
    if unseen:
        return _unknown(f"which volume claim {listed(unseen)} is bound to is not on record")
    return Checked(None, Finding("identity", "passed", "; ".join(_kept(name, before, after) for name in before)))


def _unknown(why: str) -> Checked[None]:
    return Checked(None, Finding("identity", "unknown", why))


def _identities(evidence: Evidence, until_ns: int | None) -> dict[str, Identity]:
    """The StatefulSet's pods by name, as they last were by `until_ns` (None: by the end)."""
    cluster = evidence.history.cluster
    events = cluster if until_ns is None else [event for event in cluster if event.time_ns <= until_ns]
    target = evidence.history.run.target
    claims = _present(watch.sightings(events, "persistentvolumeclaims", target.namespace))
    pods = _present(watch.sightings(events, "pods", target.namespace))
    own = {name: pod for name, pod in sorted(pods.items()) if pod.owned_by("StatefulSet", target.statefulset)}
    return {name: _identity(pod, claims) for name, pod in own.items()}


def _identity(pod: Sighting, claims: dict[str, Sighting]) -> Identity:
    volumes = {claim: _volume(claims, claim) for claim in sorted(pod.claims.values())}
    return Identity(_ordinal(pod), volumes, pod.uid, pod.terminating)


def _present(sightings: list[Sighting]) -> dict[str, Sighting]:
    """By name, what was there last."""
    last = {sighting.name: sighting for sighting in sightings}
    return {name: sighting for name, sighting in last.items() if not sighting.gone}


def _ordinal(pod: Sighting) -> str:
    labels = pod.object["metadata"].get("labels") or {}
    return str(labels.get(ORDINAL, pod.name.rpartition("-")[2]))


def _volume(claims: dict[str, Sighting], name: str) -> str:
    claim = claims.get(name)
    return "" if claim is None else str((claim.object.get("spec") or {}).get("volumeName") or "")


def _changes(name: str, before: Identity, after: Identity) -> list[str]:
    changes = []
    if after.ordinal != before.ordinal:
        changes.append(f"{name} had ordinal {before.ordinal} and has {after.ordinal}")
    if after.volumes != before.volumes:
        changes.append(f"{name} had {_stored(before)} and has {_stored(after)}")
    return changes


def _kept(name: str, before: dict[str, Identity], after: dict[str, Identity]) -> str:
    how = "is still the same pod" if after[name].uid == before[name].uid else "came back as the same name and ordinal"
    return f"{name} {how} with {_stored(after[name])}"


def _stored(identity: Identity) -> str:
    if not identity.volumes:
        return "no claim"
    return ", ".join(f"claim {claim} on volume {volume or '(none)'}" for claim, volume in identity.volumes.items())

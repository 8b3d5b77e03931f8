"""An experiment and a cluster, looked at together."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaosmongo.cluster import Cluster, inside

from . import asking, obstacles, permissions, prediction, surroundings, targets
from .experiment import Experiment, Planned
from .findings import Finding, any_error
from .obstacles import guarding
from .permissions import Request
from .prediction import Prediction
from .seen import Seen, look, look_at_nodes
from .targets import Target


@dataclass(frozen=True)
class FaultAhead:
    """One fault: what it would hit, what stands in its way, how long the recovery would take by the settings alone."""

    fault: Planned
    target: Target
    findings: Sequence[Finding]
    predictions: Sequence[Prediction]
    is_allowed: bool
    """Whether the guard lets it be made."""


@dataclass(frozen=True)
class Preflight:
    """asked, denied: requests that a run would make, and those of them that would be refused; None: we may not ask."""

    experiment: Experiment
    seen: Seen
    surroundings: Sequence[Finding]
    faults: Sequence[FaultAhead]
    asked: Sequence[Request] = ()
    denied: Sequence[Request] | None = ()

    @property
    def findings(self) -> list[Finding]:
        of_faults = [finding for fault in self.faults for finding in fault.findings]
        return [*self.surroundings, *of_faults, *permissions.missing(self.denied or ())]

    @property
    def could_be_done(self) -> bool:
        """Everything, and taken back."""
        return not any_error(self.findings)


def look_ahead(experiment: Experiment, cluster: Cluster | None) -> Preflight:
    """cluster: None where the experiment has none. Raises NoCluster, ApiRefused."""
    namespace = experiment.config.namespace
    seen = look(cluster, namespace, experiment.faults) if cluster is not None else Seen()
    ahead = foresee(experiment, seen)
    if cluster is None:
        return ahead
    asked = requests(ahead)
    return Preflight(experiment, seen, ahead.surroundings, ahead.faults, asked, asking.denied(cluster, asked))


def denied(experiment: Experiment, cluster: Cluster) -> list[Request] | None:
    """What a run would ask for and be refused; None where we may not even ask. Reads no more than a run does itself.

    Raises NoCluster, ApiRefused.
    """
    faults, of_nodes = experiment.faults, targets.NODE_FAULTS
    seen = look_at_nodes(cluster, experiment.config.namespace, [one for one in faults if one.name in of_nodes])
    found = [targets.find(one, seen) if one.name in of_nodes else Target() for one in faults]
    return asking.denied(cluster, permissions.of_experiment(experiment, found, in_pod=inside()))


def foresee(experiment: Experiment, seen: Seen) -> Preflight:
    """All that follows from what was read."""
    return Preflight(
        experiment,
        seen,
        surroundings.find(experiment, seen),
        [_fault(fault, seen, experiment) for fault in experiment.faults],
    )


def requests(ahead: Preflight) -> list[Request]:
    """What the run would ask of the API server."""
    found = [one.target for one in ahead.faults]
    return permissions.of_experiment(ahead.experiment, found, in_pod=inside())


def _fault(fault: Planned, seen: Seen, experiment: Experiment) -> FaultAhead:
    target = targets.find(fault, seen)
    found = obstacles.find(fault, target, seen, experiment.config)
    predictions = prediction.predict(fault, target, seen, experiment.config)
    is_allowed = not guarding.find(fault, target, seen, experiment.config)
    return FaultAhead(
        fault, target, [*found, *prediction.findings(predictions, experiment.config)], predictions, is_allowed
    )

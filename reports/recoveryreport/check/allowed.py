"""Whether the API server would let a run do all that it needs. Nothing is changed by asking."""

from chaosmongo.cluster import Cluster
from chaosmongo.errors import ChaosMongoError
from chaosmongo.preflight import denied
from chaosmongo.preflight.experiment import Experiment
from chaosmongo.preflight.roles import rules


def missing(experiment: Experiment) -> str:
    """What is not allowed, and the rules that would allow it; "" where nothing is missing, or there is no cluster.

    What a run at a desk could do without counts as well: nobody is there to read that its record has none of it.
    """
    if not experiment.config.namespace:
        return ""
    try:
        found = denied(experiment, Cluster())
    except ChaosMongoError as error:
        return str(error)
    if found is None:
        return "we may not even ask what we may do (create selfsubjectaccessreviews.authorization.k8s.io)"
    if not found:
        return ""
    lines = [f"we may not {one} ({one.reason})" for one in found]
    for space, granted in rules(found).items():
        lines.append(f"It takes a Role in namespace {space} with" if space else "It takes a ClusterRole with")
        lines += [f"- {rule}" for rule in granted]
    return "\n".join(lines)

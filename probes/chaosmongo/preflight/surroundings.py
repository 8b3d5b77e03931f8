"""What stands in the way of the run as a whole, whatever its faults."""

from chaosmongo.config import Config

from .experiment import Experiment
from .findings import Finding, error, warning
from .seen import Seen


def find(experiment: Experiment, seen: Seen) -> list[Finding]:
    found = [
        warning(f"{step} is none of our actions: what it would do is not known here") for step in experiment.others
    ]
    if experiment.unknown:
        keys = ", ".join(experiment.unknown)
        found.append(warning(f"the configuration's {keys} are only found when the experiment runs: taken as not set"))
    if not experiment.faults:
        found.append(warning("the method has no fault of ours"))
    if experiment.config.namespace and not seen.refused:
        found += [*_services(experiment.config, seen), *_statefulset(experiment.config, seen)]
    return sorted(found, key=lambda finding: finding.level)


def _services(config: Config, seen: Seen) -> list[Finding]:
    if "services" in seen.unread:
        return []
    wanted = {
        "mongo_service": config.mongo_service if not config.mongo_uri else "",
        "app_service": config.app_service if not config.app_url else "",
    }
    there = {service["metadata"]["name"] for service in seen.services}
    return [
        error(f"there is no Service {config.namespace}/{name}: the run would not begin", f"--var {key}=NAME")
        for key, name in wanted.items()
        if name and name not in there
    ]


def _statefulset(config: Config, seen: Seen) -> list[Finding]:
    found = next((one for one in seen.statefulsets if one["metadata"]["name"] == config.statefulset), None)
    if found is None:
        return []
    wanted, ready = found["spec"].get("replicas", 1), int((found.get("status") or {}).get("readyReplicas") or 0)
    if ready >= wanted:
        return []
    return [
        warning(f"StatefulSet {config.statefulset} has {ready} of {wanted} pods Ready: no run should begin like this")
    ]

"""StatefulSets whose pods a rollout does not restart."""

from chaosmongo.config import Config
from chaosmongo.preflight import names
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, error, warning
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if fault.name != "restart_rollout" or target.workload is None:
        return []
    strategy = target.workload["spec"].get("updateStrategy") or {}
    name = target.workload["metadata"]["name"]
    if strategy.get("type") == "OnDelete":
        return [error(f"StatefulSet {name} updates its pods OnDelete: a rollout restarts none, it hits nothing")]
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    kept = [pod for pod in target.pods if _ordinal(pod["metadata"]["name"]) < partition]
    if not kept:
        return []
    told = f"partition {partition} of StatefulSet {name} keeps a rollout from restarting {names.of_all(kept)}"
    return [error(f"{told}: it hits nothing") if len(kept) == len(target.pods) else warning(told)]


def _ordinal(name: str) -> int:
    number = name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0

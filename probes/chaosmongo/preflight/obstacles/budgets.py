"""PodDisruptionBudgets that refuse the evictions of a drain."""

from collections.abc import Sequence

from chaosmongo.cluster import Object
from chaosmongo.config import Config
from chaosmongo.preflight import names
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, error, warning
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.selectors import matches
from chaosmongo.preflight.targets import Target


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if fault.name != "drain_node":
        return []
    found = []
    for pod in target.pods:
        budgets = holding(pod, seen.budgets)
        shown = ", ".join(budget["metadata"]["name"] for budget in budgets)
        if len(budgets) > 1:  # the eviction API answers 500
            found.append(
                error(f"{names.of(pod)} has more than one PodDisruptionBudget ({shown}): no eviction is possible")
            )
        elif budgets and not allows(budgets[0]):
            found.append(
                warning(f"PodDisruptionBudget {shown} lets nobody evict {names.of(pod)} now: {_course(fault, pod)}")
            )
    return found


def holding(pod: Object, budgets: Sequence[Object]) -> list[Object]:
    """The budgets that count the pod."""
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    return [
        budget
        for budget in budgets
        if budget["metadata"]["namespace"] == metadata["namespace"] and matches(budget["spec"].get("selector"), labels)
    ]


def allows(budget: Object) -> bool:
    return int((budget.get("status") or {}).get("disruptionsAllowed") or 0) > 0


def _course(fault: Planned, pod: Object) -> str:
    lifted = fault.get("lift_budgets_after_s")
    if lifted and pod["metadata"]["namespace"] == fault.text("namespace"):
        return f"the drain lifts it after {lifted:g} s, until it is taken back"
    return f"the drain asks again for {fault.get('timeout_s'):g} s, then fails and opens the node again"

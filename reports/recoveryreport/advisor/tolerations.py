"""tolerationSeconds: how long a pod stays bound to a node that is no longer heard of.

The pod is deleted so many seconds after its node was found unreachable. That alone brings a StatefulSet's pod nowhere:
it stays Terminating until somebody confirms that it has ended (Kubernetes documentation, "Taints and Tolerations",
taint based evictions; "Force Delete StatefulSet Pods").
"""

from collections.abc import Iterator, Sequence

from .measured import Measured, S, span_s
from .records import Change, Nothing, Saving

SETTING = "toleration of an unreachable node"
KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")

SHORTER_S = 30
"""As long as most breaks of a network last; what is silent for longer is taken for gone."""
AT_ONCE_S = 10.0
"""Within which, the grace period apart, a pod that nothing else holds is gone after it was told to end."""
GRANULARITY_S = 1.0

OF_NODES = ("crash_node", "stop_kubelet")


def look(runs: Sequence[Measured]) -> Iterator[Change | Nothing]:
    tolerated = runs[0].number("tolerationSeconds.unreachable")
    if tolerated is None or not all(run.fault and run.fault.name in OF_NODES for run in runs):
        return
    if tolerated <= SHORTER_S:
        yield Nothing(SETTING, f"it is {tolerated:g} s: shorter than most breaks of a network already")
        return
    told = [(run, at / S) for run in runs if (at := run.reached_ns("terminating")) is not None]
    if not told:
        yield Nothing(
            SETTING, f"no pod was told to end while the run went on: what follows {tolerated:g} s is not on record"
        )
    elif any(at < tolerated for _, at in told):
        earliest = min(at for _, at in told)
        yield Nothing(SETTING, f"the pod was told to end after {earliest:.1f} s, before the {tolerated:g} s were over")
    elif len(moved := [run for run, _ in told if _gone_at_once(run)]) < len(told):
        yield Nothing(
            SETTING,
            f"the pod stayed Terminating after its {tolerated:g} s: it waited for its node, which decides, not the "
            "toleration",
        )
    else:
        yield _change(moved, tolerated, len(runs))


def _change(moved: Sequence[Measured], tolerated: float, of: int) -> Change:
    saved = tolerated - SHORTER_S
    low, high = span_s([(saved - GRANULARITY_S, saved + GRANULARITY_S)] * len(moved), of)
    run = moved[0]
    return Change(
        setting=SETTING,
        field=f"spec.template.spec.tolerations[{', '.join(KEYS)}].tolerationSeconds",
        now=int(tolerated),
        then=SHORTER_S,
        saving=Saving("the recovery time of all lanes", low, high),
        runs=len(moved),
        reason=(
            f"the pod stayed bound to its silent node until its {tolerated:g} s were over, and was gone and made anew "
            "right afterwards: what comes before and after stays as it is"
        ),
        cost=(
            f"a node that is silent for more than {SHORTER_S} s, if only for its network, loses the database, which "
            f"moves and comes back cold; until now it had {tolerated:g} s. tolerations is one list: the patch repeats "
            "what else the pod tolerated"
        ),
        condition=f"environment.settings.{run.statefulset}.tolerationSeconds",
        patch={"tolerations": _tolerations(run)},
    )


def _gone_at_once(run: Measured) -> bool:
    terminating, gone, recreated = (run.reached_ns(mark) for mark in ("terminating", "gone", "recreated"))
    grace = run.number("terminationGracePeriodSeconds") or 0
    return (
        terminating is not None
        and gone is not None
        and recreated is not None
        and (gone - terminating) / S <= grace + AT_ONCE_S
    )


def _tolerations(run: Measured) -> list[dict[str, object]]:
    """Those that the pod had, and the two that are changed."""
    pod = next((pod for pod in run.pods if (pod.get("spec") or {}).get("tolerations")), {})
    others = [one for one in (pod.get("spec") or {}).get("tolerations") or [] if one.get("key") not in KEYS]
    ours = [{"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SHORTER_S} for key in KEYS]
    return [*others, *ours]

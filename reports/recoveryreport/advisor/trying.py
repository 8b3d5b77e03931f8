"""The commands which try a change, take it back, and prove or refute what is advised of it."""

import json
import shlex

from chaosmongo.history.records import Target

from recoveryreport.words import written

from .records import Advice, Change, Proposal

RUNS = 10
"""Runs of each of the two sets: twice as many as a large difference needs to be shown."""


def advice(change: Change, target: Target, experiment: str, directory: str) -> Advice:
    """experiment: its file; directory: where the results of the trials go."""
    patch, back, settled = _patching(change, target)
    base, new = f"{directory}/before", f"{directory}/{change.setting.replace(' ', '-')}"
    # Where a client sets it, the experiment is told, and nothing in the cluster changes.
    options = [part for name, value in change.var.items() for part in ("--var", f"{name}={written(value)}")]
    return Advice(
        **{name: getattr(change, name) for name in Proposal.__struct_fields__},
        try_it=patch,
        take_back=back,
        prove=[
            _command("chaos", "recovery", "trials", "-n", str(RUNS), "--out", base, experiment),
            *([patch, settled] if patch else []),
            _command("chaos", "recovery", "trials", "-n", str(RUNS), "--out", new, *options, experiment),
            _command("chaos", "recovery", "compare", base, new, "--changed", change.condition),
        ],
    )


def _patching(change: Change, target: Target) -> tuple[str, str, str]:
    """To patch the StatefulSet, to take that back, and to wait until its pods are as it says."""
    if change.patch is None:
        return "", "", ""
    what = f"statefulset/{target.statefulset}"
    patch = json.dumps({"spec": {"template": {"spec": change.patch}}}, separators=(",", ":"), ensure_ascii=False)
    return (
        _command("kubectl", "patch", what, "-n", target.namespace, "-p", patch),
        _command("kubectl", "rollout", "undo", what, "-n", target.namespace),
        _command("kubectl", "rollout", "status", what, "-n", target.namespace),
    )


def _command(*words: str) -> str:
    return shlex.join(words)

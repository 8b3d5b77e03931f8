"""Whether rollbacks are played: by default they are not when a run was interrupted or has failed."""

from collections.abc import Iterator

from .experiment import Experiment
from .findings import Finding, meant, shown

SKIPPED = {
    "default": "when the run is interrupted or has failed",
    "deviated": "unless the steady state deviated",
    "never": "always",
}
"""When a strategy does not play the rollbacks."""
HYPOTHESIS = (
    "default",
    "before-method-only",
    "after-method-only",
    "during-method-only",
    "continuously",
    "skip",
)
ADD = "add runtime: {hypothesis: {strategy: default}, rollbacks: {strategy: always}}"


def rollbacks_are_missing(experiment: Experiment) -> Iterator[Finding]:
    if _acts(experiment) and not experiment.rollbacks:
        yield Finding(
            experiment.root.line_of("rollbacks" if "rollbacks" in experiment.root else "method"),
            "there are no rollbacks: what the method does is left behind",
            "add rollbacks that take it back",
        )


def rollbacks_are_played(experiment: Experiment) -> Iterator[Finding]:
    runtime = experiment.root.get("runtime")
    if not experiment.rollbacks and not _acts(experiment):
        return
    if "rollbacks" not in runtime:
        line = next(
            experiment.root.line_of(key) for key in ("runtime", "rollbacks", "method") if key in experiment.root
        )
        yield Finding(line, "rollbacks are skipped when the run is interrupted or has failed", ADD)
        return
    strategy = runtime.get("rollbacks", "strategy")
    if strategy.value == "always" or "strategy" not in runtime.get("rollbacks"):
        return  # keys.py tells what is missing
    word = shown(str(strategy.value))
    skipped = SKIPPED.get(word, "always: it is not known")
    yield Finding(strategy.line, f"runtime.rollbacks.strategy {word} skips the rollbacks {skipped}", "write always")


def block_is_whole(experiment: Experiment) -> Iterator[Finding]:
    """A runtime block sets both strategies, the one that it does not name to default, whatever the settings say."""
    runtime = experiment.root.get("runtime")
    if runtime.entries and "hypothesis" not in runtime:
        yield Finding(
            experiment.root.line_of("runtime"),
            "runtime names no hypothesis strategy, and so sets it to default, whatever the settings say",
            "add hypothesis: {strategy: default}",
        )
    strategy = runtime.get("hypothesis", "strategy")
    if strategy.value is not None and strategy.value not in HYPOTHESIS:
        yield Finding(
            strategy.line,
            f"runtime.hypothesis.strategy {shown(str(strategy.value))} is none of {', '.join(HYPOTHESIS)}",
            meant(str(strategy.value), HYPOTHESIS, "write default"),
        )


def _acts(experiment: Experiment) -> bool:
    """Whether the method changes anything."""
    return any(step.node.text("type") == "action" for step in experiment.played(experiment.method))


RULES = (rollbacks_are_missing, rollbacks_are_played, block_is_whole)

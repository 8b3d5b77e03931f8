"""Write concern: an acknowledgement that waits for the journal outlives the end of the process that gave it.

With w: 1 and no j a server acknowledges from memory, and writes the journal up to 100 ms later (MongoDB manual, Write
Concern; Journaling): what was acknowledged in between is lost when it is killed.
"""

from collections.abc import Iterator, Sequence

from chaosmongo.history.quantities import counted

from recoveryreport.words import written

from .measured import Measured
from .records import Change, Nothing, Saving

SETTING = "write concern"


def look(runs: Sequence[Measured]) -> Iterator[Change | Nothing]:
    plan = runs[0].history.plan
    lossy = [run for run in runs if run.verdict.durability and run.verdict.durability.lost]
    if plan is None or "driver" not in plan.lanes or not lossy:
        return
    if any(run.verdict.seeds and run.verdict.seeds.missing for run in lossy):
        yield Nothing(
            SETTING,
            "seeded scores, stored long before the fault, are missing as well: what held the data is gone, and no "
            "write concern helps against that",
        )
        return
    lost = [number for run in lossy if (number := _of_the_driver(run))]
    if not lost:
        yield Nothing(SETTING, "none of the lost writes that are listed is the driver's, whose write concern this is")
        return
    if plan.write_concern.get("j") is True:
        yield Nothing(SETTING, "acknowledgements waited for the journal already (j: true), and writes were lost")
        return
    yield Change(
        setting=SETTING,
        field="writeConcern.j of the client (journal=true in its connection string)",
        now=_told(plan.write_concern),
        then=_told(plan.write_concern | {"j": True}),
        saving=Saving("writes lost in a run", 0, max(lost), "acknowledged writes"),
        runs=len(lost),
        reason=(
            f"{counted(sum(lost), 'write')} of the driver lane were acknowledged and lost in "
            f"{counted(len(lost), 'run')}, and their acknowledgements had not waited for the journal"
        ),
        cost=(
            "each write waits for the journal: up to a third of its commit interval longer, 33 ms by default; how much "
            "here was not measured, and the latency in the trials' reports tells"
        ),
        condition="plan.write_concern",
        var={"write_j": True},
    )


def _of_the_driver(run: Measured) -> int:
    """Lost writes of the driver lane, of those that are listed by name; all of them where the list is whole."""
    durability = run.verdict.durability
    return sum(loss.lane == "driver" for loss in durability.lost_writes) if durability else 0


def _told(concern: dict[str, object]) -> str:
    """Like "w: 1, j: true"."""
    return ", ".join(f"{key}: {written(value)}" for key, value in concern.items()) or "left to the server"

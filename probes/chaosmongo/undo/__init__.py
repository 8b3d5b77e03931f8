"""Taking back what a run left behind, whatever became of its runner.

A run says on disk how to take a change back before it makes it (`Undo` in undo.jsonl), and says when that is done
(`Undone`). The same actions take it back in the run's own rollbacks and, after the runner was killed, from the record.

actions       what can be taken back: one line an action
budget, cordon, filler, policy, power, scale, taint, thaw
              what each fault has changed in the cluster
workload      the Job whose pods send the load
scores        the documents of the workload
seeds         the seeded scores that the run put there
registration  the run's own, in chaos_runs
lock          the run's own, of its namespace
taking        newest first, each on its own
within        by the fault itself
seal          which commands of a record may be run
leftovers     what a run left behind, by its directory, and whether anybody still works there
afterwards    finding the database again
"""

from .action import Place
from .actions import FAULTS
from .afterwards import Afterwards
from .leftovers import Leftovers
from .taking import Taken, take_back
from .within import afterwards, on_failure

__all__ = ["FAULTS", "Afterwards", "Leftovers", "Place", "Taken", "afterwards", "on_failure", "take_back"]

"""From a history to a verdict. Each check is a pure function of what was recorded: no connection, no clock, no random.

evidence       the history, sorted: lanes, windows, sightings
watch          watch events as sightings of objects
outages        windows of a lane, from its operations
lateness       whether the prober was on time
recovery       recovery time actual of each lane, against its objective
phases         where the seconds went
ready_gap      Ready minus first acknowledged write
durability     fate of every write
seeds          the seeded scores, compared with their seed
identity       same name, same ordinal, same volume
single_writer  never two writers on one volume
injection      the fault hit what it named
validity       whether the instrument is to be believed
course         whether the experiment ran its course
alone          whether another run was at work on the same scores
verdict        all of them, and one sentence
"""

from .verdict import judge

__all__ = ["judge"]

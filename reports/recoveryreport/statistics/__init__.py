"""What can be said of repeated trials, and how surely. Plain numbers in, plain numbers out; no unit is assumed.

median     the interval of the median by order statistics: exact, whatever the distribution
survival   Kaplan-Meier, where some trials were stopped before what was waited for had happened
events     how probable an event is that was seen in none, or in some, of n trials
spread     how far values lie apart, and which of them lie outside
"""

from .events import bound_for_none, share
from .median import Ranks, median_ranks
from .spread import outside, relative_spread
from .survival import Step, kaplan_meier, median_survival

__all__ = [
    "Ranks",
    "Step",
    "bound_for_none",
    "kaplan_meier",
    "median_ranks",
    "median_survival",
    "outside",
    "relative_spread",
    "share",
]

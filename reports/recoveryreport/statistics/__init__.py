"""What can be said of repeated trials, and how surely. Plain numbers in, plain numbers out; no unit is assumed.

quantile   the interval of a quantile by order statistics: exact, whatever the distribution
median     the same for the median
survival   Kaplan-Meier, where some trials were stopped before what was waited for had happened
events     how probable an event is that was seen in none, or in some, of n trials
spread     how far values lie apart, and which of them lie outside
ranksum    by how much one sample lies above another, exactly, and several looks at once
shifts     where a series of values changed its level
"""

from .events import bound_for_none, share
from .median import median_ranks
from .quantile import HALF, P95, Ranks, fewest, quantile_ranks
from .ranksum import holm, pairs_larger, shift_ranks, smallest_p
from .shifts import Shift, shifts
from .spread import outside, relative_spread
from .survival import Step, kaplan_meier, median_survival, quantile_survival, survival_band

__all__ = [
    "HALF",
    "P95",
    "Ranks",
    "Shift",
    "Step",
    "bound_for_none",
    "fewest",
    "holm",
    "kaplan_meier",
    "median_ranks",
    "median_survival",
    "outside",
    "pairs_larger",
    "quantile_ranks",
    "quantile_survival",
    "relative_spread",
    "share",
    "shift_ranks",
    "shifts",
    "smallest_p",
    "survival_band",
]

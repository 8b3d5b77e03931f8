"""What a change of a setting would save, as far as the records of runs bear it out: `advise`, in plain values.

Nothing is advised that the record does not support, and a saving is a bound: from what was measured and what Kubernetes
does by itself, never a guess. What was looked at and would save nothing is told, too.

records      what is advised: plain values, also the JSON of `chaos recovery advise`
measured     a run as the rules ask about it
rules        all of them; one setting, one file:
  readiness, grace, tolerations, liveness, startup, concern
trying       the commands which try a change, take it back, and prove or refute the advice
words        a saving in plain words
terminal     the advice for a terminal
"""

from .advise import advise

__all__ = ["advise"]

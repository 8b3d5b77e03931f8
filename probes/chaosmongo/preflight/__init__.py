"""What an experiment would do to a cluster, before it is run: read, never changed.

experiment    the experiment as `chaos run` would see it, and its faults with their arguments
seen          what the cluster says, by GETs
permissions   which requests a run makes; asking: which of them we may not make
roles         the least rules that allow them; granting: as YAML for kubectl, from the experiment's text alone
targets       what each fault would hit
placement     where a pod could go; selectors: which labels match; names: how things are told
findings      what one finding is; surroundings: those of no fault; `obstacles` holds one file for each kind of the rest
prediction    what the cluster's settings alone say of the recovery time
ahead         all of it together; telling: in lines

All but `seen` and `asking` are pure functions of what was read.
"""

from .ahead import Preflight, denied, look_ahead
from .experiment import BadExperiment, load
from .granting import Account, grants, needed
from .telling import lines

__all__ = ["Account", "BadExperiment", "Preflight", "denied", "grants", "lines", "load", "look_ahead", "needed"]

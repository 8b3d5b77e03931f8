"""Ready gap: Ready minus the first acknowledged write on the server's own connection.

Positive: Kubernetes kept a serving pod out of its Service for so long. Negative: it promised what was not there yet.
"""

from chaosmongo.history.results import Bracket

from .check import Checked
from .evidence import Evidence
from .phases import ready_ns


def check(evidence: Evidence) -> Checked[Bracket | None]:
    """No finding: a gap is neither good nor bad. None where Ready or the write was not seen."""
    ready = ready_ns(evidence)
    caused = evidence.server_caused.get("write")
    first = caused[-1].first_ok if caused else None
    if ready is None or first is None:
        return Checked(None, None)
    return Checked(Bracket(ready - first.done_ns, ready - first.sent_ns), None)

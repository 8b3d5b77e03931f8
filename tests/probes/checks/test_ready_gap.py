"""Ready minus the first acknowledged write on the server's own connection, with its sign."""

import pytest
from chaosmongo.checks import ready_gap
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.results import Bracket

from .histories import IN_CLUSTER, MONGO_0, MS, fault, history, replacement, stream


def gap(pattern: str, cluster=None, **fields) -> Bracket | None:
    """Writes every 50 ms from -1500 ms on, each taking 2 ms; mongo-0 is Ready at 900 ms."""
    writes = stream(pattern, -1500, 50, f="write", took_ms=2, **fields)
    record = history(
        writes, run=IN_CLUSTER, cluster=replacement() if cluster is None else cluster, faults=[fault(MONGO_0)]
    )
    checked = ready_gap.check(Evidence(record))
    assert checked.finding is None
    return checked.result


@pytest.mark.parametrize(
    ("failing", "gap_ms"),
    [
        (10, 350),  # the first write is sent at 550: Ready was late
        (17, 0),  # sent at 900
        (27, -500),  # sent at 1400: Ready was early
    ],
)
def test_ready_is_late_or_early(failing, gap_ms):
    assert gap("." * 31 + "x" * failing + "." * 40) == Bracket((gap_ms - 2) * MS, gap_ms * MS)


def test_there_is_none_where_one_of_the_two_was_not_seen():
    assert gap("." * 60) is None
    assert gap("." * 31 + "x" * 20) is None
    assert gap("." * 31 + "x" * 10 + "." * 40, cluster=[]) is None
    assert gap("." * 31 + "x" * 10 + "." * 40, cluster=replacement()[:-1]) is None
    assert gap("." * 31 + "x" * 10 + "." * 40, lane="driver") is None

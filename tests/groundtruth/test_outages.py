"""Outages that were injected, known to the microsecond, and what the instrument says of them.

fault           operations                  what must be said
refuse          fail at once                one outage; each bracket covers the proxy's moment and is narrow
reset, cut      fail at once                the same
stall 0.8 s     time out; the last ones     one outage; its brackets cover, and are no wider than the deadline
                succeed late
delay 0.7 s     time out                    one outage of the fault's length
stall 0.3 s,    succeed late                none: degraded is not down; what may have hidden is not denied
delay 0.2 s
flapping        fail, succeed, fail         one outage from the first to the last; the first success lies before its end
"""

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from chaosmongo.checks import judge
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.results import Bracket

from .comparison import Comparison, compare
from .service import Service, inject, read, recording, workload
from .truth import Done, Fault, Outage, Proxy, covers, outages

pytestmark = pytest.mark.e2e

DEADLINE_S = 0.5
PAUSE_S = 2.0
FAULTS = [
    Fault("refuse", 0.3),
    Fault("reset", 0.3, PAUSE_S),
    Fault("cut", 0.3, PAUSE_S),
    Fault("delay", 0.3, PAUSE_S, delay_s=0.7),
    Fault("stall", 0.8, PAUSE_S),
    Fault("stall", 0.3, PAUSE_S),
    Fault("delay", 0.3, PAUSE_S, delay_s=0.2),
    Fault("refuse", 0.2, PAUSE_S),
    Fault("reset", 0.2, 0.3),
    Fault("cut", 0.2, 0.3),
]
LANES = ["server", "driver", "user"]


@dataclass(frozen=True)
class Recorded:
    evidence: Evidence
    done: list[Done]
    true: list[Outage]
    proxy: Proxy

    def compared(self, lane: str) -> Comparison:
        return compare(self.evidence, lane, self.true, self.proxy, DEADLINE_S)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Ten faults under one load of all lanes at the default rate."""
    directory = tmp_path_factory.mktemp("outages")
    service = Service(directory, application=True)
    try:
        with recording(service.uri, directory / "runs", service.app_url) as opened:
            with workload(deadline_s=DEADLINE_S):
                time.sleep(2)
                done = inject(opened, service.proxy, FAULTS)
                time.sleep(1.8)
        evidence = Evidence(read(opened.directory.path))
    finally:
        service.close()
    yield Recorded(evidence, done, outages(done, DEADLINE_S), service.proxy)


class TestTheTruth:
    def test_is_known_far_better_than_the_instrument_could_tell(self, recorded: Recorded) -> None:
        widths = [m.hi_ns - m.lo_ns for done in recorded.done for m in (done.began, done.ended)]
        assert sorted(widths)[len(widths) // 2] < 1_000_000

    def test_is_the_fault_that_was_asked_for(self, recorded: Recorded) -> None:
        for done in recorded.done:
            assert (done.ended.lo_ns - done.began.hi_ns) / 1e9 == pytest.approx(done.fault.duration_s, abs=0.1)

    def test_joins_what_flaps_and_leaves_out_what_only_degrades(self, recorded: Recorded) -> None:
        kinds = [[done.fault.kind for done in outage.faults] for outage in recorded.true]
        assert kinds == [["refuse"], ["reset"], ["cut"], ["delay"], ["stall"], ["refuse", "reset", "cut"]]


@pytest.mark.parametrize("lane", LANES)
class TestEveryLane:
    def test_sees_each_outage_and_no_other(self, recorded: Recorded, lane: str) -> None:
        compared = recorded.compared(lane)
        assert (compared.missed, compared.invented) == (0, 0)

    def test_brackets_every_start_and_end(self, recorded: Recorded, lane: str) -> None:
        compared = recorded.compared(lane)
        moments = compared.moments
        assert len(moments) == 2 * (len(recorded.true) - compared.disturbed - compared.waited_out) > 0
        assert [m for m in moments if not m.covered] == []

    def test_does_not_cover_what_is_not_true(self, recorded: Recorded, lane: str) -> None:
        for moment in recorded.compared(lane).moments:
            assert moment.width_ns is not None
            beside = moment.width_ns + moment.truth.hi_ns - moment.truth.lo_ns + 1
            for shift in (-beside, beside):
                shifted = Bracket(moment.truth.lo_ns + shift, moment.truth.hi_ns + shift)
                assert not covers(moment.told, shifted)


class TestTheServerLane:
    def test_knows_the_ends_of_prompt_failures_closely(self, recorded: Recorded) -> None:
        widths = [m.width_ns for m in recorded.compared("server").moments if m.prompt]
        assert max((width for width in widths if width is not None), default=0) < 100e6

    def test_knows_the_ends_of_silence_to_its_deadline(self, recorded: Recorded) -> None:
        widths = [m.width_ns for m in recorded.compared("server").moments if not m.prompt]
        assert max((width for width in widths if width is not None), default=0) < DEADLINE_S * 1e9 + 100e6

    def test_does_not_deny_what_hid_between_two_good_operations(self, recorded: Recorded) -> None:
        """Degraded is no outage, but nobody may say that the service answered all the time."""
        good = sorted((op.sent_ns, op.done_ns) for op in recorded.evidence.lanes["server"] if op.outcome == "ok")
        for done in (done for done in recorded.done if not done.fault.fails(DEADLINE_S)):
            slow_ns = max(b - a for a, b in good if a < done.ended.hi_ns and b > done.began.lo_ns)
            length_s = done.fault.delay_s or done.fault.duration_s
            assert slow_ns >= 0.9e9 * length_s
            gaps = [
                b[1] - a[0] for a, b in itertools.pairwise(good) if a[0] < done.ended.hi_ns and b[1] > done.began.lo_ns
            ]
            assert max(gaps) >= 0.9e9 * length_s

    def test_sees_the_first_success_of_a_flapping_service_before_its_stable_end(self, recorded: Recorded) -> None:
        window, outage = recorded.evidence.windows["server"][-1], recorded.true[-1]
        assert covers(window.first_success, outage.faults[0].ended)
        assert window.first_success is not None
        assert window.end is not None
        assert window.first_success.hi_ns < window.end.lo_ns


def test_the_recovery_time_runs_from_the_fault_to_the_end_of_the_last_outage(recorded: Recorded) -> None:
    verdict = judge(recorded.evidence.history)
    (fault,) = verdict.faults
    assert fault.proven
    end = recorded.true[-1].end
    (server,) = (lane for lane in verdict.recovery if lane.lane == "server")
    assert covers(server.rta, Bracket(end.lo_ns - fault.start_ns, end.hi_ns - fault.start_ns))


class TestTheDriver:
    """pymongo's monitor looks for a lost server every 0.5 s (SDAM: minHeartbeatFrequencyMS): that is by how much an
    application comes back later than its server. With another interval in its place, the difference is gone.
    """

    def test_comes_back_late_by_up_to_its_monitors_half_second(self, recorded: Recorded) -> None:
        late_s = lateness_s(recorded.evidence)
        assert late_s
        assert 0.1 < max(late_s) < 0.6

    def test_comes_back_with_its_server_when_its_monitor_looks_every_10_ms(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program = "import pymongo.common\npymongo.common.MIN_HEARTBEAT_INTERVAL = 0.01\n"
        (tmp_path / "sitecustomize.py").write_text(program)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
        service = Service(tmp_path)
        try:
            with recording(service.uri, tmp_path / "runs") as opened:
                with workload(lanes=["server", "driver"], deadline_s=DEADLINE_S):
                    time.sleep(1.2)
                    inject(opened, service.proxy, [Fault("refuse", 0.7)])
                    time.sleep(1.5)
            (late_s,) = lateness_s(Evidence(read(opened.directory.path)))
        finally:
            service.close()
        assert late_s < 0.1


def lateness_s(evidence: Evidence) -> list[float]:
    """By how much the driver lane came back later than the server lane, outage by outage."""
    server, driver = ([w for w in evidence.windows[lane] if w.end] for lane in ("server", "driver"))
    pairs = [(one, other) for one in server for other in driver if abs(one.start.lo_ns - other.start.lo_ns) < 0.5e9]
    return [(other.end.hi_ns - one.end.hi_ns) / 1e9 for one, other in pairs if one.end and other.end]

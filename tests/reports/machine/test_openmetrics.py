"""metrics.prom as Prometheus' own client reads it, by the rules of OpenMetrics and by the older ones of the textfile
collector and the push gateway.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from chaosmongo.history import records as r
from chaosmongo.history.results import Verdict
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families
from recoveryreport.machine import openmetrics, summary
from recoveryreport.machine.records import Summary
from recoveryreport.words import harmless

from . import made
from .conftest import RUNS

LANES = ("server", "driver", "user")


def read(summed: Summary) -> dict[str, Metric]:
    text = openmetrics.written(summed).decode()
    return {metric.name: metric for metric in openmetrics_parser.text_string_to_metric_families(text)}


def values(summed: Summary, name: str) -> dict[tuple[str, ...], float]:
    """Values of a metric by its labels, less the experiment's."""
    metric = read(summed).get(f"chaosmongo_{name}")
    samples = metric.samples if metric is not None else []
    return {tuple(value for key, value in one.labels.items() if key != "experiment"): one.value for one in samples}


class TestTheFormat:
    @made.every_verdict
    def test_is_openmetrics_and_every_number_is_one(self, judged: tuple[r.Run, Verdict]) -> None:
        for metric in read(summary.of(*judged)).values():
            assert metric.name.startswith("chaosmongo_")
            assert metric.documentation.endswith(".")
            assert metric.samples
            assert all(math.isfinite(sample.value) for sample in metric.samples)
            assert metric.unit == ("seconds" if metric.name.endswith("_seconds") else "")

    @made.every_verdict
    def test_is_read_by_the_older_rules_as_well(self, judged: tuple[r.Run, Verdict]) -> None:
        text = openmetrics.written(summary.of(*judged)).decode()
        older = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for metric in text_string_to_metric_families(text)
            for sample in metric.samples
        }
        newer = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for metric in read(summary.of(*judged)).values()
            for sample in metric.samples
        }
        assert older == newer

    @made.every_verdict
    def test_has_what_a_textfile_collector_takes(self, judged: tuple[r.Run, Verdict]) -> None:
        seen = set()
        for metric in read(summary.of(*judged)).values():
            assert metric.type == "gauge"
            for sample in metric.samples:
                assert sample.timestamp is None
                series = (sample.name, *sample.labels.items())
                assert series not in seen
                seen.add(series)

    @made.every_verdict
    def test_labels_are_what_was_recorded(self, judged: tuple[r.Run, Verdict]) -> None:
        summed = summary.of(*judged)
        (info,) = read(summed)["chaosmongo_run_info"].samples
        assert info.labels["run"] == harmless(summed.run)
        assert info.labels["experiment"] == harmless(summed.run.partition("/")[0])
        assert info.labels["mongodb"] == harmless(summed.environment.mongodb)

    def test_series_go_on_with_the_next_run(self, summed_up: Callable[[str], Summary]) -> None:
        labels = {name: set(metric.samples[0].labels) for name, metric in read(summed_up("passed")).items()}
        assert [name for name, found in labels.items() if "run" in found] == ["chaosmongo_run_info"]

    def test_ends_with_its_mark(self, summed_up: Callable[[str], Summary]) -> None:
        assert openmetrics.written(summed_up("passed")).endswith(b"\n# EOF\n")


class TestValues:
    def test_are_those_of_the_summary(self, summed_up: Callable[[str], Summary]) -> None:
        summed = summed_up("lost some")
        told = {lane.name: lane for lane in summed.lanes}
        assert values(summed, "recovery_time_seconds") == {
            (name,): lane.recovery_time.value_s for name, lane in told.items()
        }
        assert values(summed, "recovery_time_uncertainty_seconds") == {
            (name,): lane.recovery_time.uncertainty_s for name, lane in told.items()
        }
        assert values(summed, "unavailable_seconds") == {
            (name,): lane.unavailable.value_s for name, lane in told.items()
        }
        assert values(summed, "operations") == {
            (name, outcome): getattr(lane, outcome)
            for name, lane in told.items()
            for outcome in ("ok", "failed", "unknown")
        }
        assert summed.writes is not None
        assert values(summed, "writes")["lost",] == summed.writes.acknowledged.lost == 130
        assert sum(values(summed, "writes").values()) == summed.writes.writes
        assert values(summed, "recovery_point_seconds") == {(): summed.writes.rpa_s}
        assert values(summed, "phase_seconds") == {(phase.name,): phase.lasted.value_s for phase in summed.phases}
        assert values(summed, "phase_uncertainty_seconds") == {
            (phase.name,): phase.lasted.uncertainty_s for phase in summed.phases if "±" in phase.lasted.text
        }
        assert values(summed, "seeded_scores")["intact",] == 100
        assert values(summed, "doubts") == {(): len(summed.doubts)}

    def test_objectives_and_whether_they_were_met(self, summed_up: Callable[[str], Summary]) -> None:
        assert values(summed_up("passed"), "recovery_objective_seconds") == dict.fromkeys([(n,) for n in LANES], 15)
        assert values(summed_up("passed"), "recovery_objective_met") == dict.fromkeys([(n,) for n in LANES], 1)
        assert values(summed_up("never recovered"), "recovery_objective_met")["server",] == 0
        assert values(summed_up("passed"), "recovery_point_objective_writes") == {(): 0}

    def test_the_run_began_when_it_says(self, summed_up: Callable[[str], Summary]) -> None:
        began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
        assert values(summed_up("passed"), "run_start_time_seconds") == {(): began}

    @pytest.mark.parametrize(
        ("name", "answer"), [("passed", "passed"), ("lost some", "failed"), ("nothing recorded", "unknown")]
    )
    def test_one_verdict_is_1_and_the_others_0(
        self, name: str, answer: str, summed_up: Callable[[str], Summary]
    ) -> None:
        expected = {(one,): float(one == answer) for one in ("passed", "failed", "unknown")}
        assert values(summed_up(name), "verdict") == expected

    @made.every_verdict
    def test_every_check_has_one_answer(self, judged: tuple[r.Run, Verdict]) -> None:
        summed = summary.of(*judged)
        told = [labels for labels, value in values(summed, "check").items() if value]
        assert told == [(harmless(check.name), check.verdict) for check in summed.checks]

    @made.every_verdict
    def test_phases_of_one_name_are_one_sample(self, judged: tuple[r.Run, Verdict]) -> None:
        summed = summary.of(*judged)
        total = sum(phase.lasted.value_s for phase in summed.phases)
        assert sum(values(summed, "phase_seconds").values()) == pytest.approx(total, abs=1e-6)


class TestWhatIsNotKnown:
    def test_a_lane_that_never_recovered_has_a_bound_under_another_name(
        self, summed_up: Callable[[str], Summary]
    ) -> None:
        summed = summed_up("never recovered")
        bounds = values(summed, "recovery_time_at_least_seconds")
        assert set(bounds) == {(name,) for name in LANES}
        assert all(16 <= value < 18 for value in bounds.values())
        for absent in ("recovery_time_seconds", "recovery_time_uncertainty_seconds", "unavailable_seconds"):
            assert values(summed, absent) == {}

    def test_a_lane_without_an_outage_too(self, summed_up: Callable[[str], Summary]) -> None:
        summed = summed_up("no outage")
        assert set(values(summed, "recovery_time_below_seconds")) == {(name,) for name in LANES}
        assert values(summed, "recovery_time_seconds") == values(summed, "unavailable_seconds") == {}

    def test_a_run_of_nothing_has_a_verdict_and_no_measurement(self, summed_up: Callable[[str], Summary]) -> None:
        assert {name.removeprefix("chaosmongo_") for name in read(summed_up("nothing recorded"))} == {
            "run_info", "run_start_time_seconds", "verdict", "check", "doubts", "recovery_point_objective_writes"
        }  # fmt: skip

    @pytest.mark.parametrize("name", RUNS)
    def test_nothing_is_told_that_the_summary_does_not_hold(
        self, name: str, summed_up: Callable[[str], Summary]
    ) -> None:
        summed = summed_up(name)
        measured = {(lane.name,) for lane in summed.lanes if lane.recovery_time.text[:1].isdecimal()}
        assert set(values(summed, "recovery_time_seconds")) == measured

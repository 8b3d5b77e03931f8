"""docs/grafana-dashboard.json asks for nothing that metrics.prom does not hold."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from recoveryreport.machine import openmetrics
from recoveryreport.machine.records import Summary

from .conftest import RUNS

DASHBOARD = json.loads((Path(__file__).parents[3] / "docs" / "grafana-dashboard.json").read_text())
PANELS = DASHBOARD["panels"]
TARGETS = [target for panel in PANELS for target in panel["targets"]]
SELECTOR = re.compile(r"(\w+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
FUNCTIONS = {"sum", "max", "by", "time"}


@pytest.fixture(scope="module")
def written(summed_up: Callable[[str], Summary]) -> dict[str, dict[str, set[str]]]:
    """The metrics of all kinds of runs: their labels, and the values that these have."""
    found: dict[str, dict[str, set[str]]] = {}
    for name in RUNS:
        for metric in text_string_to_metric_families(openmetrics.written(summed_up(name)).decode()):
            labels = found.setdefault(metric.name, {})
            for sample in metric.samples:
                for label, value in sample.labels.items():
                    labels.setdefault(label, set()).add(value)
    return found


def selectors(expression: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    for metric, matchers in SELECTOR.findall(expression):
        yield metric, MATCHER.findall(matchers)


def ids(targets: list[dict[str, Any]]) -> list[str]:
    return [target["expr"] for target in targets]


@pytest.mark.parametrize("target", TARGETS, ids=ids(TARGETS))
class TestAnExpression:
    def test_names_metrics_and_functions_and_nothing_else(
        self, target: dict[str, Any], written: dict[str, dict[str, set[str]]]
    ) -> None:
        bare = SELECTOR.sub(r"\1", re.sub(r"by \(\w+\)", "by ()", target["expr"]))
        names = set(re.findall(r"[a-zA-Z_]\w*", bare))
        assert names - FUNCTIONS <= set(written)
        assert names - FUNCTIONS

    def test_selects_by_labels_that_are_there(
        self, target: dict[str, Any], written: dict[str, dict[str, set[str]]]
    ) -> None:
        for metric, matchers in selectors(target["expr"]):
            assert "experiment" in [label for label, _, _ in matchers]
            for label, _, value in matchers:
                assert value in ("$experiment",) or set(value.split("|")) <= written[metric][label]

    def test_groups_and_names_series_by_labels_that_are_there(
        self, target: dict[str, Any], written: dict[str, dict[str, set[str]]]
    ) -> None:
        (*_, labels) = [set(written[metric]) for metric, _ in selectors(target["expr"])]
        grouped = set(re.findall(r"by \((\w+)\)", target["expr"]))
        assert grouped <= labels
        assert set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", ""))) <= (grouped or labels)


def test_experiments_to_choose_from_are_those_that_ran() -> None:
    chosen = next(one for one in DASHBOARD["templating"]["list"] if one["name"] == "experiment")
    assert chosen["query"]["query"] == chosen["definition"] == "label_values(chaosmongo_run_info, experiment)"


def test_columns_of_tables_are_labels(written: dict[str, dict[str, set[str]]]) -> None:
    tables = [panel for panel in PANELS if panel["type"] == "table"]
    assert tables
    for panel in tables:
        ((metric, _),) = selectors(panel["targets"][0]["expr"])
        (organized,) = [one["options"] for one in panel["transformations"] if one["id"] == "organize"]
        assert set(organized["indexByName"]) == set(written[metric])


def test_durations_are_in_seconds_and_counts_are_not() -> None:
    for panel in PANELS:
        asked = {metric for target in panel["targets"] for metric, _ in selectors(target["expr"])}
        if panel["type"] in ("timeseries", "stat"):
            unit = panel["fieldConfig"]["defaults"]["unit"]
            assert {metric.endswith("_seconds") for metric in asked} == {unit == "s"}


def test_panels_do_not_cover_each_other() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in PANELS)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_every_panel_and_target_has_an_identity_of_its_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_it_is_bound_to_no_installation() -> None:
    sources = {json.dumps(part["datasource"]) for part in [*PANELS, *TARGETS]}
    assert sources == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}

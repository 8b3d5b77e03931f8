"""`chaos recovery matrix` as a person would type it, in a real lab: two cells, one run each."""

from pathlib import Path

import msgspec
import pytest
import yaml
from chaosmongo.history import read
from chaosmongo.history.results import worst
from recoveryreport.matrix.records import Matrix

from tests.e2e.commands import run
from tests.e2e.test_trials import CODES, short_experiment

pytestmark = pytest.mark.e2e

SETTINGS = {
    "grace_period_s": [5],
    "write concern": [
        {"label": "w: 1", "vars": {"write_w": 1, "write_j": False}},
        {"label": "w: majority", "vars": {"write_w": "majority", "write_j": True}},
    ],
}


def test_the_settings_of_each_cell_are_those_of_its_runs(place: Path) -> None:
    short = short_experiment(place)
    file = place / "two.yaml"
    file.write_text(yaml.safe_dump({"experiment": short.name, "runs": 1, "settings": SETTINGS}, sort_keys=False))
    matrix = ["chaos", "--no-version-check", "recovery", "matrix", file.name, "--var", "scores:int=50"]
    ended = run(["kubelab", "exec", "--", *matrix], place)
    (directory,) = place.glob("runs/two/matrix-*")
    found = msgspec.json.decode((directory / "matrix.json").read_bytes(), type=Matrix)
    trials = [trial for cell in found.cells for trial in cell.runs]
    assert [cell.labels for cell in found.cells] == [["5", "w: 1"], ["5", "w: majority"]]
    histories = [read(place / trial.directory) for trial in trials]
    concerns = [history.plan.write_concern for history in histories if history.plan]
    assert [(concern["w"], concern["j"]) for concern in concerns] == [(1, False), ("majority", True)]
    assert [history.faults[0].start.arguments["grace_period_s"] for history in histories] == [5, 5]
    assert [history.seeded[0].count for history in histories] == [50, 50]
    assert ended.status == CODES[worst([trial.verdict for trial in trials])], ended.output
    assert {path.name for path in directory.iterdir()} == {"matrix.json", "matrix.html", "matrix.png", "matrix.svg"}

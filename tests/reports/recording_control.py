"""A control for experiments of the tests: `chaos run` then leaves the record of a run that is known beforehand.

Configuration: `lost` acknowledged writes are lost; `up_s` the service is back after so many seconds; `broken`: the
record breaks off, so that the run is unknown; `judged`: it has a verdict.
"""

from pathlib import Path
from typing import Any

from chaosmongo.checks import judge
from chaosmongo.history import RunDirectory, read, write_whole

from .recorded_runs import Recorded, record


def after_experiment_control(context: Any, state: dict[str, Any], configuration: dict[str, Any], **_: Any) -> None:  # noqa: ARG001
    number = len(list(Path("runs/known").glob("*Z"))) + 1
    up_s = float(configuration["up_s"])
    what = Recorded(
        name=f"known/202601{number:02}T000000Z",
        before_s=6,
        after_s=8,
        lost=int(configuration["lost"]),
        stopped=state["status"] == "completed" and not configuration["broken"],
        up_s={"server": up_s, "driver": up_s + 0.5, "user": up_s + 0.8},
    )
    directory = record(Path("runs", what.name), what)
    if configuration.get("judged"):
        write_whole(RunDirectory(directory).verdict, judge(read(directory)))
    state["recovery"] = {"run": what.name, "directory": str(directory)}

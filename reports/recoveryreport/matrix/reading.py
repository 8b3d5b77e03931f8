"""From a matrix file to the cells that it asks for.

    title: What do the grace period and the write concern decide?
    experiment: ../mongo-pod-delete.yaml    # relative to this file
    runs: 5                                 # of each cell
    settings:
      grace_period_s: [30, 5]               # values of a configuration key of the experiment
      write concern:                        # or what each value stands for
        - {label: "w: 1", vars: {write_w: 1, write_j: false}}
        - {label: "w: majority", vars: {write_w: majority}, experiment: another.yaml}

Everything that is wrong with the file is said at once.
"""

import math
import secrets
from pathlib import Path
from typing import Any

from recoveryreport.errors import BadMatrix

from .cells import cells
from .complaints import Complaints, shown
from .order import interleaved
from .records import Matrix, Setting
from .settings import path, settings
from .strict import parse

KEYS = ("title", "experiment", "runs", "seed", "settings")
MOST_RUNS, MOST_CELLS = 10_000, 144
LARGEST_SEED = 2**31 - 1


def read(file: Path, runs: int | None = None, seed: int | None = None) -> Matrix:
    """A matrix of which nothing has been run. runs, seed: go before what the file says; a seed that neither says is
    drawn. Raises BadMatrix with everything that is wrong, OSError where the file cannot be read.
    """
    try:
        document = parse(file.read_text("utf-8"))
    except ValueError as error:  # also what is no UTF-8
        raise BadMatrix(f"{file} is no matrix that can be run: it is no YAML: {error}") from None
    complaints = Complaints(file)
    if not isinstance(document, dict):
        raise BadMatrix(f"{file} is no matrix that can be run: write a mapping with {', '.join(KEYS)}")
    complaints.check_keys(document, KEYS)
    title = document.get("title", "")
    if not isinstance(title, str):
        complaints.say("title", f"{shown(title)} is no text: put it in quotes, or leave it out")
    runs = _whole("runs", document.get("runs") if runs is None else runs, 1, MOST_RUNS, complaints)
    seed = _whole("seed", _seed(document) if seed is None else seed, 0, LARGEST_SEED, complaints)
    default = path("experiment", document.get("experiment", ""), complaints)
    given = settings(document.get("settings"), complaints)
    found = {name: values for name, values in given.items() if values}  # the others are complained of
    number = math.prod(len(values) for values in found.values())
    if number > MOST_CELLS:
        complaints.say("settings", f"these are {number:,} cells: name fewer values, for {MOST_CELLS} at most")
        complaints.raise_them()
    if number * runs > MOST_RUNS:
        complaints.say("runs", f"{number:,} cells with {runs:,} runs each: ask for {MOST_RUNS:,} at most altogether")
    made = cells(default, found, complaints)
    complaints.raise_them()
    return Matrix(
        name=file.stem,
        title=title,
        runs=runs,
        seed=seed,
        settings=[Setting(name, [value.label for value in values]) for name, values in found.items()],
        cells=made,
        order=interleaved(len(made), runs, seed),
    )


def _seed(document: dict[Any, Any]) -> Any:
    return document["seed"] if "seed" in document else secrets.randbelow(LARGEST_SEED)


def _whole(key: str, value: Any, least: int, most: int, complaints: Complaints) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        what = "how many runs each cell is to have" if key == "runs" else "which order the runs are to have"
        complaints.say(key, f"{shown(value)} does not say {what}: write a whole number from {least:,} to {most:,}")
        return least
    return value

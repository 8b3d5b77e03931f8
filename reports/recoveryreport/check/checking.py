"""The check, in order: what earlier runs left behind, then each experiment, then what is shown and what is removed.

Whatever goes wrong on the way is an outcome, unknown, and told like any other: nobody watches.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosmongo import config, window
from chaosmongo.errors import ChaosMongoError
from chaosmongo.history.quantities import counted
from chaosmongo.history.results import worst
from chaosmongo.preflight import load
from chaosmongo.preflight.experiment import Experiment

from recoveryreport.errors import CannotCheck, ReportError
from recoveryreport.trials.running import Runner

from . import allowed, clock, leftovers, notifying, pruning, publishing, removing, running, space
from .alone import alone
from .outcome import EXIT_CODES, Outcome
from .pruning import Limits


@dataclass(frozen=True)
class Asked:
    """What is to be checked, and how. values, var_files: for the experiments' configuration. arguments: of `chaos run`,
    before the experiment; options: of `chaos`, before the command. settings: Chaos Toolkit's file.
    """

    sources: Sequence[str]
    values: Mapping[str, Any]
    var_files: Sequence[str]
    arguments: Sequence[str]
    options: Sequence[str]
    settings: Path
    window: str = ""
    every_s: float | None = None
    limits: Limits = field(default_factory=Limits)


Told = Callable[[str], None]


def check(asked: Asked, say: Told, warn: Told, heard: Told) -> int:
    """The exit code. say: gets lines for people; warn: likewise, of what is wrong; heard: what `chaos run` prints.

    Raises CannotCheck where not even the directory of runs is to be had: another check is under way there.
    """
    if asked.window:
        os.environ[config.WINDOW] = asked.window  # for our own look, and for the run, whatever its experiment declares
    channels = notifying.channels(asked.settings)
    read = [_read(source, asked) for source in asked.sources]
    runs = _runs([one for one in read if isinstance(one, Experiment)])
    runner = Runner(asked.arguments, asked.options)
    with alone(runs), runner.heeding_signals():
        outcomes = _outcomes(asked, read, runs, runner, channels, say, warn, heard)
        whole = _afterwards(asked, runs, say, warn)
    answer = worst([one.answer for one in outcomes])
    return EXIT_CODES[answer if whole else worst([answer, "unknown"])]


def _read(source: str, asked: Asked) -> Experiment | str:
    """The experiment, or why it cannot be read."""
    try:
        return load(source, asked.values, asked.var_files)
    except ChaosMongoError as error:
        return str(error)


def _runs(experiments: Sequence[Experiment]) -> Path:
    """Where they are recorded. Raises CannotCheck where that is not one directory."""
    found = sorted({str(one.config.runs_directory) for one in experiments}) or [os.environ.get("RUNS") or "runs"]
    if len(found) > 1:
        raise CannotCheck(
            f"The experiments are recorded in {' and '.join(found)}: check those of one directory at a time"
        )
    return Path(found[0])


def _outcomes(
    asked: Asked,
    read: Sequence[Experiment | str],
    runs: Path,
    runner: Runner,
    channels: list[dict[str, Any]],
    say: Told,
    warn: Told,
    heard: Told,
) -> list[Outcome]:
    undone, why = _prepared(asked, read, runs, say, warn)
    outcomes = []
    for source, experiment in zip(asked.sources, read, strict=True):
        name = Path(source.split("?")[0]).stem
        refusal = experiment if isinstance(experiment, str) else why or _refusal(experiment)
        if runner.stopped:
            refusal = "the check was told to stop before this experiment began"
        if refusal:
            outcome = Outcome(name, "unknown", f"Refused: {refusal.removesuffix('.')}.", undone=undone, refused=True)
        else:
            outcome = running.run(runner, name, source, undone, heard)
        (say if outcome.answer == "passed" else warn)(f"{name}: {outcome.answer}. {outcome.sentence}")
        for failure in notifying.tell(channels, outcome):
            warn(failure)
        _note(runs, outcome, warn)
        outcomes.append(outcome)
    return outcomes


def _prepared(
    asked: Asked, read: Sequence[Experiment | str], runs: Path, say: Told, warn: Told
) -> tuple[list[str], str]:
    """What was taken back of earlier runs, and why no run can begin; "" where one can."""
    undone: list[str] = []
    uris = [one.config.mongo_uri for one in read if isinstance(one, Experiment) and one.config.mongo_uri]

    def tell(line: str) -> None:
        undone.append(line)
        say(line)

    try:
        leftovers.take_back_all(runs, uris[0] if uris else "", tell)
    except leftovers.StaysBehind as error:
        return undone, str(error)
    _pruned(asked, runs, say, warn)
    return undone, space.short(runs)


def _refusal(experiment: Experiment) -> str:
    now = datetime.now(UTC)
    if not window.is_open(experiment.config.windows, now):
        return f"{window.told(experiment.config.windows, now)}: its schedule and its window do not fit"
    return allowed.missing(experiment)


def _note(runs: Path, outcome: Outcome, warn: Told) -> None:
    try:
        publishing.note(runs, outcome)
    except ReportError as error:
        warn(str(error))


def _afterwards(asked: Asked, runs: Path, say: Told, warn: Told) -> bool:
    """Whether all that is shown could be written."""
    _pruned(asked, runs, say, warn)
    try:
        page = publishing.publish(runs, asked.every_s)
    except (ReportError, OSError) as error:
        warn(f"What the runs say together was not written: {error}")
        return False
    if page is not None:
        say(f"All runs: {page}")
    return True


def _pruned(asked: Asked, runs: Path, say: Told, warn: Told) -> None:
    now_ns = time.time_ns()
    there = removing.there(runs, leftovers.leaves_behind)
    if doubt := clock.doubt(there, now_ns):
        warn(doubt)
    if not asked.limits:
        return
    going = pruning.plan(there, asked.limits, now_ns)
    try:
        removing.sweep(runs)
        removing.remove(runs, going, now_ns)
    except OSError as error:
        warn(f"Older runs could not all be removed: {error.filename}: {error.strerror}")
        return
    if going:
        say(f"{counted(len(going), 'older run was', 'older runs were')} removed (removed.jsonl names them)")

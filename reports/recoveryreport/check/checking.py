"""The check, in order: what earlier runs left behind, then each experiment, then what is shown and what is removed.

Whatever goes wrong on the way is an outcome, unknown, and told like any other: nobody watches.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosmongo import config, window
from chaosmongo.errors import ChaosMongoError
from chaosmongo.history.quantities import counted
from chaosmongo.history.results import worst
from chaosmongo.history.rundir import experiment_name
from chaosmongo.preflight import load
from chaosmongo.preflight.experiment import Experiment

from recoveryreport.errors import CannotCheck, ReportError
from recoveryreport.exits import EXIT_CODES
from recoveryreport.trend.reading import Loaded
from recoveryreport.trials.running import Runner

from . import allowed, clock, leftovers, notifying, pruning, publishing, removing, running, space
from .alone import alone
from .outcome import Outcome
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


@dataclass(frozen=True)
class Printed:
    """Where lines go. say, warn: for people, what is and what is wrong. heard: what `chaos run` prints."""

    say: Callable[[str], None]
    warn: Callable[[str], None]
    heard: Callable[[str], None]


def check(asked: Asked, printed: Printed) -> int:
    """The exit code. Raises CannotCheck where nothing can be checked, for one as another check is under way there."""
    if asked.window:
        os.environ[config.WINDOW] = asked.window  # for our own look, and for the run, whatever its experiment declares
    channels = notifying.channels(asked.settings)
    experiments = {source: _read(source, asked) for source in asked.sources}
    runs = _runs([one for one in experiments.values() if isinstance(one, Experiment)])
    runner = Runner(asked.arguments, asked.options)
    with alone(runs), runner.heeding_signals():
        return _Check(asked, printed, channels, runs, runner).made(experiments)


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


@dataclass(frozen=True)
class _Check:
    """One check, alone in its directory of runs."""

    asked: Asked
    printed: Printed
    channels: list[dict[str, Any]]
    runs: Path
    runner: Runner

    def made(self, experiments: Mapping[str, Experiment | str]) -> int:
        """The exit code. experiments: by their source, or why one cannot be read."""
        outcomes = [self._one(source, experiment) for source, experiment in experiments.items()]
        self._prune()
        answer = worst([one.answer for one in outcomes])
        return EXIT_CODES[answer if self._publish() else worst([answer, "unknown"])]

    def _one(self, source: str, experiment: Experiment | str) -> Outcome:
        name = experiment_name(source)
        try:
            outcome = self._outcome(source, name, experiment)
        except Exception as error:  # whatever it is: nobody knows, and somebody must be told
            outcome = Outcome(name, "unknown", f"The check crashed: {type(error).__name__}: {error}", refused=True)
        tell = self.printed.say if outcome.answer == "passed" else self.printed.warn
        tell(f"{name}: {outcome.answer}. {outcome.sentence}")
        for failure in notifying.tell(self.channels, outcome):
            self.printed.warn(failure)
        try:
            publishing.note(self.runs, outcome)
        except ReportError as error:
            self.printed.warn(str(error))
        return outcome

    def _outcome(self, source: str, name: str, experiment: Experiment | str) -> Outcome:
        if isinstance(experiment, str):
            return _refused(name, experiment)
        undone: list[str] = []
        if why := self._refusal(experiment, undone):
            return _refused(name, why, undone)
        outcome = running.run(self.runner, name, source, self.printed.heard)
        # What it could not take back itself, as one that was killed, must not wait for the next check.
        if why := self._stays_behind(experiment, undone):
            answer = worst([outcome.answer, "unknown"])
            outcome = replace(outcome, answer=answer, sentence=f"{outcome.sentence} But {why}.")
        return replace(outcome, undone=undone)

    def _refusal(self, experiment: Experiment, undone: list[str]) -> str:
        """Why no run may begin; "" where one may."""
        if self.runner.stopped:
            return "the check was told to stop before this experiment began"
        if why := self._stays_behind(experiment, undone):
            return why
        there = removing.there(self.runs)
        if doubt := clock.doubt(there, clock.now()):
            self.printed.warn(doubt)
        now, windows = datetime.now(UTC), experiment.config.windows
        if not window.is_open(windows, now):
            return f"{window.told(windows, now)}: its schedule and its window do not fit"
        self._prune(there)
        return space.short(self.runs) or allowed.missing(experiment)

    def _stays_behind(self, experiment: Experiment, undone: list[str]) -> str:
        """Takes back what runs left behind; why not all, "" where all is. undone: gets a line for each thing."""

        def tell(line: str) -> None:
            undone.append(line)
            self.printed.say(line)

        try:
            leftovers.take_back_all(self.runs, experiment.config.mongo_uri, tell)
        except leftovers.StaysBehind as error:
            return str(error)
        return ""

    def _prune(self, there: Sequence[Loaded] | None = None) -> None:
        """there: the runs that are there, where they were read just now."""
        if not self.asked.limits:
            return
        now_ns = time.time_ns()
        there = removing.there(self.runs) if there is None else there
        kept = [removing.kept(run, leftovers.leaves_behind) for run in there]
        going = pruning.plan(kept, self.asked.limits, now_ns)
        try:
            removing.sweep(self.runs)
            removing.remove(self.runs, going, now_ns)
        except OSError as error:
            self.printed.warn(f"Older runs could not all be removed: {error.filename}: {error.strerror}")
            return
        if going:
            told = counted(len(going), "older run was", "older runs were")
            self.printed.say(f"{told} removed ({self.runs / removing.FILE} names them)")

    def _publish(self) -> bool:
        """Whether all that is shown could be written."""
        try:
            page = publishing.publish(self.runs, self.asked.every_s)
        except Exception as error:  # the verdicts stand, and are told by the exit code
            self.printed.warn(f"What all runs say together was not written: {error}")
            return False
        if page is not None:
            self.printed.say(f"All runs: {page}")
        return True


def _refused(name: str, why: str, undone: Sequence[str] = ()) -> Outcome:
    told = f"Refused: {why.removesuffix('.')}."
    return Outcome(name, "unknown", told, undone=list(undone), refused=True)

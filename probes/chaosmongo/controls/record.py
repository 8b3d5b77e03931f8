"""The control that opens the run directory, observes, judges and reports, and makes the exit code tell the truth.

    controls:
      - name: record
        provider: {type: python, module: chaosmongo.controls.record}

Chaos Toolkit takes its exit code from the journal's `status` and `deviated`. A run that it would call completed is
marked failed unless our verdict, computed from the record alone, is passed.
"""

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from chaoslib import merge_vars
from chaoslib.exceptions import ActivityFailed, InterruptExecution

from chaosmongo import run, undo
from chaosmongo.checks import judge
from chaosmongo.config import WINDOW, Config
from chaosmongo.errors import BadConfiguration, ChaosMongoError
from chaosmongo.history import RecordError, RunDirectory, read, write_whole
from chaosmongo.history.redaction import redacted
from chaosmongo.history.results import Verdict
from chaosmongo.history.rundir import experiment_name
from chaosmongo.safeguard import Safeguard, abort
from chaosmongo.undo import lock, registration, workload

logger = logging.getLogger("chaostoolkit")

_safeguard: Safeguard | None = None

REPORT_TIMEOUT_S = 120
LOOKS_AROUND_WITHIN_S = 2
"""At the end the database is either there or was given up before."""


def before_experiment_control(context: dict[str, Any], configuration: dict[str, Any] | None = None, **_: Any) -> None:
    """Opens the run, or stops the experiment before anything is touched, saying why."""
    try:
        _check_vars(context)
        recording = run.open_run(_experiment_name(context), context, configuration or {})
    except ChaosMongoError as error:
        raise InterruptExecution(str(error)) from None
    except Exception as error:  # Chaos Toolkit would swallow it and run the experiment without a record
        logger.debug("opening the run failed", exc_info=True)
        raise InterruptExecution(f"The run could not be opened: {type(error).__name__}: {error}") from None
    signal.signal(signal.SIGTERM, _interrupt)  # Chaos Toolkit puts back the one from before the run
    global _safeguard
    if recording.config.abort_outage_s > 0:
        _safeguard = Safeguard(recording, recording.config.abort_outage_s)
        _safeguard.start()
    if recording.lock is not None:
        recording.lock.listen(lambda why: abort(recording, "lock", state="lost", reason=f"the lock is lost: {why}"))
    if recording.met:
        logger.warning(
            "At work on the same scores: %s. So this run cannot pass. If that one was killed: chaos recovery undo %s",
            ", ".join(recording.met),
            recording.config.runs_directory / recording.met[0],
        )


def after_hypothesis_control(context: dict[str, Any], state: dict[str, Any] | None = None, **_: Any) -> None:  # noqa: ARG001
    """Records whether the steady state was met."""
    recording = _recording()
    if recording is not None:
        state = state or {}
        failed = [probe["activity"]["name"] for probe in state.get("probes", []) if not probe.get("tolerance_met")]
        recording.note("hypothesis", met=bool(state.get("steady_state_met")), probes=failed)


def after_activity_control(context: dict[str, Any], state: dict[str, Any] | None = None, **_: Any) -> None:
    """Records an activity and how it ended: Chaos Toolkit goes on after one that failed as if nothing were amiss.

    What it returned is not recorded: that may be anything.
    """
    recording = _recording()
    state = state or {}
    status = state.get("status")
    if recording is None or status is None:
        return
    done = {"name": redacted(str(context.get("name"))), "type": str(context.get("type")), "status": str(status)}
    if state.get("duration") is not None:
        done["duration_s"] = state["duration"]
    if status == "succeeded":
        recording.note("done", **done)
    else:
        recording.note("activity", **done, error=redacted(_last_line(state)))


def after_experiment_control(context: dict[str, Any], state: dict[str, Any] | None = None, **_: Any) -> None:  # noqa: ARG001
    """Closes the record, judges it, has the report drawn, and corrects the journal.

    Until there is a verdict the journal says failed: Chaos Toolkit swallows whatever goes wrong here, and would exit 0.
    """
    journal = state if state is not None else {}
    recording = _recording()
    if recording is None:
        return
    status = journal.get("status")
    if status == "completed":
        journal["status"] = "failed"
    # Whoever started `chaos run` finds its record by the journal.
    journal["recovery"] = {"run": recording.run.run, "directory": str(recording.directory.path)}
    verdict = _end({"status": str(status), "deviated": bool(journal.get("deviated"))})
    if verdict is None or verdict.verdict == "unknown":
        return
    journal["status"] = status
    if verdict.verdict == "failed":
        journal["deviated"] = True


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Ends the experiment in order. What Chaos Toolkit's own handler raises is an Exception, which is lost where the
    signal comes while somebody catches all of those: every log handler does, and every activity that is none of ours.
    """
    raise SystemExit("SIGTERM")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A SIGTERM has no effect: what is being done is the ending that it asks for."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def cleanup_control() -> None:
    """Also where the experiment broke off in a way that skips the hook above, nothing is left running."""
    _end()


@_undisturbed()
def _end(ended: dict[str, Any] | None = None) -> Verdict | None:
    """Closes the run; None where there was none or it cannot be judged. `ended`: how the experiment did, if it has."""
    global _safeguard
    recording = _recording()
    if recording is None:
        return None
    path = recording.directory.path
    if _safeguard is not None:
        _safeguard.stop()
        _safeguard = None
    try:
        recording.stop_workload()
        if ended is not None:
            recording.look_around(LOOKS_AROUND_WITHIN_S)
            recording.note("ended", **ended)
        _leave(recording)
    except (ChaosMongoError, OSError) as error:
        logger.error("The run was not recorded to its end: %s", error)
    finally:
        run.forget()
    verdict = None
    try:
        verdict = judge(read(path))
        write_whole(RunDirectory(path).verdict, verdict)
    except (RecordError, OSError) as error:
        logger.error("The run in %s cannot be judged: %s", path, error)
    _report(path)
    return verdict


def _leave(recording: run.Recording) -> None:
    """Takes back what is the recording's own and what faults have left, and says how to take back the rest."""
    if recording.lock is not None:
        recording.lock.stop()
    quietly = (registration.NAME, lock.NAME, workload.NAME)
    ours = [one for one in recording.pending.values() if one.action in (*quietly, *undo.FAULTS)]
    for taken in undo.take_back(recording, ours, recording.undone):
        # what could not be taken back is pending, and told below
        if taken.done is not None and taken.undo.action == lock.NAME and not taken.done.number:
            recording.note("lock", state="lost", reason=f"at the end {taken.done.said}")
        if taken.done is not None and taken.undo.action not in quietly:
            logger.warning("No rollback of the experiment took this back: %s", taken.done.said)
    if recording.pending:
        left = ", ".join(sorted({one.action for one in recording.pending.values()}))
        logger.warning(
            "This run leaves something behind (%s). To take it back: chaos recovery undo %s",
            left,
            recording.directory.path,
        )


def _report(path: Path) -> None:
    """Draws the report in a process of its own: whatever happens there, the verdict stands."""
    command = [sys.executable, "-m", "chaostoolkit", "--no-version-check", "recovery", "report", str(path)]
    sys.stdout.flush()
    try:
        status = subprocess.run(command, timeout=REPORT_TIMEOUT_S, check=False).returncode
    except subprocess.TimeoutExpired:
        status = -1
    if status != 0:
        logger.error("The report was not drawn (status %s). Try again with: chaos recovery report %s", status, path)


def _recording() -> run.Recording | None:
    try:
        return run.current()
    except ChaosMongoError:
        return None


def _experiment_name(experiment: dict[str, Any]) -> str:
    """The name of the experiment's file, as `chaos run` was given it; else its title, as a file name."""
    context = click.get_current_context(silent=True)
    source = str(context.params.get("source", "")) if context is not None else ""
    return experiment_name(source, str(experiment.get("title", "")))


def _check_vars(experiment: dict[str, Any]) -> None:
    """Raises BadConfiguration for a setting of ours that Chaos Toolkit ignores, for the experiment does not declare it:
    it may be a limit, like a window.
    """
    context = click.get_current_context(silent=True)
    given = context.params if context is not None else {}
    named, _ = merge_vars(dict(given.get("var") or {}), list(given.get("var_file") or ()))
    declared = experiment.get("configuration") or {}
    if ignored := [key for key in named if key in Config.__dataclass_fields__ and key not in declared]:
        key = ignored[0]
        default = json.dumps(Config.__dataclass_fields__[key].default)
        raise BadConfiguration(
            f"{key} is set, and would be ignored, for the experiment does not declare it. Add to its configuration:\n"
            f"    {key}: {{type: env, key: {WINDOW if key == 'window' else key.upper()}, default: {default}}}"
        )


def _last_line(state: dict[str, Any] | None) -> str:
    trace = (state or {}).get("exception") or []
    lines = [line for line in "".join(trace).splitlines() if line.strip()]
    return lines[-1].strip().replace(_FAILED, "")[:300] if lines else ""


_FAILED = f"{ActivityFailed.__module__}.{ActivityFailed.__name__}: "
"""Chaos Toolkit puts it before what an activity says, and once more around that."""

"""A control that kills the process in which it runs (SIGKILL), at one of the steps of an experiment.

Every hook of Chaos Toolkit is a step, before and after each activity and each part. KILL_AT is the number of one,
counted from 1, or its name, which is then the first of that name. KILL_AFTER_S: how long after that step, to hit the
middle of what follows. All steps up to the end are named in the file KILL_STEPS. List it behind the control that
records.
"""

import os
import signal
import threading
from pathlib import Path
from typing import Any

_steps = 0


def _step(name: str) -> None:
    global _steps
    _steps += 1
    with Path(os.environ["KILL_STEPS"]).open("a") as file:
        file.write(f"{name}\n")
    if os.environ["KILL_AT"] not in (name, str(_steps)):
        return
    after_s = float(os.environ.get("KILL_AFTER_S", "0"))
    if after_s == 0:
        _kill()
    threading.Timer(after_s, _kill).start()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before_experiment_control(**_: Any) -> None:
    _step("before the experiment")


def after_experiment_control(**_: Any) -> None:
    _step("after the experiment")


def before_hypothesis_control(**_: Any) -> None:
    _step("before the hypothesis")


def after_hypothesis_control(**_: Any) -> None:
    _step("after the hypothesis")


def before_method_control(**_: Any) -> None:
    _step("before the method")


def after_method_control(**_: Any) -> None:
    _step("after the method")


def before_rollback_control(**_: Any) -> None:
    _step("before the rollbacks")


def after_rollback_control(**_: Any) -> None:
    _step("after the rollbacks")


def before_activity_control(context: dict[str, Any], **_: Any) -> None:
    _step(f"before '{context['name']}'")


def after_activity_control(context: dict[str, Any], **_: Any) -> None:
    _step(f"after '{context['name']}'")

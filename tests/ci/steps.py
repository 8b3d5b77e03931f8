"""Workflows as they are written, and their shell steps as GitHub runs them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/examples/*.yml")])
BIN = Path(sys.executable).parent

Step = dict[str, Any]


def jobs(workflow: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(workflow.read_text())["jobs"]
    return found


def scripts(workflow: Path) -> dict[str, Step]:
    """The shell steps of all its jobs, by their names, or by what they run."""
    steps = (step for job in jobs(workflow).values() for step in job["steps"])
    return {step.get("name", step["run"]): step for step in steps if "run" in step}


@dataclass(frozen=True)
class Ended:
    """How a step ended, what it printed, and what it handed on to others."""

    status: int
    output: str
    outputs: dict[str, str]


def run(step: Step, place: Path, **environment: str) -> Ended:
    """As GitHub does where no shell is named. environment: the values of what stands in the step's own."""
    assert set(step.get("env") or {}) <= set(environment), f"say what is in {step['env']}"
    handed_on = place / "outputs"
    handed_on.write_text("")
    ours = {"PATH": f"{place}:{BIN}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(handed_on)}
    ours["GITHUB_STEP_SUMMARY"] = str(place / "summary.md")
    ended = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=place,
        env=os.environ | ours | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    told = dict(line.partition("=")[::2] for line in handed_on.read_text().splitlines())
    return Ended(ended.returncode, ended.stdout, told)

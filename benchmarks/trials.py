"""What do twenty deletions of the database's pod say together?

`chaos recovery trials experiments/mongo-pod-delete.yaml -n 20` in a lab of its own: what it states is shown as it is.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, keep

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
EXPERIMENT = "experiments/mongo-pod-delete.yaml"


def run(quick: bool) -> list[Row]:
    asked = 2 if quick else 20
    with tempfile.TemporaryDirectory(prefix="trials-") as directory:
        status, told = _trials(asked, Path(directory))
    keep("trials", [told])
    print(f"  exit code {status}; doubts: {told['doubts'] or 'none'}", file=sys.stderr)
    pooled = sum(trial["left_out"] == "" for trial in told["runs"])
    passed = told["verdicts"].get("passed", 0)
    rows = [
        Row(
            "verdicts that are passed",
            f"{passed} of {asked}",
            n=asked,
            spread=", ".join(f"{number} {verdict}" for verdict, number in told["verdicts"].items()),
            wanted="all",
            met=passed == asked,
        ),
        _writes(told["writes"]),
    ]
    return rows + [_lane(lane, pooled) for lane in told["lanes"]]


def _trials(asked: int, directory: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and trials.json; raises where there is none, with what the command said."""
    command = ["kubelab", "exec", "--state", str(directory / "lab"), "--", "chaos", "--no-version-check"]
    command += ["--log-file", str(directory / "chaos.log"), "recovery", "trials", str(ROOT / EXPERIMENT)]
    command += ["-n", str(asked), "--var", f"runs={directory / 'runs'}", "--out", str(directory)]
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    file = directory / "trials.json"
    if not file.exists():
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout[-600:]}")
    return done.returncode, json.loads(file.read_bytes())


def _writes(found: dict[str, Any]) -> Row:
    bound = found["at_most"]
    return Row(
        "acknowledged writes lost",
        f"{found['lost']:,} of {found['acknowledged']:,}",
        "" if bound is None else f"a run that loses: below {bound:.1%} (95 %)",
        n=found["runs"],
        wanted="0",
        met=found["lost"] == 0 if found["runs"] else None,
    )


def _lane(lane: dict[str, Any], pooled: int) -> Row:
    found = lane["recovery"]
    median, interval = found["median"], found["interval"]
    told = "not reached" if median is None else f"{(median['lo_ns'] + median['hi_ns']) / 2e9:.2f} s"
    between = f"{_s(found['smallest_ns'])} to {_s(found['largest_ns'])}, {found['censored']} never"
    held = "too few for an interval"
    if interval is not None:
        held = f"{interval['confidence']:.1%}: {_s(interval['low_ns'])} to {_s(interval['high_ns'])}"
    return Row(f"recovery time, {found['name']} lane: median", told, held, n=pooled, spread=between)


def _s(value_ns: int | None) -> str:
    return "no end" if value_ns is None else f"{value_ns / 1e9:.2f} s"

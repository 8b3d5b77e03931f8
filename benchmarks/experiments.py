"""Every experiment of the collection, on a lab of its own each time: is the verdict the one that its file promises, how
long did the recovery take, and is anything left behind?

    python -m benchmarks.experiments [NAME ...] [-n RUNS]      (make experiments)

With --cluster current it is the cluster of KUBECONFIG, whatever that is, with the demo applied anew before each run.
What no API of Kubernetes does is told by the environment, as for any run: NODE_CRASH_COMMAND="docker kill {node}". What
the cluster cannot do is not run, and said. KEEP_RUNS=DIR keeps every run.
"""

import argparse
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from chaosmongo.history import read_verdict
from chaosmongo.history.results import Verdict

from benchmarks import account, current, laboratory
from benchmarks.current import NotHere
from benchmarks.harness import Row, extent, keep
from tests.e2e import remains
from tests.e2e.commands import ROOT
from tests.e2e.commands import run as run_command

RUNS = 5
LANES = ("server", "driver", "user")
AT_ONCE_S = 420
SHOWN_PHASES = 3
SETTLED_WITHIN_S = 60


@dataclass(frozen=True, eq=False)
class Experiment:
    """One file, and what it says of itself.

    lab: options of `kubelab up`. nodes: how many it needs on which its pods can run. elsewhere: what it needs that the
    lab does not have; "" where it runs there.
    """

    name: str
    verdict: str
    lab: tuple[str, ...]
    nodes: int
    elsewhere: str
    configuration: dict[str, Any]

    @property
    def namespace(self) -> str:
        return str(self.configuration["namespace"]["default"])

    @property
    def demo(self) -> str:
        """The folder of the deployment that it needs, below that of the manifests."""
        applied = self.lab[self.lab.index("--apply") + 1] if "--apply" in self.lab else "manifests"
        return str(Path(applied).relative_to("manifests"))

    def setting(self, name: str) -> Any:
        """A key of its configuration, as a run of ours will find it."""
        told = self.configuration[name]
        return os.environ.get(told["key"]) or told["default"]


@dataclass(frozen=True)
class Surroundings:
    """A cluster in which the demo is ready.

    admin: kubeconfig of one who may look at everything. environment: of the run. arguments: of `chaos run`. wrong: what
    is not as it should be after the run, besides what it left behind.
    """

    admin: str
    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    wrong: Callable[[], list[str]] = list


Where = Callable[[Experiment], AbstractContextManager[Surroundings]]
"""Raises NotHere for an experiment that cannot be run there, RuntimeError where the demo does not get ready."""


@dataclass(frozen=True)
class Trial:
    """One run: its verdict, RTA by lane and phases in seconds, and what it left behind."""

    experiment: str
    verdict: str
    sentence: str
    rta_s: dict[str, float]
    phases_s: dict[str, float]
    acknowledged: int
    lost: int
    left: list[str]
    run_s: float


def collection() -> list[Experiment]:
    files = sorted((ROOT / "experiments").glob("**/*.yaml"))
    return [one for file in files if (one := _read(file)) is not None]


def _read(file: Path) -> Experiment | None:
    """None for a file that says nothing of what its run must come to."""
    found = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
    said: list[dict[str, Any]] = found.get("extensions") or []
    told = next((one for one in said if one.get("name") == "chaosmongo"), None)
    if told is None:
        return None
    return Experiment(
        str(file.relative_to(ROOT / "experiments").with_suffix("")),
        told["verdict"],
        tuple(told.get("lab") or ()),
        told.get("nodes", 1),
        told.get("elsewhere", ""),
        found["configuration"],
    )


@contextmanager
def own_lab(experiment: Experiment) -> Iterator[Surroundings]:
    with _lab(experiment) as lab:
        kubeconfig = str(lab.kubeconfig)
        yield Surroundings(kubeconfig, {"KUBECONFIG": kubeconfig, "KUBELAB_STATE": str(lab.state)})


@contextmanager
def with_least_roles(experiment: Experiment) -> Iterator[Surroundings]:
    """In a lab of its own, as an account that may do what `chaos recovery permissions` says, and nothing else."""
    with tempfile.TemporaryDirectory(prefix="account-") as kept:
        log = Path(kept) / "audit.jsonl"
        with _lab(experiment, "--audit-log", str(log)) as lab:
            file = str(ROOT / "experiments" / f"{experiment.name}.yaml")
            made = account.make(lab.kubeconfig, file, log, Path(kept))
            environment = {"KUBECONFIG": str(made.kubeconfig), "KUBELAB_STATE": str(lab.state)}
            yield Surroundings(str(lab.kubeconfig), environment, (account.AS_IN_A_POD,), made.wrong)


@contextmanager
def _lab(experiment: Experiment, *more: str) -> Iterator[laboratory.Laboratory]:
    if experiment.elsewhere:
        raise NotHere(experiment.elsewhere)
    options = list(experiment.lab)
    if "--apply" in options:
        options[options.index("--apply") + 1] = str(ROOT / options[options.index("--apply") + 1])
    else:
        options += ["--apply", str(ROOT / "manifests")]
    with laboratory.lab(*options, *more) as lab:
        yield lab


def as_it_is(cluster: current.Cluster, manifests: Path) -> Where:
    """The cluster that is there. manifests: the folder of the demo and its variants."""

    @contextmanager
    def where(experiment: Experiment) -> Iterator[Surroundings]:
        folder = manifests / experiment.demo
        current.check(cluster, folder, experiment.configuration, experiment.nodes, experiment.elsewhere)
        with current.demo(folder, experiment.namespace):
            if "most_mib" in experiment.configuration:
                pod, path = f"{experiment.setting('statefulset')}-0", experiment.setting("data_path")
                current.check_volume(experiment.namespace, pod, path, int(experiment.setting("most_mib")))
            kubeconfig = str(cluster.kubeconfig)
            yield Surroundings(kubeconfig, {"KUBECONFIG": kubeconfig})

    return where


def run(quick: bool) -> list[Row]:
    return _rows(_trials([one for one in collection() if not one.elsewhere], 1 if quick else RUNS, own_lab))


def _trials(experiments: Sequence[Experiment], runs: int, where: Where) -> list[tuple[Experiment, list[Trial] | str]]:
    """Of each experiment its runs, or why it was not run."""
    found: dict[Experiment, list[Trial]] = {experiment: [] for experiment in experiments}
    not_run: dict[Experiment, str] = {}
    for number in range(runs):  # one of each, then again: what changes with the time of day hits all alike
        for experiment in [one for one in experiments if one not in not_run]:
            try:
                found[experiment].append(_trial(experiment, where))
            except NotHere as reason:
                not_run[experiment] = str(reason)
                print(f"{experiment.name}: not run here, it needs {reason}", flush=True)
                continue
            _tell(experiment, found[experiment][-1], number + 1, runs)
            keep("experiments", (asdict(trial) for each in found.values() for trial in each))
    return [(one, not_run.get(one, found[one])) for one in experiments]


def _tell(experiment: Experiment, trial: Trial, number: int, runs: int) -> None:
    mark = "ok" if trial.verdict == experiment.verdict and not trial.left else "NOT AS PROMISED"
    times = ", ".join(f"{lane} {seconds:.2f} s" for lane, seconds in trial.rta_s.items()) or "no outage"
    print(f"{experiment.name} {number}/{runs}: {trial.verdict} ({mark}), {times}, {trial.run_s:.0f} s", flush=True)
    if mark != "ok":
        print(f"    {trial.sentence}", *trial.left, sep="\n    ", flush=True)


def _trial(experiment: Experiment, where: Where) -> Trial:
    place = Path(tempfile.mkdtemp(prefix="experiment-")).resolve()
    try:
        for name in ("manifests", "experiments"):
            (place / name).symlink_to(ROOT / name)
        with where(experiment) as surroundings:
            return _in_cluster(experiment, surroundings, place)
    except RuntimeError as error:  # the other experiments may still do
        return Trial(experiment.name, "none", str(error), {}, {}, 0, 0, ["it was not run"], 0)
    finally:
        shutil.rmtree(place)


def _in_cluster(experiment: Experiment, surroundings: Surroundings, place: Path) -> Trial:
    before = remains.cluster(place, surroundings.admin, experiment.namespace)
    command = ["chaos", "--no-version-check", "run", *surroundings.arguments, f"experiments/{experiment.name}.yaml"]
    begin = time.monotonic()
    ended = run_command(command, place, AT_ONCE_S, **surroundings.environment)
    took_s = time.monotonic() - begin
    directories = [path.parent for path in place.glob("runs/*/*/run.json")]
    verdict = read_verdict(directories[0]) if directories else None
    if verdict is None:
        return Trial(experiment.name, "none", ended.output[-1500:], {}, {}, 0, 0, ["no verdict"], took_s)
    left = _left(before, place, surroundings.admin, experiment.namespace)
    left += [f"process {line}" for line in remains.processes(place)]
    undoing = ["chaos", "--no-version-check", "recovery", "undo", str(directories[0])]
    undo = run_command(undoing, place, **surroundings.environment)
    if "Nothing is left behind" not in undo.output:
        left.append(undo.output.strip())
    if (ended.status == 0) != (verdict.verdict == "passed"):
        left.append(f"chaos run ended with status {ended.status}, of a verdict {verdict.verdict}")
    left += surroundings.wrong()
    if kept := os.environ.get("KEEP_RUNS"):
        shutil.copytree(directories[0], Path(kept) / experiment.name.replace("/", "-") / f"{time.time():.0f}")
    return _told_by(experiment, verdict, left, took_s)


def _left(before: dict[str, Any], place: Path, kubeconfig: str, namespace: str) -> list[str]:
    """What is other than before, after Kubernetes had time to settle: a node that is back loses its taint at the next
    look of the node controller, 5 s later at most.
    """
    end = time.monotonic() + SETTLED_WITHIN_S
    while left := remains.changes(before, remains.cluster(place, kubeconfig, namespace)):
        if time.monotonic() > end:
            return left
        time.sleep(1)
    return []


def _told_by(experiment: Experiment, verdict: Verdict, left: list[str], took_s: float) -> Trial:
    durable = verdict.durability
    return Trial(
        experiment.name,
        verdict.verdict,
        verdict.sentence,
        {lane.lane: lane.rta.middle_ns / 1e9 for lane in verdict.recovery if lane.rta is not None},
        {phase.name: (phase.end_ns - phase.start_ns) / 1e9 for phase in verdict.phases},
        durable.kept + durable.lost if durable else 0,
        durable.lost if durable else 0,
        left,
        took_s,
    )


def _rows(found: Sequence[tuple[Experiment, list[Trial] | str]]) -> list[Row]:
    return [_row(experiment, trials) for experiment, trials in found]


def _row(experiment: Experiment, trials: list[Trial] | str) -> Row:
    if isinstance(trials, str):
        return Row(experiment.name, "not run", wanted=f"it needs {trials}")
    as_promised = sum(trial.verdict == experiment.verdict for trial in trials)
    clean = sum(not trial.left for trial in trials)
    lost = sum(trial.lost for trial in trials)
    return Row(
        experiment.name,
        f"{as_promised} of {len(trials)} {experiment.verdict}",
        reference=_times(trials),
        ratio=f"{lost} lost",
        n=len(trials),
        spread=_phases(trials),
        wanted="as promised, nothing left behind",
        met=as_promised == clean == len(trials),
    )


def _times(trials: list[Trial]) -> str:
    """RTA by lane: the median, and from the smallest to the largest."""
    told = []
    for lane in LANES:
        values = [trial.rta_s[lane] for trial in trials if lane in trial.rta_s]
        if values:
            some = f" (in {len(values)})" if len(values) < len(trials) else ""
            told.append(f"{lane} {statistics.median(values):.1f} s ({extent(values, 's', 1)}){some}")
    return ", ".join(told) or "no outage"


def _phases(trials: list[Trial]) -> str:
    """The longest, by their medians."""
    names = {name for trial in trials for name in trial.phases_s}
    medians = {
        name: statistics.median([trial.phases_s[name] for trial in trials if name in trial.phases_s]) for name in names
    }
    longest = sorted(medians, key=lambda name: medians[name], reverse=True)[:SHOWN_PHASES]
    return ", ".join(f"{name} {medians[name]:.1f} s" for name in longest)


def main() -> int:
    from benchmarks.__main__ import show

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    parser = argparse.ArgumentParser(prog="python -m benchmarks.experiments", description=__doc__)
    known = {one.name: one for one in collection()}
    parser.add_argument("name", nargs="*", help=f"which; all without one. There are: {', '.join(known)}")
    parser.add_argument("-n", type=int, default=RUNS, help=f"runs of each ({RUNS})")
    parser.add_argument("--cluster", choices=["own", "current"], default="own", help="a lab for each, or KUBECONFIG's")
    parser.add_argument(
        "--least-roles",
        action="store_true",
        help="in labs: as an account that may do what `chaos recovery permissions` says; was all of it used?",
    )
    parser.add_argument(
        "--manifests", type=Path, default=ROOT / "manifests", help="a copy of yours, for --cluster current"
    )
    told = parser.parse_args()
    if unknown := [name for name in told.name if name not in known]:
        parser.error(f"there is no experiment {', '.join(unknown)}; there are: {', '.join(known)}")
    if told.n < 1:
        parser.error(f"-n {told.n}: at least 1")
    if told.least_roles and told.cluster == "current":
        parser.error("--least-roles: the audit log is of a lab's API server; without --cluster current")
    try:
        own = with_least_roles if told.least_roles else own_lab
        where = as_it_is(current.look(), told.manifests) if told.cluster == "current" else own
    except RuntimeError as error:
        parser.error(str(error))
    rows = _rows(_trials([known[name] for name in told.name or known], told.n, where))
    show([("experiments", row) for row in rows], quick=False)
    tried = [row.met for row in rows if row.met is not None]
    return 0 if tried and all(tried) else 1


if __name__ == "__main__":
    sys.exit(main())

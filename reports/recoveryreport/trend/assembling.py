"""From what was found in a directory to what stands in trend.json."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote_from_bytes

import msgspec
from chaosmongo.history.records import Run
from chaosmongo.history.results import worst

from recoveryreport import words as plain
from recoveryreport.statistics.shifts import LEVEL
from recoveryreport.trials.conditions import Conditions
from recoveryreport.trials.pool import recovery_of
from recoveryreport.trials.recorded import Recorded
from recoveryreport.words import harmless

from . import words
from .changes import changes
from .finding import Found, find
from .reading import Loaded, load
from .records import Change, Entry, Experiment, Lane, Trend
from .removed import Removed
from .removed import read as removed_runs
from .schedule import gaps
from .series import all_series

AHEAD_NS = 300_000_000_000
"""How far a run may lie in the future: clocks of two machines differ by seconds."""


def gathered(runs: Path, every_s: float | None, watched: Callable[[Sequence[Path]], Iterable[Path]]) -> Trend:
    """Of all that is below a directory, read now. watched: the runs as they are, one by one. Raises NoRuns."""
    found = find(runs)
    loaded: dict[str, list[Loaded]] = {name: [] for name in found.runs}
    for directory in watched([directory for below in found.runs.values() for directory in below]):
        loaded[directory.parent.name].append(load(directory))
    return assembled(found, loaded, every_s, time.time_ns(), removed_runs(runs))


def assembled(
    found: Found,
    loaded: dict[str, list[Loaded]],
    every_s: float | None,
    now_ns: int,
    removed: Mapping[str, Sequence[Removed]] = MappingProxyType({}),
) -> Trend:
    """loaded: the runs of each experiment. every_s: how often each is expected to run; None: as it happens. removed:
    those of each that were removed.
    """
    experiments = [
        _experiment(name, runs, every_s, now_ns, removed.get(name, ())) for name, runs in sorted(loaded.items())
    ]
    answers = [experiment.answer for experiment in experiments]
    return Trend(
        wall_ns=now_ns,
        answer=worst([*answers, "unknown"] if found.unread else answers),
        every_s=every_s,
        level=LEVEL,
        experiments=experiments,
        passed_over=found.passed_over,
        unread=found.unread,
    )


def _experiment(
    name: str, loaded: Sequence[Loaded], every_s: float | None, now_ns: int, removed: Sequence[Removed]
) -> Experiment:
    runs = list(_entries(sorted(loaded, key=lambda run: run.place), now_ns))
    moments = [run.wall_ns for run in runs if run.wall_ns is not None]
    once = sorted([*moments, *(run.wall_ns for run in removed if run.wall_ns is not None)])
    missing = gaps(once, every_s, now_ns) if every_s is not None else []
    in_doubt = any(gap.overdue for gap in missing) or bool(moments and _ahead(moments[-1], now_ns))
    in_doubt = in_doubt or _is_overtaken(loaded)
    titles = [run.run.title for run in loaded if run.run is not None and run.run.title]
    return Experiment(
        name=harmless(name),
        address=_address(name),
        title=_text(titles[-1] if titles else name),
        answer=worst([runs[-1].answer, "unknown"] if in_doubt else [runs[-1].answer]),
        states=dict(Counter(run.state for run in runs)),
        runs=runs,
        gaps=missing,
        series=all_series(runs),
        removed=len(removed),
    )


def _entries(ordered: Sequence[Loaded], now_ns: int) -> Iterator[Entry]:
    """Each compared with the last one before it whose conditions are known."""
    before: Conditions | None = None
    first: dict[tuple[str, str], Loaded] = {}
    overtaken = _overtaken(ordered)
    for run in ordered:
        changed = changes(before, run.conditions) if before is not None and run.conditions is not None else []
        before = run.conditions if run.conditions is not None else before
        copied = first.setdefault((run.run.run, run.run.marker), run) if run.run is not None else run
        if copied is not run:
            run = replace(run, state="damaged", sentence=f"A copy of {copied.directory.name}.", recorded=None)
        yield _entry(run, changed, overtaken.get(run.directory.name, ""), now_ns)


def _overtaken(ordered: Sequence[Loaded]) -> dict[str, str]:
    """Of runs that stand after one that the same machine, since its last start, began later: the name of that one. The
    clock on the wall was set between them, and CLOCK_MONOTONIC cannot be.
    """
    found: dict[str, str] = {}
    latest: dict[str, tuple[int, str]] = {}
    for run in ordered:
        anchor = run.run.anchor if run.run is not None else None
        if anchor is None or not anchor.boot_id:
            continue
        time_ns, name = latest.get(anchor.boot_id, (0, ""))
        if anchor.time_ns < time_ns:
            found[run.directory.name] = name
        else:
            latest[anchor.boot_id] = (anchor.time_ns, run.directory.name)
    return found


def _is_overtaken(loaded: Sequence[Loaded]) -> bool:
    """Whether the run that stands last is not the newest one."""
    ordered = sorted(loaded, key=lambda run: run.place)
    return bool(ordered) and ordered[-1].directory.name in _overtaken(ordered)


def _entry(run: Loaded, changed: list[Change], overtaken: str, now_ns: int) -> Entry:
    doubts = [*run.doubts, *(["it lies in the future"] if run.wall_ns and _ahead(run.wall_ns, now_ns) else [])]
    doubts += [f"the clock was set: it began before {overtaken}"] if overtaken else []
    entry = Entry(
        directory=harmless(run.directory.name),
        address=_address(run.directory.parent.name, run.directory.name),
        state=run.state,
        sentence=_text(run.sentence),
        wall_ns=run.wall_ns,
        changes=changed,
        doubts=[_text(doubt) for doubt in doubts],
        report=run.report,
    )
    return entry if run.recorded is None or run.run is None else _measured(entry, run.run, run.recorded)


def _measured(entry: Entry, run: Run, recorded: Recorded) -> Entry:
    durability = recorded.verdict.durability
    name = _text(run.run)
    lanes = {_text(lane.lane): (lane, recovery_of(name, lane)) for lane in recorded.verdict.recovery}
    return msgspec.structs.replace(
        entry,
        lanes={
            name: Lane(value, lane.objective_s, lane.met) for name, (lane, value) in lanes.items() if value is not None
        },
        vouched=recorded.times_count,
        lost=durability.lost if durability else None,
        lost_vouched=recorded.fates is not None,
        rpa_ns=durability.rpa_ns if durability else None,
        acknowledged=plain.acknowledged(durability) if durability else None,
        lost_at_most=run.objectives.rpo_writes,
    )


def _text(found: str) -> str:
    return harmless(words.cut(found))


def _ahead(wall_ns: int, now_ns: int) -> bool:
    return wall_ns > now_ns + AHEAD_NS


def _address(*names: str) -> str:
    """Of any name a path that leads nowhere else: a name holds no "/", and is neither "." nor ".."."""
    return "/".join(quote_from_bytes(os.fsencode(name), safe="") for name in names)

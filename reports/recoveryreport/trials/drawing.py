"""Everything that is drawn of many runs: trials.html, and its figures as PNG and SVG."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from recoveryreport.report import REPORT, drawn, make_directory, write_file
from recoveryreport.style import Theme

from . import byrun, overview, page, survival
from .records import Trials

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "trials.html"


def draw(trials: Trials, directory: Path) -> Path:
    """Draws trials.html and the figures trials, trials-runs and, where some runs were not seen to recover,
    trials-survival (.png, .svg) into `directory`; the path of the page comes back. Raises CannotWrite.
    """
    figures = {name: drawn(paint) for name, paint in _painters(trials).items()}
    pictures = {name: figure.picture(page.alt(name, trials)) for name, figure in figures.items()}
    html = page.render(trials, pictures, links(trials, directory))
    make_directory(directory)
    for name, figure in figures.items():
        figure.keep(directory, name)
    write_file(directory / PAGE, html.encode())
    return directory / PAGE


def links(trials: Trials, directory: Path) -> dict[str, str]:
    """By the run's directory: where its report is, seen from `directory`; of those that have one."""
    reports = {trial.directory: Path(trial.directory, REPORT) for trial in trials.runs}
    return {
        run: quote(os.path.relpath(report.resolve(), directory.resolve()))
        for run, report in reports.items()
        if report.is_file()
    }


def _painters(trials: Trials) -> "dict[str, Callable[[Figure, Theme], None]]":
    glance, curves, rows = overview.view(trials), survival.view(trials), byrun.view(trials)
    painters: dict[str, Callable[[Figure, Theme], None]] = {
        "trials": lambda blank, theme: overview.draw(blank, glance, theme),
        "trials-runs": lambda blank, theme: byrun.draw(blank, rows, theme),
    }
    if curves is not None:
        painters["trials-survival"] = lambda blank, theme: survival.draw(blank, curves, theme)
    return painters

"""Everything that is drawn of a trend: index.html, trend.html, trend.json; of each experiment trend.png, trend.svg."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from recoveryreport.report import make_directory, write_file

from . import page
from .painting import painted
from .records import Experiment, Trend
from .scene import scene

INDEX, COURSE, DATA = "index.html", "trend.html", "trend.json"

T = TypeVar("T")

Shown = Callable[[Sequence[T], str], Iterable[T]]
"""The items of a sequence as they are, while it is shown how far one is with what."""


def draw(trend: Trend, runs: Path, out: Path, shown: Shown[Experiment]) -> Path:
    """Draws into `out`; runs: the directory of the runs, which the pages lead to. The path of index.html comes back.

    Each file is whole at any moment, and index.html is the last, so that what it leads to is there. Raises CannotWrite.
    """
    make_directory(out)
    write_file(out / DATA, msgspec.json.format(msgspec.json.encode(trend), indent=1) + b"\n")
    pictures = []
    with painted([scene(experiment) for experiment in trend.experiments]) as figures:
        for experiment in shown(trend.experiments, "drawing experiment"):
            figure = next(figures)
            folder = out / os.fsdecode(unquote_to_bytes(experiment.address))
            make_directory(folder)
            figure.keep(folder, "trend")
            pictures.append(figure.picture(page.alt(experiment)))
    write_file(out / COURSE, page.course(trend, pictures).encode())
    write_file(out / INDEX, page.index(trend, _above(runs, out)).encode())
    return out / INDEX


def _above(runs: Path, out: Path) -> str:
    """How a page in `out` leads to `runs`. "./" before it, so that no name is taken for a scheme."""
    relative = os.path.relpath(runs.resolve(), out.resolve())
    return f"./{quote_from_bytes(os.fsencode(relative))}/" if relative != "." else "./"

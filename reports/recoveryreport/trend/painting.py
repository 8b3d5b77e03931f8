"""The figures of many experiments, drawn by as many processes as there are processors: matplotlib uses one."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from recoveryreport.errors import ReportError
from recoveryreport.report import Drawn, drawn
from recoveryreport.style import Theme

from . import figure
from .scene import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def painted(scenes: Sequence[Scene]) -> Iterator[Iterator[Drawn]]:
    """The figure of each, one after the other as they are ready. Raises ReportError where a process was killed."""
    import matplotlib.figure  # noqa: F401  before there are several processes, not in each of them

    processes = min(len(scenes), len(os.sched_getaffinity(0)))
    if processes < 2:
        yield map(_drawn, scenes)
        return
    # Forked, so that what is imported need not be imported again.
    pool = ProcessPoolExecutor(processes, get_context("fork"), initializer=_leave_interrupts_to_the_parent)
    try:
        yield pool.map(_drawn, scenes)
    except BrokenProcessPool:
        raise ReportError("A process that drew a figure was killed: is there memory enough? Try again") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _drawn(view: Scene) -> Drawn:
    return drawn(partial(_paint, view))


def _paint(view: Scene, blank: "Figure", theme: Theme) -> None:
    figure.draw(blank, view, theme)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

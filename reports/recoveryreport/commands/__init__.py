"""`chaos recovery`: from the files of runs to verdicts and reports. One file a command.

A plug-in of the chaos command line, loaded at every start of `chaos`: whatever is heavy is imported where it is used.
"""

import click

from .advise import advise
from .check import check
from .compare import compare
from .lint import lint
from .matrix import matrix
from .permissions import permissions
from .preflight import preflight
from .report import report
from .serve import serve
from .summary import summary
from .trend import trend
from .trials import trials
from .undo import undo
from .verdict import verdict


@click.group()
def recovery() -> None:
    """What became of the data, and how long the service was away.

    RUN is a run directory, like runs/mongo-pod-delete/20260101T120000Z; the newest below ./runs if left out.
    """


for command in (
    advise,
    check,
    compare,
    lint,
    matrix,
    permissions,
    preflight,
    report,
    serve,
    summary,
    trend,
    trials,
    undo,
    verdict,
):
    recovery.add_command(command)

"""`chaos recovery serve`"""

import signal
import sys
from pathlib import Path
from types import FrameType

import click

from .common import RUNS, one_message


@click.command(context_settings={"max_content_width": 100})
@click.argument("runs", metavar="[DIR]", default=RUNS, type=click.Path(path_type=Path))
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
def serve(runs: Path, address: str, port: int) -> None:
    """Serve trend pages, reports and metrics over HTTP, for reading alone.

    DIR holds runs as `chaos run` records them, DIR/<experiment>/<time>; ./runs if left out. It need not be there yet.

    \b
    /           the list of all runs (index.html), which leads to the course of each experiment and to every report
    /metrics    the newest metrics of each experiment, as OpenMetrics
    /healthz    200 while the runs can be read

    Of each run its report and its figures are served, its summary, and nothing else: neither its record nor its log,
    nothing that begins with a dot, and no symbolic link. There is no password and no encryption: put before it what
    asks for one, or reach it by `kubectl port-forward`. Ends at once on SIGTERM or Ctrl-C.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    with one_message():
        from recoveryreport.serving import Server

        with Server(runs, address, port) as server:
            click.echo(f"Serving {runs} at {server.url}")
            server.serve_forever()


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    sys.exit(0)

"""`chaos recovery advise`"""

import sys
from pathlib import Path

import click

from .common import console, judged, one_message, run_directory
from .watching import watched


@click.command(context_settings={"max_content_width": 100})
@click.argument("runs", nargs=-1, metavar="[RUN]...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def advise(runs: tuple[Path, ...], as_json: bool) -> None:
    """Say which change of a setting would save recovery time or writes, as far as runs bear it out.

    Computed from the phases that were measured and the settings that were recorded: readiness period and initial delay,
    grace period, tolerations, liveness and startup probes, write concern. Each with the saving as a range, the reason,
    the field, what it costs, a command to try it, and those which prove or refute it. Several runs must have been
    measured alike.

    Exits 0, also where there is nothing to advise, and 2 where no run vouches for its numbers or one cannot be read.
    """
    with one_message():
        import msgspec

        from recoveryreport.advisor import advise as advised
        from recoveryreport.advisor import terminal

        directories = list(dict.fromkeys(runs)) or [run_directory(None)]
        read = [judged(run) for run in watched(directories)]
        found = advised(read, _experiment(read[0][1].run), str(directories[0].parent))
        if as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        else:
            terminal.show(console(), found)
        sys.exit(0 if found.runs else 2)


def _experiment(run: str) -> str:
    """The file of the experiment that was run, where it is to be found from here."""
    name = run.partition("/")[0]
    return str(next(iter(sorted(Path("experiments").rglob(f"{name}.yaml"))), f"experiments/{name}.yaml"))

"""`chaos recovery lint`"""

import sys
from pathlib import Path

import click


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
def lint(files: tuple[Path, ...]) -> None:
    """Find in experiments what `chaos validate` lets through.

    One line each: FILE:LINE: what is wrong; what to do. The Python modules that a file names are imported, as `chaos
    validate` does; nothing is run. Exits 0 when nothing was found, 1 when something was, and 2 when a file cannot be
    read as an experiment.
    """
    from chaosmongo.lint import Unreadable, lint_file, shown

    found = unreadable = False
    for file in files:
        try:
            findings = lint_file(file)
        except Unreadable as error:
            unreadable = True
            click.echo(f"Error: {shown(str(file), 4096)} is no experiment: {error}", err=True)
            continue
        for finding in findings:
            found = True
            click.echo(finding.told(file))
    sys.exit(2 if unreadable else int(found))

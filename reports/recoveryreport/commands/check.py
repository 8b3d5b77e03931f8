"""`chaos recovery check`"""

import re
import sys
import traceback
from pathlib import Path

import click

from .common import one_message
from .options import arguments, passed_on

_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([KMGT]i?)?B?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@click.command(context_settings={"max_content_width": 100})
@click.argument("experiments", metavar="EXPERIMENT...", nargs=-1, required=True)
@click.option("--every", metavar="INTERVAL", help="How often each is expected to run, for the trend: 30m, 6h, 1d.")
@click.option(
    "--window",
    envvar="CHAOSMONGO_WINDOW",
    default="",
    help='When faults may be made, like "Mon-Fri 09:00-17:00 Europe/Berlin; Sat 10:00-12:00"; UTC without a zone.',
)
@click.option("--keep", metavar="AGE", help="Remove runs that are older: 90d, 12w.")
@click.option("--keep-size", metavar="SIZE", help="Remove the oldest runs while all take more: 5GiB.")
@click.option("--settings", type=click.Path(path_type=Path), help="Chaos Toolkit's settings, for notifications.")
@passed_on
def check(
    experiments: tuple[str, ...],
    every: str | None,
    window: str,
    keep: str | None,
    keep_size: str | None,
    settings: Path | None,
    **options: tuple[str, ...] | str | None,
) -> None:
    """Make one scheduled check: run experiments one after the other, without a person watching.

    Takes back what earlier runs left behind, or refuses; asks whether it may do all that a run needs, and refuses where
    a permission is missing; runs `chaos run`; then draws the trend's pages beside the runs, writes metrics.prom of all
    experiments, removes runs by --keep and --keep-size, and notifies through the channels of Chaos Toolkit's settings
    (events recovery-check-passed, -failed, -unknown). SIGTERM ends the run under way in order.

    The newest run of an experiment, its last one that failed, and what is not taken back are never removed.

    Exits 0 when all passed, 1 when one failed, and 2 when one is unknown, was refused (also outside its window: the
    schedule and the window do not fit then) or could not be made, or when another check is under way.
    """
    from chaoslib import convert_vars

    from recoveryreport.check.checking import Asked, Printed
    from recoveryreport.check.checking import check as checked
    from recoveryreport.check.pruning import Limits

    root = click.get_current_context().find_root()
    file = settings or Path((root.obj or {}).get("settings_path") or Path.home() / ".chaostoolkit" / "settings.yaml")
    if settings is not None and not settings.is_file():
        raise click.BadParameter(f"{settings} is no file", param_hint="--settings")
    try:
        values = convert_vars(list(options["var"] or ()))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--var") from None
    asked = Asked(
        sources=experiments,
        values=values,
        var_files=list(options["var_file"] or ()),
        arguments=arguments(options),
        options=["--settings", str(file), *_logging(root)],
        settings=file,
        window=_window(window),
        every_s=_interval(every, "--every"),
        limits=Limits(_interval(keep, "--keep"), _size(keep_size)),
    )
    try:
        with one_message():
            code = checked(asked, Printed(click.echo, _warn, _heard))
    except (Exception, KeyboardInterrupt):  # Python's own exit code says failed, and nobody knows
        traceback.print_exc()
        code = 2
    sys.exit(code)


def _logging(root: click.Context) -> list[str]:
    """Where Chaos Toolkit logs lines of debug, those of a notification that failed hold its address, and what is secret
    in that.
    """
    return ["--no-log-file"] if root.params.get("no_log_file") else ["--log-file-level", "info"]


def _warn(line: str) -> None:
    click.echo(line, err=True)


def _heard(line: str) -> None:
    click.echo(f"  {line}")


def _window(text: str) -> str:
    from chaosmongo.window import BadWindow, parse

    try:
        parse(text)
    except BadWindow as error:
        raise click.BadParameter(str(error), param_hint="--window") from None
    return text


def _interval(text: str | None, option: str) -> float | None:
    from recoveryreport.trend.schedule import interval_s

    try:
        return None if text is None else interval_s(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is no size: write one like 5GiB, 500MB", param_hint="--keep-size")
    unit = (found[2] or "").lower()
    base: int = 1024 if unit.endswith("i") else 1000
    return round(float(found[1]) * float(base ** _POWERS[unit.removesuffix("i")]))

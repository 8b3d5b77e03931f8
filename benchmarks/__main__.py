"""Runs benchmarks and prints one table. Exits 1 if something wanted is not met or a benchmark broke, 2 on bad usage."""

import argparse
import importlib
import pkgutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .harness import RESULTS, Row, keep

Run = Callable[[bool], list[Row]]

NOT_BENCHMARKS = frozenset({"__main__", "harness"})


def main(arguments: Sequence[str] | None = None) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    names = _names()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"which to run; all without one. There are: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="few repetitions: does it work? No figures to quote")
    told = parser.parse_args(arguments)
    unknown = [name for name in told.name if name not in names]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(names)}")
    rows, broken = _run(told.name or names, told.quick)
    show(rows, told.quick)
    return 1 if broken or any(row.met is False for _, row in rows) else 0


def _names() -> list[str]:
    """The modules beside this one that have a `run`."""
    found = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return [name for name in found if name not in NOT_BENCHMARKS and _defines_run(name)]


def _defines_run(name: str) -> bool:
    """Without importing it: imports of a benchmark may be heavy."""
    return "\ndef run(quick: bool)" in Path(__file__).with_name(f"{name}.py").read_text()


def _run(names: Sequence[str], quick: bool) -> tuple[list[tuple[str, Row]], list[str]]:
    """The rows of each benchmark, and the names of those that broke: one that breaks does not end the others."""
    rows: list[tuple[str, Row]] = []
    broken = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        begin = time.monotonic()
        try:
            run: Run = importlib.import_module(f"benchmarks.{name}").run
            rows += [(name, row) for row in run(quick)]
        except Exception as error:
            traceback.print_exc()
            broken.append(name)
            rows.append((name, Row("broke", f"{type(error).__name__}: {error}", met=False)))
        print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return rows, broken


def show(rows: Sequence[tuple[str, Row]], quick: bool) -> None:
    columns = ("value", "reference", "ratio", "n", "spread", "wanted", "met")
    table = Table("benchmark", "what", *columns, title="Smoke run: too few for figures" if quick else None)
    before = ""
    for name, row in rows:
        met = "" if row.met is None else "yes" if row.met else "[bold red]NO"
        number = f"{row.n:,}" if row.n else ""
        shown = (row.what, row.value, row.reference, row.ratio, number, row.spread, row.wanted)
        table.add_row(name if name != before else "", *map(escape, shown), met)
        before = name
    # Wide enough for every column where nobody looks at a terminal, so that a table in a file is whole.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
    kept = keep("table" if not quick else "table-quick", [{"benchmark": name, **vars(row)} for name, row in rows])
    console.print(f"Raw samples: {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}/")
    console.print(f"This table: {kept.name}")


if __name__ == "__main__":
    raise SystemExit(main())

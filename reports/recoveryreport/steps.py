"""A bar on a terminal for what takes a while: one line on stderr, gone when it is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def steps(count: int) -> Iterator[Callable[[str], None]]:
    """What is to be called before each of `count` steps, with what it is about. Where there is no terminal: silence."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (BarColumn(20), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=count)
        begun = 0

        def tell(what: str) -> None:
            nonlocal begun
            progress.update(task, description=what, completed=begun)
            begun += 1

        yield tell

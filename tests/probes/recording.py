"""A run that is recorded without a cluster, in the process of the test: its activities do what they always do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaosmongo import run
from chaosmongo.checks import judge
from chaosmongo.history import read
from chaosmongo.history.results import Finding, Verdict
from chaosmongo.run import Recording


@contextmanager
def recording(uri: str, runs: Path, **configuration: str) -> Iterator[Recording]:
    """Opened, and forgotten at the end, whatever happens in between."""
    given = {"namespace": "", "mongo_uri": uri, "runs": str(runs), **configuration}
    try:
        yield run.open_run("test", {}, given)
    finally:
        run.forget()


def judged(one: Recording) -> Verdict:
    """The verdict, from the files alone: the run is over."""
    one.close()
    return judge(read(one.directory.path))


def finding(one: Recording, check: str) -> Finding:
    return next(found for found in judged(one).findings if found.check == check)

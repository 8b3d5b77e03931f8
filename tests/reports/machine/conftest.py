import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from chaosmongo.checks import judge
from chaosmongo.history import read
from recoveryreport.machine import summary
from recoveryreport.machine.records import Summary

from tests.reports.recorded_runs import Recorded, record

NEVER = {"server": None, "driver": None, "user": None}
RUNS = {
    "passed": Recorded(),
    "lost some": Recorded(lost=130),
    "never recovered": Recorded(up_s=NEVER, after_s=16.0),
    "no outage": Recorded(down_s=None),
    "nothing recorded": Recorded(workload=False, cluster=False, fault=False, readback=False),
}


@pytest.fixture(scope="session")
def summed_up(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Summary]:
    """The summary of one of `RUNS`, judged from its record."""
    place, made = tmp_path_factory.mktemp("summed"), dict[str, Summary]()

    def of(name: str) -> Summary:
        if name not in made:
            history = read(record(place / name, RUNS[name]))
            made[name] = summary.of(history.run, judge(history))
        return made[name]

    return of


@pytest.fixture(scope="session")
def text_of_page() -> Callable[[Path], str]:
    """What a page says, without its markup."""

    def of(run: Path) -> str:
        text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", (run / "report.html").read_text(), flags=re.S)
        return " ".join(html.unescape(text).split())

    return of

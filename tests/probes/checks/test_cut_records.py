"""A record of which a part is missing is judged unknown, or as the whole one: never better, and nothing is made up.

Whole files, written by the real writers, cut at any byte or robbed of lines anywhere, read and judged. "Better" is
passed where the whole record is failed or unknown, or unknown findings of a check that are passed now. A check may fail
only where it fails on the whole record too: what is not on record must not look like a loss.
"""

import functools
import shutil
import tempfile
from pathlib import Path

from chaosmongo.checks import judge
from chaosmongo.history import read
from chaosmongo.history import records as r
from chaosmongo.history.results import Verdict
from hypothesis import given, settings
from hypothesis import strategies as st

from .histories import at
from .planting import plant
from .recorded import Recorded, made

FILES = ("ops.jsonl", "faults.jsonl", "readback.jsonl", "cluster.jsonl")


def _clean(clustered: bool) -> Recorded:
    return next(record for record in map(made, range(100)) if bool(record.cluster) == clustered)


def _broken(what: str) -> Recorded:
    """A run that must not pass, and whose only witness stands in one line or a few."""
    record = _clean(clustered=True)
    if what == "unmet steady state":
        record.faults.insert(-2, r.Note(at(9000), "hypothesis", {"met": False, "probes": ["x"]}))
    elif what == "failed activity":
        record.faults.insert(0, r.Note(at(-9000), "activity", {"name": "x", "status": "failed"}))
    elif what == "error of the fault":
        record.faults[1] = r.FaultEnd(1, at(15), "HTTP 500")
    elif what == "gap in a watch":
        record.cluster.append(r.Note(at(5), "gap", {"resource": "pods"}))  # type: ignore[arg-type]
    elif what == "second fault":
        last_ns = max(one.due_ns for one in record.ops if isinstance(one, r.Invoke))
        record.faults.insert(2, r.FaultStart(2, "kill", last_ns, [r.Hit("Process", "mongod")], "gone"))
    return record


WHOLE = {
    "clean": lambda: _clean(clustered=True),
    **{
        what: functools.partial(_broken, what)
        for what in (
            "unmet steady state",
            "failed activity",
            "error of the fault",
            "gap in a watch",
            "second fault",
        )
    },
    **{
        kind: lambda kind=kind: plant(kind, 3).record  # type: ignore[misc]
        for kind in ("lost suffix", "hole", "altered", "duplicated", "phantom", "stale read", "failed but applied")
    },
}


@functools.cache
def whole(what: str) -> tuple[Path, Verdict]:
    """Written once, judged whole. The directory goes with the temporary files of the machine's test run."""
    directory = Path(tempfile.mkdtemp(prefix="chaos-cut-"))
    return directory, judge(read(WHOLE[what]().write(directory)))


def teardown_module() -> None:
    for what in WHOLE:
        shutil.rmtree(whole(what)[0])
    whole.cache_clear()


def judged(what: str, file: str, data: bytes) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="chaos-cut-") as name:
        directory = Path(name)
        for source in whole(what)[0].iterdir():
            shutil.copyfile(source, directory / source.name)
        (directory / file).write_bytes(data)
        return judge(read(directory))


def complaint(what: str, verdict: Verdict) -> str:
    """What is wrong with the verdict on a part of the record; "" where nothing is."""
    before, after = whole(what)[1], verdict
    answers = {finding.check: finding.verdict for finding in before.findings}
    made_up = [f.summary for f in after.findings if f.verdict == "failed" and answers.get(f.check) != "failed"]
    if made_up:
        return f"made up: {made_up}"
    if after.verdict == "passed":
        return "passed, although a part is missing"
    return ""


def test_the_whole_records_are_what_they_are_meant_to_be() -> None:
    answers = {what: whole(what)[1].verdict for what in WHOLE}
    planted = dict.fromkeys(WHOLE, "failed") | {"clean": "passed"}
    unknown = dict.fromkeys(("failed activity", "error of the fault", "gap in a watch", "second fault"), "unknown")
    assert answers == planted | unknown


@settings(max_examples=60)
@given(st.sampled_from(sorted(WHOLE)), st.sampled_from(FILES), st.floats(0, 1, exclude_max=True))
def test_cut_at_any_byte(what: str, file: str, where: float) -> None:
    path = whole(what)[0] / file
    if path.exists():
        data = path.read_bytes()
        assert complaint(what, judged(what, file, data[: int(where * len(data))])) == ""


@settings(max_examples=60)
@given(st.sampled_from(sorted(WHOLE)), st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(1, 5))
def test_robbed_of_whole_lines(what: str, file: str, where: float, count: int) -> None:
    path = whole(what)[0] / file
    if path.exists():
        lines = path.read_bytes().splitlines(keepends=True)
        first = int(where * len(lines))
        assert complaint(what, judged(what, file, b"".join(lines[:first] + lines[first + count :]))) == ""


@settings(max_examples=40)
@given(st.sampled_from(sorted(WHOLE)), st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_with_one_bit_that_is_another_one(what: str, file: str, where: float, bit: int) -> None:
    path = whole(what)[0] / file
    if path.exists():
        data = bytearray(path.read_bytes())
        data[int(where * len(data))] ^= 1 << bit
        assert complaint(what, judged(what, file, bytes(data))) == ""


def test_robbed_of_the_one_line_that_says_why_it_must_not_pass() -> None:
    for what, file, mark in [
        ("unmet steady state", "faults.jsonl", b'"met":false'),
        ("failed activity", "faults.jsonl", b'"activity"'),
        ("error of the fault", "faults.jsonl", b"HTTP 500"),
        ("gap in a watch", "cluster.jsonl", b'"gap"'),
        ("second fault", "faults.jsonl", b'"kill"'),
    ]:
        lines = (whole(what)[0] / file).read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if mark not in line]
        assert len(kept) == len(lines) - 1
        assert judged(what, file, b"".join(kept)).verdict == "unknown"


def test_a_file_that_is_missing_altogether() -> None:
    for what in WHOLE:
        for file in FILES:
            with tempfile.TemporaryDirectory(prefix="chaos-cut-") as name:
                for source in whole(what)[0].iterdir():
                    if source.name != file:
                        shutil.copyfile(source, Path(name) / source.name)
                assert complaint(what, judge(read(Path(name)))) == ""

"""`chaos recovery check`: what it refuses, what it makes, and what it leaves for those who were not there.

The real command with the real `chaos run`, without a cluster: experiments leave runs that are known beforehand.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
import yaml
from chaosmongo import process
from chaosmongo.history.records import Anchor
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from recoveryreport.check import clock, notifying, publishing, space
from recoveryreport.check.outcome import Outcome
from recoveryreport.trend.assembling import assembled
from recoveryreport.trend.finding import find
from recoveryreport.trend.reading import load

from .recorded_runs import S
from .scheduled_runs import Planned, make
from .typed import typed

ROOT = Path(__file__).parents[2]
TOKEN = "hunter2-hunter2"
EXPERIMENT = {
    "title": "known",
    "description": "known",
    "configuration": {
        "namespace": "",
        "mongo_uri": "mongodb://127.0.0.1:1",
        "lost": 0,
        "up_s": 2,
        "broken": False,
        "judged": True,
        "pause": {"type": "env", "key": "PAUSE", "default": "0"},
    },
    "controls": [{"name": "r", "provider": {"type": "python", "module": "tests.reports.recording_control"}}],
    "method": [
        {
            "name": "nothing",
            "type": "action",
            "provider": {"type": "process", "path": "sleep", "arguments": "${pause}"},
        }
    ],
}
check = partial(typed, "check")


class Receiver:
    """Hears notifications, as anybody's endpoint does, and answers with a status."""

    def __init__(self, status: int = 200) -> None:
        self.heard: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?token={TOKEN}"

    def of_checks(self) -> list[dict[str, Any]]:
        """Less what `chaos run` itself tells through the same settings."""
        return [one for one in self.heard if one["name"].startswith("recovery-check-")]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with an experiment whose runs are known beforehand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CHAOSMONGO_WINDOW", "")  # what the command sets there ends with the test
    write(tmp_path)
    return tmp_path


def write(place: Path, name: str = "known", **configuration: Any) -> None:
    changed = EXPERIMENT | {"configuration": EXPERIMENT["configuration"] | configuration}  # type: ignore[operator]
    (place / f"{name}.yaml").write_text(yaml.safe_dump(changed, sort_keys=False))


def settings(place: Path, *channels: dict[str, Any]) -> Path:
    file = place / "settings.yaml"
    file.write_text(yaml.safe_dump({"notifications": list(channels)}))
    return file


def samples(place: Path) -> dict[str, float]:
    """What a scraper reads in metrics.prom of all runs."""
    families = text_string_to_metric_families((place / "runs/metrics.prom").read_text())
    return {
        f"{sample.name}/{sample.labels.get('state') or sample.labels.get('verdict') or ''}": sample.value
        for family in families
        for sample in family.samples
    }


class TestARun:
    def test_that_passed_is_shown_counted_and_told(self, place: Path, receiver: Receiver) -> None:
        result = check(
            "known.yaml", "--every", "6h", "--settings", settings(place, {"type": "http", "url": receiver.url})
        )
        assert result.exit_code == 0, result.output
        (told,) = receiver.of_checks()
        assert (told["name"], told["payload"]["exit_code"], told["payload"]["refused"]) == (
            "recovery-check-passed",
            0,
            False,
        )
        summed = json.loads(typed("summary", told["payload"]["directory"]).stdout)
        assert told["payload"]["sentence"] == summed["sentence"]  # one sentence, everywhere
        assert summed["sentence"] in result.stdout
        assert {"index.html", "trend.html", "trend.json"} <= {path.name for path in (place / "runs").iterdir()}
        found = samples(place)
        assert (found["chaosmongo_check_exit_code/"], found["chaosmongo_runs/passed"]) == (0, 1)
        assert abs(found["chaosmongo_check_end_time_seconds/"] - time.time()) < 60
        assert TOKEN not in result.output

    def test_that_failed_exits_1_and_a_channel_that_fails_changes_nothing(self, place: Path) -> None:
        write(place, lost=4)
        deaf = Receiver(status=500)
        file = settings(
            place,
            {"type": "http", "url": deaf.url, "events": ["recovery-check-failed"]},
            {"type": "http", "url": deaf.url, "events": ["recovery-check-passed"]},
            {"type": "http", "url": f"http://me:{TOKEN}@127.0.0.1:9/"},
            {"type": "plugin", "module": f"no_such_{TOKEN.replace('-', '_')}"},
            {"type": "carrier pigeon"},
        )
        result = check("known.yaml", "--settings", file)
        deaf.close()
        assert result.exit_code == 1, result.output
        assert [one["name"] for one in deaf.of_checks()] == ["recovery-check-failed"]
        told = " ".join(result.stderr.split())
        assert "Notification 1 (http 127.0.0.1) was not sent: HTTP 500" in told
        assert "Notification 2" not in told
        assert "Notification 3 (http 127.0.0.1) was not sent: ConnectionError" in told
        assert "Notification 4" in told and "Notification 5 (carrier pigeon)" in told
        assert TOKEN not in result.output

    def test_that_came_to_nothing_is_unknown_and_told_and_the_others_are_made_all_the_same(
        self, place: Path, receiver: Receiver
    ) -> None:
        broken = yaml.safe_load((place / "known.yaml").read_text()) | {"controls": []}
        (place / "broken.yaml").write_text(yaml.safe_dump(broken))
        write(place, judged=False)
        file = settings(place, {"type": "http", "url": receiver.url})
        result = check("broken.yaml", "nowhere.yaml", "known.yaml", "--settings", file)
        assert result.exit_code == 2, result.output
        told = {one["payload"]["experiment"]: one["payload"] for one in receiver.of_checks()}
        assert [(name, one["verdict"], one["refused"]) for name, one in told.items()] == [
            ("broken", "unknown", False),
            ("nowhere", "unknown", True),
            ("known", "unknown", False),
        ]
        assert "recorded no run" in told["broken"]["sentence"] and told["broken"]["directory"] is None
        assert "nowhere.yaml" in told["nowhere"]["sentence"]
        assert "The run came to no verdict" in told["known"]["sentence"] and told["known"]["directory"]
        assert samples(place)["chaosmongo_runs/no verdict"] == 1

    def test_is_ended_in_order_by_one_signal(self, place: Path) -> None:
        command = [sys.executable, "-m", "chaostoolkit", "--no-version-check", "recovery", "check", "known.yaml"]
        process_ = subprocess.Popen(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "PAUSE": "30"}
        )
        assert process_.stdout is not None
        try:
            lines = []
            for line in process_.stdout:
                lines.append(line)
                if "Action: nothing" in line:
                    time.sleep(0.5)  # Chaos Toolkit loses a signal that comes while it logs
                    process_.send_signal(signal.SIGTERM)
            status = process_.wait(60)
        finally:
            process_.kill()
        output = "".join(lines)
        assert status == 2, output
        assert "known: unknown." in output
        assert (place / "runs/metrics.prom").exists()


class TestRefused:
    def refused(self, place: Path, *options: object) -> str:
        result = check("known.yaml", *options)
        assert result.exit_code == 2, result.output
        assert not (place / "runs/known").exists() or not list((place / "runs/known").glob("202601*"))
        return " ".join(result.output.split())

    def test_outside_its_window_with_when_it_opens_and_that_is_told(self, place: Path, receiver: Receiver) -> None:
        day = time.strftime("%a", time.gmtime(time.time() + 2 * 86_400))
        file = settings(place, {"type": "http", "url": receiver.url, "events": ["recovery-check-unknown"]})
        told = self.refused(place, "--window", f"{day} 09:00-17:00", "--settings", file)
        assert f"opens next on {day}" in told
        assert receiver.of_checks()[0]["payload"]["refused"] is True

    def test_beside_another_check_which_is_named(self, place: Path) -> None:
        (place / "runs").mkdir()
        with (place / "runs/.check.lock").open("w") as held:
            held.write("process 7 on there since then\n")
            held.flush()
            fcntl.flock(held, fcntl.LOCK_EX)
            assert "A check is under way in runs already (process 7 on there since then)" in self.refused(place)

    @pytest.mark.parametrize(
        ("undo", "told"),
        [
            (["uncordon", {"node": "n", "uid": "u"}], "which is no marker of a run"),
            (["nonsense", {}], "there is no undo action 'nonsense'"),
        ],
    )
    def test_where_something_stays_behind(self, place: Path, undo: list[Any], told: str) -> None:
        directory = self.left(place, *undo)
        output = self.refused(place)
        assert told in output and f"chaos recovery undo {directory}" in output

    def test_while_a_run_goes_on(self, place: Path) -> None:
        directory = self.left(place, "uncordon", {"node": "n"})
        with (place / directory / "undo.jsonl").open("r+") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert "is not over" in self.refused(place)

    def test_where_it_cannot_be_told_what_stays_behind(self, place: Path) -> None:
        directory = self.left(place, "uncordon", {"node": "n"})
        file = place / directory / "undo.jsonl"
        file.write_text(file.read_text().replace('"undo":1', '"undo":"?"'))
        assert "cannot be read" in self.refused(place)

    def left(self, place: Path, action: str, arguments: dict[str, Any]) -> Path:
        """A run of another experiment that was killed, and had changed something."""
        (directory,) = make(place / "runs", Planned(answer=None), experiment="killed")
        undo = [
            {"type": "header", "file": "undo", "run": f"killed/{directory.name}", "format": 1},
            {"type": "undo", "undo": 1, "time_ns": 1, "action": action, "arguments": arguments},
        ]
        (directory / "undo.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in undo))
        return directory.relative_to(place)

    @pytest.mark.parametrize("text", ["notifications: {a: b}", "[1", "notifications: [x]", f"url: ] {TOKEN}"])
    def test_with_settings_that_cannot_be_used(self, place: Path, text: str) -> None:
        (place / "settings.yaml").write_text(text)
        told = self.refused(place, "--settings", "settings.yaml")
        assert "settings.yaml" in told and TOKEN not in told

    @pytest.mark.parametrize(
        "options",
        [
            ("--keep", "soon"),
            ("--keep-size", "5 elephants"),
            ("--window", "9-5"),
            ("--every", "0h"),
            ("--settings", "none"),
        ],
    )
    def test_with_options_that_mean_nothing(self, place: Path, options: tuple[str, str]) -> None:
        assert options[0] in self.refused(place, *options)


def test_a_disk_without_room_is_told(tmp_path: Path) -> None:
    assert space.short(tmp_path, needed=1) == ""
    assert "MiB left" in space.short(tmp_path, needed=1 << 60)
    assert "cannot be looked into" in space.short(tmp_path / "none")


class TestAClock:
    BOOT = "this boot"

    def made(self, root: Path, *anchors: tuple[float, int, str]) -> list[Any]:
        """Runs by their hour, their uptime in seconds and their boot."""
        planned = []
        for hours, uptime_s, boot in anchors:
            one = Planned(hours)
            anchor = {"time_ns": uptime_s * S, "wall_ns": one.wall_ns, "boot_id": boot}
            planned.append(Planned(hours, elsewhere={"anchor": anchor}))
        return [load(directory) for directory in make(root, *planned)]

    def now(self, hours: float, uptime_s: int) -> clock.Now:
        return Planned(hours).wall_ns, uptime_s * S, self.BOOT

    def test_that_goes_as_it_should_is_not_doubted(self, tmp_path: Path) -> None:
        runs = self.made(tmp_path, (0, 1_000, self.BOOT), (5, 19_000, self.BOOT))
        assert clock.doubt(runs, self.now(6, 22_600)) == ""
        assert clock.doubt(runs, self.now(30, 22_600)) == ""  # the machine slept

    def test_that_was_set_back_is_told_from_the_machines_uptime(self, tmp_path: Path) -> None:
        runs = self.made(tmp_path, (5, 19_000, self.BOOT))
        assert "was set back by 7,200 s since run mongo-pod-delete/20260105T050000Z" in clock.doubt(
            runs, self.now(4, 22_600)
        )

    def test_of_another_machine_is_doubted_where_its_runs_lie_in_the_future(self, tmp_path: Path) -> None:
        runs = self.made(tmp_path, (5, 19_000, "another boot"))
        assert "1 run lies after that, up to 2026-01-05 05:00:00" in clock.doubt(runs, self.now(4, 22_600))
        assert clock.doubt(runs, self.now(5, 22_600)) == ""

    def test_makes_no_run_the_newest_that_is_not(self, tmp_path: Path) -> None:
        self.made(tmp_path, (1, 1_000, self.BOOT), (2, 4_600, self.BOOT), (5, 3_000, self.BOOT))
        found = find(tmp_path)
        loaded = {name: [load(one) for one in below] for name, below in found.runs.items()}
        (known,) = assembled(found, loaded, None, Planned(6).wall_ns).experiments
        assert known.answer == "unknown"
        assert known.newest.doubts == ["the clock was set: it began before 20260105T020000Z"]

    def test_is_that_of_this_machine(self) -> None:
        wall_ns, uptime_ns, boot = clock.now()
        assert abs(wall_ns - time.time_ns()) < 60 * S and uptime_ns > 0
        assert boot == process.boot() != ""
        assert Anchor(uptime_ns, wall_ns, boot).boot_id == boot


class TestTheLastCheck:
    def test_is_kept_by_experiment(self, tmp_path: Path) -> None:
        for name, answer in (("a", "passed"), ("b", "failed"), ("a", "unknown")):
            publishing.note(tmp_path, Outcome(name, answer, "x"))  # type: ignore[arg-type]
        publishing.publish(tmp_path, None)
        text = (tmp_path / "metrics.prom").read_text()
        assert 'chaosmongo_check_exit_code{experiment="a"} 2' in text
        assert 'chaosmongo_check_exit_code{experiment="b"} 1' in text

    def test_that_is_damaged_is_written_anew(self, tmp_path: Path) -> None:
        (tmp_path / publishing.CHECKS).write_text("{")
        publishing.note(tmp_path, Outcome("a", "passed", "x"))
        assert json.loads((tmp_path / publishing.CHECKS).read_text())["a"]["exit_code"] == 0


def test_what_is_sent_can_be_read_by_anybody() -> None:
    sent = notifying.payload(Outcome("a", "failed", "It lost 4.", Path("runs/a/b"), ["Taken back: x"]))
    assert json.loads(json.dumps(sent)) == {
        "experiment": "a",
        "verdict": "failed",
        "sentence": "It lost 4.",
        "exit_code": 1,
        "run": "a/b",
        "directory": "runs/a/b",
        "undone": ["Taken back: x"],
        "refused": False,
    }

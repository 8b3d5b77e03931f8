"""`chaos recovery serve`: what a reader gets, and what nobody gets. A real process, asked over real HTTP."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from click.testing import CliRunner
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
from recoveryreport.commands import recovery

from .scheduled_runs import Planned, make

EXPERIMENT, RUN = "mongo-pod-delete", "20260102T030405Z"
REPORT = f"/{EXPERIMENT}/{RUN}/report.html"


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Serving:
    process: subprocess.Popen[str]
    port: int
    runs: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """As it stands, without what a client would make of it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found.get("content-type", ""), found, answer.read())
        finally:
            connection.close()


@contextmanager
def serving(runs: Path, *options: str) -> Iterator[Serving]:
    command = [sys.executable, "-m", "chaostoolkit", "--no-version-check", "--no-log-file", "recovery", "serve"]
    process = subprocess.Popen(
        [*command, str(runs), "--port", "0", *options], stdout=subprocess.PIPE, text=True, cwd=runs.parent
    )
    try:
        assert process.stdout is not None
        told = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        assert told is not None
        yield Serving(process, int(told[1]), runs)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def served(passed_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Runs of two experiments, a trend of them, and beside them all that nobody shall get."""
    runs = tmp_path_factory.mktemp("served") / "runs"
    shutil.copytree(passed_run, runs / EXPERIMENT / RUN)
    make(runs, Planned(), experiment="killed & <b>not judged ü")
    drawn = CliRunner().invoke(recovery, ["trend", str(runs)])
    assert "index.html" in drawn.output
    hidden = runs / EXPERIMENT / RUN
    (hidden / "undo.jsonl").write_text("{}\n")
    (hidden / "workload.log").write_text("log\n")
    (hidden / ".report.html").write_text("half written")
    (runs / ".cache").mkdir()
    (runs / ".cache" / "page.html").write_text("hidden")
    (runs.parent / "outside.html").write_text("outside")
    (runs / "link.html").symlink_to(runs.parent / "outside.html")
    (runs / "folder").symlink_to(runs.parent)
    (runs / "inside.html").symlink_to(runs / "index.html")
    os.mkfifo(runs / "fifo.html")
    (runs / "folder.html").mkdir()
    with serving(runs) as found:
        yield found


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


class TestForAReader:
    def test_every_link_leads_from_the_list_of_runs_to_a_page(self, served: Serving) -> None:
        seen, ahead = set[str](), ["/"]
        while ahead:
            page = ahead.pop()
            answer = served.ask(page)
            assert (answer.status, answer.kind) == (200, "text/html; charset=utf-8"), page
            seen.add(page)
            links = Links()
            links.feed(answer.body.decode())
            targets = {urlsplit(urljoin(page, link)).path for link in links.found if not link.startswith("data:")}
            ahead += sorted(targets - seen - set(ahead))
        assert seen == {"/", "/index.html", "/trend.html", REPORT}

    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            (REPORT, "text/html; charset=utf-8"),
            (REPORT.replace("html", "pdf"), "application/pdf"),
            (f"/{EXPERIMENT}/{RUN}/timeline.png", "image/png"),
            (f"/{EXPERIMENT}/{RUN}/timeline.svg", "image/svg+xml"),
            (f"/{EXPERIMENT}/{RUN}/summary.json", "application/json"),
            (f"/{EXPERIMENT}/{RUN}/summary.md", "text/markdown; charset=utf-8"),
            (f"/{EXPERIMENT}/{RUN}/junit.xml", "application/xml"),
            (f"/{EXPERIMENT}/trend.svg", "image/svg+xml"),
            ("/trend.json", "application/json"),
            ("/killed%20&%20%3Cb%3Enot%20judged%20%C3%BC/trend.png", "image/png"),
        ],
    )
    def test_a_file_comes_as_it_is_with_its_type(self, served: Serving, path: str, kind: str) -> None:
        answer = served.ask(path)
        assert (answer.status, answer.kind) == (200, kind)
        assert answer.body == (served.runs / unquote(path[1:])).read_bytes()
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_head_is_the_same_without_the_body(self, served: Serving) -> None:
        whole, head = served.ask(REPORT), served.ask(REPORT, "HEAD")
        assert head.status == 200
        assert head.body == b""
        assert head.headers["content-length"] == str(len(whole.body))

    def test_one_connection_serves_several_requests(self, served: Serving) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        for path in ("/", "/none", "/metrics", REPORT):
            connection.request("GET", path)
            assert connection.getresponse().read()
            assert connection.sock is not None
        connection.close()

    def test_a_page_that_was_drawn_anew_is_served_anew(self, served: Serving) -> None:
        page = served.runs / EXPERIMENT / "again.html"
        for text in (b"one", b"another one"):
            page.with_suffix(".part").write_bytes(text)
            page.with_suffix(".part").rename(page)
            assert served.ask(f"/{EXPERIMENT}/again.html").body == text
        page.unlink()


class TestNobodyGets:
    @pytest.mark.parametrize(
        "path",
        [
            *(f"/{EXPERIMENT}/{RUN}/{name}" for name in ("run.json", "ops.jsonl", "undo.jsonl", "workload.log")),
            *(f"/{EXPERIMENT}/{RUN}/{name}" for name in ("verdict.json", ".report.html", "cluster.jsonl")),
            "/.cache/page.html",
            "/link.html",
            "/inside.html",
            "/folder/outside.html",
            "/folder/runs/index.html",
            "/fifo.html",
            "/folder.html",
            f"/{EXPERIMENT}",
            f"/{EXPERIMENT}/",
            "/%2findex.html",
            "/./index.html",
            "/../outside.html",
            "/%2e%2e/outside.html",
            "/..%2foutside.html",
            f"/{EXPERIMENT}/../../outside.html",
            f"/{EXPERIMENT}/..%2f..%2foutside.html",
            "/..\\outside.html",
            "/index.html%00.html",
            "/index.html/",
            "/a/b/c/d.html",
            "/%ff.html",
            f"/{'x' * 5000}.html",
            "/favicon.ico",
        ],
    )
    def test_what_is_not_to_be_shown_is_as_what_is_not_there(self, served: Serving, path: str) -> None:
        answer = served.ask(path)
        assert (answer.status, answer.body) == (404, b"there is no such page\n")

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_anything_but_reading_is_refused(self, served: Serving, method: str) -> None:
        answer = served.ask(REPORT, method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
        assert (served.runs / REPORT[1:]).exists()

    def test_a_page_may_load_nothing_and_be_framed_by_nobody(self, served: Serving) -> None:
        policy = served.ask(REPORT).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy

    def test_who_asks_nonsense_or_goes_away_disturbs_nobody(self, served: Serving) -> None:
        for sent in (b"\0\1\2\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n", b""):
            with socket.create_connection(("127.0.0.1", served.port)) as rude:
                rude.sendall(sent)
        with socket.create_connection(("127.0.0.1", served.port)):
            assert served.ask("/").status == 200


class TestMetrics:
    def test_are_those_of_each_experiments_newest_run(self, served: Serving) -> None:
        answer = served.ask("/metrics")
        assert answer.kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        told = _verdicts(list(openmetrics(answer.body.decode())))
        assert told == {EXPERIMENT: "passed", "killed & <b>not judged ü": "unknown"}

    def test_are_read_by_older_scrapers_too(self, served: Serving) -> None:
        answer = served.ask("/metrics", Accept="text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
        assert answer.kind == "text/plain; version=0.0.4; charset=utf-8"
        assert _verdicts(list(prometheus(answer.body.decode())))[EXPERIMENT] == "passed"

    def test_are_those_that_the_check_wrote_where_it_did(self, served: Serving) -> None:
        own = served.runs / "metrics.prom"
        own.write_text("# EOF\n")
        try:
            assert served.ask("/metrics").body == b"# EOF\n"
        finally:
            own.unlink()


def _verdicts(families: list[object]) -> dict[str, str]:
    samples = [sample for family in families if family.name == "chaosmongo_verdict" for sample in family.samples]  # type: ignore[attr-defined]
    return {one.labels["experiment"]: one.labels["verdict"] for one in samples if one.value == 1}


def test_before_the_first_run_it_says_so_and_is_healthy_and_ends_on_sigterm(tmp_path: Path) -> None:
    with serving(tmp_path / "runs") as found:
        for path in ("/", "/index.html", "/trend.html"):
            assert b"No runs yet" in found.ask(path).body
        assert found.ask("/healthz").status == 200
        assert list(openmetrics(found.ask("/metrics").body.decode())) == []
        (tmp_path / "runs").write_text("no directory")
        assert found.ask("/healthz").status == 503
        with socket.create_connection(("127.0.0.1", found.port)):
            begin = time.monotonic()
            found.process.send_signal(signal.SIGTERM)
            assert found.process.wait(5) == 0
            assert time.monotonic() - begin < 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--address", "192.0.2.1"], "Nothing can be served at 192.0.2.1, port 0"),
        (["--address", "no.such.host.invalid"], "Nothing can be served at no.such.host.invalid"),
        (["--port", "65536"], "65536 is not in the range"),
    ],
)
def test_where_it_cannot_listen_it_says_why(tmp_path: Path, options: list[str], told: str) -> None:
    result = CliRunner().invoke(recovery, ["serve", str(tmp_path), "--port", "0", *options])
    assert result.exit_code == 2
    assert told in result.output

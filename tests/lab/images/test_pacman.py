"""The demo application's HTTP API, with its database up and down."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pymongo
import pytest

from tests.lab.images.pod import Pod, Running

FIELDS = ["name", "cloud", "zone", "host", "score", "level", "date", "referer", "user_agent", "hostname", "ip_addr"]

FILE = b'--b\r\nContent-Disposition: form-data; name="name"; filename="f"\r\n\r\nx\r\n--b--\r\n'


class App:
    """The application in a pod, and a player's requests."""

    def __init__(self, pod: Pod, mongo_address: str) -> None:
        self.url = f"http://{pod.address}:8080"
        pod.hosts.write_text(f"{mongo_address} mongo.pacman.svc.cluster.local\n")
        env = {
            "MONGO_SERVICE_HOST": "mongo",
            "MY_MONGO_PORT": "27017",
            "MONGO_AUTH_USER": "player",
            "MONGO_AUTH_PWD": "pla@yer",
            "MONGO_DATABASE": "pacman",
            "MONGO_USE_SSL": "false",
            "MONGO_VALIDATE_SSL": "false",
            "MY_NODE_NAME": "node-1",
        }
        self.running: Running = pod.start(pod.container("quay.io/ifont/pacman-nodejs-app:latest", env=env), port=8080)

    def get(self, path: str) -> tuple[int, Any]:
        return self._ask(urllib.request.Request(self.url + path))

    def post(self, path: str, **form: str) -> tuple[int, Any]:
        return self._ask(urllib.request.Request(self.url + path, urllib.parse.urlencode(form).encode()))

    def raw(self, path: str, body: bytes, **headers: str) -> int:
        return self._ask(urllib.request.Request(self.url + path, body, headers))[0]

    def _ask(self, request: urllib.request.Request) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, body, kind = answer.status, answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            status, body, kind = error.code, error.read(), error.headers["Content-Type"]
        return status, json.loads(body) if "json" in kind else body.decode()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    pod = Pod(tmp_path_factory.mktemp("database"))
    try:
        pod.start(pod.mongo(), port=27017)
        yield pod
    finally:
        pod.close()


@pytest.fixture(scope="module")
def app(database: Pod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    pod = Pod(tmp_path_factory.mktemp("app"))
    try:
        yield App(pod, database.address)
    finally:
        pod.close()


@pytest.fixture
def scores(database: Pod) -> Iterator[Any]:
    with pymongo.MongoClient(database.address, username="root", password="root's own") as client:
        client.pacman.highscore.delete_many({})
        yield client.pacman.highscore


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application whose database has an address and no server."""
    pod = Pod(tmp_path_factory.mktemp("lonely"))
    try:
        yield App(pod, pod.address)
    finally:
        pod.close()


class TestWithADatabase:
    def test_a_high_score_is_stored_with_the_demos_fields_and_types(self, app: App, scores: Any) -> None:
        form = {"name": "Ada", "cloud": "c", "zone": "z", "host": "h", "score": "1234", "level": "3"}
        answer = {"name": "Ada", "zone": "z", "score": "1234", "level": "3", "rs": "success"}
        assert app.post("/highscores", **form) == (200, answer)
        (stored,) = scores.find()
        assert set(stored) == {"_id", *FIELDS}
        assert (stored["score"], stored["level"]) == (1234, 3)
        assert type(stored["score"]) is int
        assert all(isinstance(stored[field], str) for field in FIELDS if field not in ("score", "level"))

    def test_the_list_has_the_ten_best_best_first(self, app: App, scores: Any) -> None:
        scores.insert_many({"name": f"p{n}", "score": n, "level": 1} for n in range(25))
        status, listed = app.get("/highscores/list")
        assert status == 200
        assert [row["score"] for row in listed] == list(range(24, 14, -1))
        assert set(listed[0]) == {"name", "cloud", "zone", "host", "score"}

    def test_many_at_once_are_all_stored(self, app: App, scores: Any) -> None:
        with ThreadPoolExecutor(20) as players:
            sent = [players.submit(app.post, "/highscores", name=f"p{n}", score=str(n)) for n in range(100)]
        assert {job.result()[1]["rs"] for job in sent} == {"success"}
        assert sorted(scores.distinct("score")) == list(range(100))

    @pytest.mark.usefixtures("scores")
    def test_names_are_kept_as_they_are_and_never_become_markup(self, app: App) -> None:
        name = "<script>alert('ü👻')</script>"
        app.post("/highscores", name=name, score="1")
        assert app.get("/highscores/list")[1][0]["name"] == name
        assert "innerHTML" not in app.get("/")[1]

    def test_players_statistics(self, app: App) -> None:
        status, user = app.get("/user/id")
        assert status == 200
        assert app.post("/user/stats", userId=user, score="5", level="2", lives="1", zone="z") == (
            200,
            {"rs": "success"},
        )
        first = app.get("/user/stats")[1][0]
        assert first["score"] == 5
        assert app.post("/user/stats", userId="nobody", score="5") == (200, {"rs": "error"})

    def test_where_it_runs(self, app: App) -> None:
        assert app.get("/location/metadata") == (200, {"cloud": "unknown", "zone": "unknown", "host": "node-1"})


class TestBadForms:
    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ({"score": "1"}, "name"),
            ({"name": "  ", "score": "1"}, "name"),
            ({"name": "x" * 201, "score": "1"}, "name"),
            ({"name": "x"}, "score"),
            ({"name": "x", "score": "many"}, "score"),
            ({"name": "x", "score": "-1"}, "score"),
            ({"name": "x", "score": "1.5"}, "score"),
            ({"name": "x", "score": "٣"}, "score"),
            ({"name": "x", "score": "9" * 5000}, "score"),
            ({"name": "x", "score": "1", "level": "x"}, "level"),
        ],
    )
    def test_are_refused_by_field_and_not_stored(self, app: App, scores: Any, form: dict[str, str], field: str) -> None:
        status, answer = app.post("/highscores", **form)
        assert (status, answer["rs"]) == (400, "error")
        assert answer["error"].startswith(field)
        assert scores.count_documents({}) == 0

    @pytest.mark.parametrize(
        ("body", "kind", "statuses"),
        [
            (b"\xff\xfe\x00=%ZZ", "application/x-www-form-urlencoded", {400}),
            (b"{}", "application/json", {400}),
            (b"name=x&score=1", "application/x-www-form-urlencoded; charset=nonsense", {400}),
            (b"broken", "multipart/form-data; boundary=b", {400}),
            (FILE, "multipart/form-data; boundary=b", {400}),
            (b"name=" + b"x" * 200_000, "application/x-www-form-urlencoded", {413}),
        ],
    )
    def test_bodies_that_are_no_form_get_a_client_error(
        self, app: App, body: bytes, kind: str, statuses: set[int]
    ) -> None:
        assert app.raw("/highscores", body, **{"Content-Type": kind}) in statuses
        assert app.get("/highscores/list")[0] == 200


class TestWithoutADatabase:
    def test_the_page_and_the_location_are_served(self, lonely: App) -> None:
        status, page = lonely.get("/")
        assert (status, "Pac-Man" in page) == (200, True)
        assert lonely.get("/location/metadata")[0] == 200

    def test_a_score_is_200_with_rs_error_and_the_list_an_error_within_seconds(self, lonely: App) -> None:
        start_s = time.monotonic()
        with ThreadPoolExecutor(2) as players:
            stored = players.submit(lonely.post, "/highscores", name="x", score="1", level="1")
            listed = players.submit(lonely.get, "/highscores/list")
        status, answer = stored.result()
        assert (status, answer["rs"]) == (200, "error")
        assert listed.result() == (500, {"error": "the database does not answer"})
        assert time.monotonic() - start_s < 4

    def test_its_log_names_the_failure_and_no_password(self, lonely: App) -> None:
        log = lonely.running.log.read_text()
        assert "POST /highscores: not stored" in log
        assert "pla@yer" not in log


def test_it_serves_again_when_its_database_is_back(pod: Pod, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Pod(tmp_path_factory.mktemp("database"))
    try:
        app = App(pod, other.address)
        running = other.start(other.mongo(), port=27017)
        assert app.post("/highscores", name="before", score="1")[1]["rs"] == "success"
        running.kill()
        other.start(other.mongo(), port=27017)
        time.sleep(0.6)
        assert app.post("/highscores", name="after", score="2")[1]["rs"] == "success"
        assert [row["name"] for row in app.get("/highscores/list")[1]] == ["after", "before"]
    finally:
        other.close()


def test_sigterm_ends_it_within_a_second_also_with_requests_waiting(pod: Pod) -> None:
    app = App(pod, pod.address)
    with ThreadPoolExecutor(3) as players:
        waiting = [players.submit(app.get, "/highscores/list") for _ in range(3)]
        time.sleep(0.3)
        start_s = time.monotonic()
        app.running.terminate()
        assert app.running.wait() == 0
        assert time.monotonic() - start_s < 1
        assert all(job.exception() for job in waiting)


def test_a_port_that_is_none_is_one_message(pod: Pod) -> None:
    running = pod.start(pod.container("pacman", env={"MY_MONGO_PORT": "mongo"}))
    assert running.wait() == 1
    assert "MY_MONGO_PORT" in running.log.read_text()
    assert "Traceback" not in running.log.read_text()


def test_the_page_is_self_contained() -> None:
    page = (Path(__file__).parents[3] / "lab/kubelab/images/pacman/page.html").read_text()
    outside = [word for word in page.split('"') if word.startswith(("http:", "https:", "//"))]
    assert outside == []

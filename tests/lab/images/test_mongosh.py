"""The stand-in for mongosh: what probes ask of it, and plain refusals of the rest."""

import pytest
from kubelab import images
from kubelab.images.mongo.errors import ScriptError
from kubelab.images.mongo.script import Shell, show
from kubelab.images.mongo.wire import Connection

from tests.lab.images.pod import Pod

PING = "db.adminCommand('ping')"


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        (PING, "{ ok: 1 }"),
        ("db.adminCommand('ping').ok", "1"),
        ("db.adminCommand({ping: 1}).ok;", "1"),
        ("db.runCommand({ ping: 1 }).ok", "1"),
        ('db.getSiblingDB("admin").runCommand("ping").ok', "1"),
        ("db.hello().isWritablePrimary", "true"),
        ("!db.hello().isWritablePrimary", "false"),
        ("db.isMaster().ismaster", "true"),
        ("db.getName()", "test"),
        ("print('a', 1); db.getName()", "a 1\ntest"),
    ],
)
def test_expressions_of_probes(mongo: tuple[Pod, images.Container], expression: str, printed: str) -> None:
    pod, container = mongo
    done = pod.run(container, "mongosh", "--quiet", "--eval", expression)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, printed, "")


def test_quit_gives_its_status(mongo: tuple[Pod, images.Container]) -> None:
    pod, container = mongo
    assert pod.run(container, "mongosh", "--quiet", "--eval", "quit(3)").returncode == 3


@pytest.mark.parametrize(
    "login",
    [
        ["-u", "root", "-p", "root's own", "admin"],
        ["--username=root", "--password=root's own", "--authenticationDatabase=admin", "pacman"],
        ["mongodb://player:pla%40yer@localhost:27017/pacman"],
        ["mongodb://player:pla%40yer@127.0.0.1/?authSource=pacman"],
    ],
)
def test_users_log_in(mongo: tuple[Pod, images.Container], login: list[str]) -> None:
    pod, container = mongo
    count = "db.getSiblingDB('pacman').runCommand({count: 'highscore'}).n"
    done = pod.run(container, "mongosh", "--quiet", *login, "--eval", count)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-u", "root", "-p", "wrong", "--eval", PING], "authentication failed"),
        (["-u", "root", "--eval", PING], "needs a password"),
        (["--eval", "db.runCommand({count: 'highscore'})"], "requires authentication"),
        (["--eval", "db.highscore.find()"], "highscore"),
        (["--eval", "if (true) { quit(1) }"], "'if'"),
        (["--eval", "db.adminCommand('ping'"], "unexpected"),
        (["--eval", "db.adminCommand('ping') 1"], "unexpected"),
        (["--eval", "'never"], "no end"),
        (["--eval", "rs.status()"], "'rs'"),
        (["--port", "1", "--eval", PING], "cannot connect"),
        (["--port", "x", "--eval", PING], "not a port"),
        (["--host", "no-such-service", "--eval", PING], "no-such-service"),
        (["--tls", "--eval", PING], "--tls"),
        (["--eval"], "needs a value"),
        (["no-such-file.js"], "no-such-file.js"),
    ],
)
def test_what_fails_says_so(mongo: tuple[Pod, images.Container], arguments: list[str], message: str) -> None:
    pod, container = mongo
    done = pod.run(container, "mongosh", "--quiet", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_it_fails_while_no_server_answers(pod: Pod) -> None:
    done = pod.run(pod.container("mongo:8"), "mongosh", "--quiet", "--eval", PING)
    assert done.returncode == 1
    assert f"cannot connect to {pod.address}:27017" in done.stderr


def test_it_reads_a_mounted_file_or_standard_input(mongo: tuple[Pod, images.Container]) -> None:
    pod, container = mongo
    (pod.volume("scripts") / "names.js").write_text("print(db.getName())")
    done = pod.run(container, "mongosh", "--quiet", "pacman", "/docker-entrypoint-initdb.d/names.js")
    assert done.stdout == "pacman\n"
    assert pod.run(container, "mongosh", "--quiet", stdin="db.getName()").stdout == "test\n"


def test_service_names_are_resolved(mongo: tuple[Pod, images.Container]) -> None:
    pod, container = mongo
    pod.hosts.write_text(f"{pod.address} mongo.pacman.svc.cluster.local\n")
    assert pod.run(container, "mongosh", "--quiet", "--host", "mongo", "--eval", PING).returncode == 0


class NoServer(Connection):
    def __init__(self) -> None:
        pass


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("// nothing\n/* at all */", None),
        ("1; 2.5; -3", -3),
        ("'it\\'s'", "it's"),
        ('"a\\nb"', "a\nb"),
        ("[1, 'a', [true, null],]", [1, "a", [True, None]]),
        ("({a: 1, 'b c': {d: []}, e: 'x',})", {"a": 1, "b c": {"d": []}, "e": "x"}),
        ("1\n2", 2),
        ("process.env.KUBELAB_TEST_NAME", "value"),
        ("process.env.KUBELAB_TEST_MISSING", None),
    ],
)
def test_literals(text: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBELAB_TEST_NAME", "value")
    assert Shell(NoServer(), "test").run(text) == value


@pytest.mark.parametrize("text", ["[", "{", "(", "1x", "process.exit()", "`${a}`", "db.", "db.x.y", ")", "'\\"])
def test_broken_scripts_are_refused(text: str) -> None:
    with pytest.raises(ScriptError):
        Shell(NoServer(), "test").run(text)


def test_values_are_shown_as_mongosh_shows_them() -> None:
    assert (
        show({"ok": 1.0, "a": [True, None, "x"], "b": {}, "c": 1.5})
        == "{ ok: 1, a: [ true, null, 'x' ], b: {}, c: 1.5 }"
    )

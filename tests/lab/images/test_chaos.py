"""The runner's image: the real `chaos`, with a container's paths, names and credentials."""

import json
from pathlib import Path

import pytest
from kubelab import images
from kubelab.images.chaos.words import Words

from tests.lab.images.pod import Pod

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
TELLING = """
import json, os, socket, subprocess, sys
import kubernetes.config.incluster_config as client
child = "import os, socket; print(socket.getaddrinfo('mongo', 27017)[0][4][0], os.getcwd())"
print(json.dumps({
    "arguments": sys.argv[1:],
    "working": os.getcwd(),
    "env": dict(os.environ),
    "host": socket.gethostname(),
    "token": open(client.SERVICE_TOKEN_FILENAME).read(),
    "authority": client.SERVICE_CERT_FILENAME,
    "listens": socket.create_server(("0.0.0.0", 0)).getsockname()[0],
    "child": subprocess.check_output([sys.executable, "-c", child], text=True).split(),
}))
"""


@pytest.fixture
def mounts(pod: Pod) -> dict[str, Path]:
    """Also one at /tmp, below which this machine's own directories are."""
    paths = {"/results": "results", "/experiments": "experiments", "/tmp": "scratch", SERVICE_ACCOUNT: "account"}
    return {path: pod.volume(name) for path, name in paths.items()}


def runner(pod: Pod, mounts: dict[str, Path], *args: str) -> images.Container:
    pod.hosts.write_text("127.77.0.9 mongo.pacman.svc.cluster.local\n")
    env = {"HOSTNAME": "recovery-check-1", "RUNS": "/results/runs", "BOTH": "/experiments:/results", "OWN": "/resultsx"}
    return pod.container("registry.example:5000/team/chaostoolkit-mongodb:0.1.0", env=env, args=args, mounts=mounts)


def test_every_python_inside_finds_paths_names_and_credentials(pod: Pod, mounts: dict[str, Path]) -> None:
    (mounts[SERVICE_ACCOUNT] / "token").write_text("a token")
    told_by = mounts["/experiments"] / "telling.py"
    told_by.write_text(TELLING)
    arguments = [
        "/results",
        "--settings=/experiments/x.yaml",
        f"{mounts['/tmp']}/x",
        "/tmp/y",
        "/usr/bin/env",
        "a/results",
    ]
    ended = pod.run(runner(pod, mounts), "python", "/experiments/telling.py", *arguments)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    results, experiments, scratch = (mounts[path] for path in ("/results", "/experiments", "/tmp"))
    assert told["arguments"] == [
        *(str(results), f"--settings={experiments}/x.yaml"),
        *(f"{scratch}/x", f"{scratch}/y", "/usr/bin/env", "a/results"),
    ]
    assert told["working"] == told["env"]["HOME"] == str(results)
    assert told["env"]["RUNS"] == f"{results}/runs"
    assert told["env"]["BOTH"] == f"{experiments}:{results}"
    assert told["env"]["OWN"] == "/resultsx"
    assert told["env"]["CHAOSTOOLKIT_IN_POD"] == "true"
    assert told["env"]["TMPDIR"] == str(scratch)
    assert told["host"] == "recovery-check-1"
    assert told["token"] == "a token"
    assert told["authority"] == f"{mounts[SERVICE_ACCOUNT]}/ca.crt"
    assert told["listens"] == pod.address
    assert told["child"] == ["127.77.0.9", str(results)]


def test_the_entrypoint_is_chaos_which_keeps_no_log_file(pod: Pod, mounts: dict[str, Path]) -> None:
    running = pod.start(runner(pod, mounts, "validate", "/experiments/none.yaml"))
    assert running.wait(30) == 1
    assert f"{mounts['/experiments']}/none.yaml" in running.log.read_text()
    assert list(mounts["/results"].iterdir()) == []


def test_a_shell_and_what_one_looks_around_with_know_the_paths(pod: Pod, mounts: dict[str, Path]) -> None:
    script = 'echo kept > /results/x && cat "/results/x" && ls /results/ && tar cf - /results/x | tar -tf -'
    ended = pod.run(runner(pod, mounts), "sh", "-c", script)
    assert ended.stdout.split() == ["kept", "x", "results/x"]
    assert (mounts["/results"] / "x").read_text() == "kept\n"


def test_without_a_volume_results_are_the_containers_own(pod: Pod) -> None:
    ended = pod.run(runner(pod, {}), "sh", "-c", "echo kept > /results/x; cd /; cat /results/x; sh -c 'cat /results/x'")
    assert ended.stdout.split() == ["kept", "kept"]
    assert (pod.directory / "container" / "results" / "x").exists()


def test_without_a_volume_what_is_temporary_goes_with_the_container(pod: Pod) -> None:
    ended = pod.run(runner(pod, {}), "python", "-c", "import tempfile; print(tempfile.mkdtemp())")
    assert Path(ended.stdout.strip()).parent == pod.directory / "container" / "tmp"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("/results", "/host/volume"),
        ("/results/", "/host/volume/"),
        ("/results/runs/a b", "/host/volume/runs/a b"),
        ("--var=runs=/results/runs", "--var=runs=/host/volume/runs"),
        ("cat '/results/x' >/data", "cat '/host/volume/x' >/host/deeper"),
        ("/data/x", "/host/deeper/x"),
        ("/data/in/x", "/host/deepest/x"),
        ("/database", "/database"),
        ("/home/results", "/home/results"),
        ("./results", "./results"),
        ("/results.txt", "/results.txt"),
        ("http://results/results", "http://results/results"),
        ("/host/volume/results", "/host/volume/results"),
        ("", ""),
    ],
)
def test_a_path_that_leads_into_a_mount_becomes_the_hosts(text: str, host: str) -> None:
    mounts = {
        "/results": "/host/volume",
        "/data/": "/host/deeper",
        "/data/in": "/host/deepest",
        "/host": "/far",
        "/": "/",
    }
    assert Words(mounts).of_the_host(text) == host

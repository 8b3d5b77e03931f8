"""Is the lab quick to start, small while nothing happens, and prompt to answer?

A GET and a list are compared with the same bytes from a server on the same machine that has nothing to think about
(benchmarks.bare). A change counts from the moment at which it was due until the last watcher holds its event, so that
what it had to wait for counts as well.
"""

import json
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.apiload import TABLE, Api, bare, changes_ms, create, in_turn_ms
from benchmarks.harness import Row, extent, keep, median
from benchmarks.laboratory import Laboratory, command, lab

MANIFESTS = Path(__file__).parents[1] / "manifests"
MONGO = "/api/v1/namespaces/pacman/pods/mongo-0"
DEFAULT = "/api/v1/namespaces/default"
IMAGE = "registry.k8s.io/pause:3.10"
NODES = 3
SETTLING_S = 5.0
RATE = 200
CHANGED = 20

UP_S = 5.0
MEMORY_MIB = 300.0
CORE_PERCENT = 3.0
GET_MS = 3.0
EVENT_MS = 5.0
LIST_S = 1.0
PODS_S = 60.0
ENOUGH = 1_000
"""Measurements of which the hundredth part says something."""

Samples = dict[str, list[float]]


def run(quick: bool) -> list[Row]:
    rows: list[Row] = []
    kept: list[dict[str, object]] = []
    for measure in (_starts, _idles, _answers, _lists, _fills):
        print(f"  {measure.__doc__}", file=sys.stderr, flush=True)
        found, samples = measure(quick)
        rows += found
        kept += [{"what": what, "samples": values} for what, values in samples.items()]
        keep("lab", kept)  # after each, so that a later one that breaks does not take these along
    return rows


def _starts(quick: bool) -> tuple[list[Row], Samples]:
    """from nothing to the demo Ready, and back"""
    up, down = [], []
    for _ in range(1 if quick else 15):
        with lab("--apply", MANIFESTS) as laboratory:
            up.append(laboratory.up_s)
            begin = time.monotonic()
        down.append(time.monotonic() - begin)
    rows = [
        _at_most("`kubelab up` to the demo Ready", up, "s", UP_S),
        Row("`kubelab down`", f"{median(down):.2f} s", n=len(down), spread=extent(down, "s")),
    ]
    return rows, {"up_s": up, "down_s": down}


def _idles(quick: bool) -> tuple[list[Row], Samples]:
    """a control plane and three nodes without a pod"""
    seconds = 2.0 if quick else 30.0
    pss, rss, core = [], [], []
    for _ in range(1 if quick else 3):
        with lab("--nodes", str(NODES)) as laboratory:
            time.sleep(SETTLING_S)
            core.append(_core_percent(laboratory, seconds))
            pss.append(laboratory.memory_mib("Pss"))
            rss.append(laboratory.memory_mib("Rss"))
            processes = len(laboratory.processes())
    rows = [
        _at_most(f"memory of {NODES} idle nodes and all else, {processes} processes: PSS", pss, "MiB", MEMORY_MIB, 0),
        Row("    RSS: shared pages count in each", f"{median(rss):.0f} MiB", n=len(rss), spread=extent(rss, "MiB", 0)),
        _at_most(f"    processor, {seconds:g} s each", core, "% of a core", CORE_PERCENT),
    ]
    return rows, {"pss_mib": pss, "rss_mib": rss, "core_percent": core}


def _core_percent(laboratory: Laboratory, seconds: float) -> float:
    used, begin = laboratory.cpu_s(), time.monotonic()
    time.sleep(seconds)
    return 100 * (laboratory.cpu_s() - used) / (time.monotonic() - begin)


def _answers(quick: bool) -> tuple[list[Row], Samples]:
    """GET of a pod, and changes on their way to watchers"""
    times, seconds, turns = (100, 1.0, 1) if quick else (3_000, 10.0, 5)
    with lab("--apply", MANIFESTS) as laboratory:
        got = _get_ms(laboratory, times)
        rows = [_p50("GET of a pod", got["the lab"], got["bare aiohttp"])]
        rows.append(_p50("    by the Python client, as an object", got["Python client"], None))
        events: Samples = {}
        pods = _paused(laboratory, CHANGED)
        for watchers in (1, 10):
            name = f"changes of pods, {RATE}/s, until {watchers} of {watchers} clients know"
            taken = [changes_ms(laboratory.kubeconfig, pods, RATE, seconds, watchers) for _ in range(turns)]
            # Ten clients in one process are slower than the server: nothing is wanted of them.
            rows.append(_p99(name, taken, EVENT_MS if watchers == 1 else None))
            events[name] = [one for turn in taken for one in turn]
    return rows, got | events


def _get_ms(laboratory: Laboratory, times: int) -> Samples:
    from kubernetes import client, config

    api = Api(laboratory.kubeconfig)
    body = api.ask("GET", MONGO)
    typed = client.CoreV1Api(config.new_client_from_config(str(laboratory.kubeconfig)))
    with bare(laboratory.state / "pki" / "apiserver.pem", body) as reference:
        took = in_turn_ms(
            {
                "the lab": partial(api.ask, "GET", MONGO),
                "bare aiohttp": partial(_get, reference),
                "Python client": partial(typed.read_namespaced_pod, "mongo-0", "pacman"),
            },
            times,
        )
    api.close()
    return took


def _get(connection: Any) -> bytes:
    connection.request("GET", "/")
    content: bytes = connection.getresponse().read()
    return content


def _paused(laboratory: Laboratory, count: int) -> list[str]:
    """Paths of pods that run and do nothing."""
    names = [f"paused-{number}" for number in range(count)]
    create(laboratory.kubeconfig, f"{DEFAULT}/pods", [_pod(name) for name in names])
    command(
        "kubectl",
        "--kubeconfig",
        laboratory.kubeconfig,
        "wait",
        "--for=condition=Ready",
        "pod",
        "--all",
        "--timeout=60s",
    )
    return [f"{DEFAULT}/pods/{name}" for name in names]


def _pod(name: str, **spec: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "paused"}},
        "spec": {"containers": [{"name": "pause", "image": IMAGE}], "terminationGracePeriodSeconds": 1, **spec},
    }


def _lists(quick: bool) -> tuple[list[Row], Samples]:
    """a list of many pods"""
    count, times = (200, 3) if quick else (5_000, 20)
    with lab() as laboratory:
        # No scheduler is theirs: it is the list that is measured.
        pods = [_pod(f"listed-{number:04}", schedulerName="none") for number in range(count)]
        create(laboratory.kubeconfig, f"{DEFAULT}/pods", pods)
        api = Api(laboratory.kubeconfig)
        with bare(laboratory.state / "pki" / "apiserver.pem", api.ask("GET", f"{DEFAULT}/pods")) as reference:
            took = in_turn_ms(
                {
                    "the lab": partial(api.ask, "GET", f"{DEFAULT}/pods"),
                    "bare aiohttp": partial(_get, reference),
                    "table": partial(_table, api),
                },
                times,
            )
        api.close()
    seconds = {name: [value / 1e3 for value in values] for name, values in took.items()}
    ratio = median(seconds["the lab"]) / median(seconds["bare aiohttp"])
    plain = _at_most(f"list of {count:,} pods", seconds["the lab"], "s", LIST_S, 3)
    told = {"reference": f"{median(seconds['bare aiohttp']):.3f} s, bare aiohttp", "ratio": f"{ratio:.2f}"}
    table = _at_most("    as tables of 500, as kubectl asks", seconds["table"], "s", LIST_S, 3)
    return [Row(**vars(plain) | told), table], {f"list, {name}, s": values for name, values in seconds.items()}


def _table(api: Api) -> None:
    token = ""
    while True:
        answer = json.loads(api.ask("GET", f"{DEFAULT}/pods?limit=500&continue={token}", None, {"Accept": TABLE}))
        token = answer["metadata"].get("continue", "")
        if not token:
            return


def _fills(quick: bool) -> tuple[list[Row], Samples]:
    """a Deployment on many nodes"""
    nodes, count, times = (3, 10, 1) if quick else (20, 500, 3)
    took = []
    for _ in range(times):
        with lab("--nodes", str(nodes)) as laboratory:
            took.append(_ready_s(laboratory, count))
    return [_at_most(f"{count} pods of a pause image on {nodes} nodes Ready", took, "s", PODS_S, 1)], {"pods_s": took}


def _ready_s(laboratory: Laboratory, count: int) -> float:
    """From the Deployment's creation until all of its pods are Ready."""
    pod = _pod("")
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "paused"},
        "spec": {
            "replicas": count,
            "selector": {"matchLabels": pod["metadata"]["labels"]},
            "template": {"metadata": {"labels": pod["metadata"]["labels"]}, "spec": pod["spec"]},
        },
    }
    api = Api(laboratory.kubeconfig)
    begin = time.monotonic()
    where = "/apis/apps/v1/namespaces/default/deployments"
    version = json.loads(api.ask("POST", where, deployment))["metadata"]["resourceVersion"]
    with api.open("GET", f"{where}?watch=true&resourceVersion={version}") as events:
        for line in events:
            if json.loads(line)["object"].get("status", {}).get("readyReplicas", 0) >= count:
                return time.monotonic() - begin
    raise RuntimeError("the watch ended before all pods were Ready")


# --- rows ---


def _at_most(what: str, values: Sequence[float], unit: str, limit: float, places: int = 2) -> Row:
    return Row(
        what,
        f"{median(values):.{places}f} {unit}",
        n=len(values),
        spread=extent(values, unit, places),
        wanted=f"at most {limit:g} {unit}",
        met=median(values) <= limit,
    )


def _p50(what: str, values: Sequence[float], reference: Sequence[float] | None) -> Row:
    return Row(
        what,
        f"{median(values):.2f} ms",
        f"{median(reference):.2f} ms, bare aiohttp" if reference else "",
        f"{median(values) / median(reference):.2f}" if reference else "",
        len(values),
        f"99 % within {quantiles(values, n=100)[-1]:.2f} ms",
        f"at most {GET_MS:g} ms",
        median(values) <= GET_MS,
    )


def _p99(what: str, turns: Sequence[Sequence[float]], limit_ms: float | None) -> Row:
    worst = [quantiles(turn, n=100)[-1] for turn in turns]
    count = sum(map(len, turns))
    middle = median([one for turn in turns for one in turn])
    return Row(
        what,
        f"99 % within {median(worst):.2f} ms",
        n=count,
        spread=f"{extent(worst, 'ms')} in {len(turns)} turns; half within {middle:.2f} ms",
        wanted=f"99 % within {limit_ms:g} ms" if limit_ms else "",
        met=None if limit_ms is None or count < ENOUGH else median(worst) <= limit_ms,
    )

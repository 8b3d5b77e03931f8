"""Starts and ends labs, and waits for them: what the commands are made of."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kubelab import credentials
from kubelab.errors import ApiError, ComponentDied, LabError, NotReady, StateError
from kubelab.nodes import KUBELET_PORT
from kubelab.progress import Progress
from kubelab.state import Lab, State
from kubelab.supervisor import died

if TYPE_CHECKING:
    from kubelab.client import Client

START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 15.0
LOOK_S = 0.02
LAST_WORD_S = 5.0


def start(
    state: State, nodes: int, node_grace_s: float, *, own: bool, audit_log: Path | None = None
) -> subprocess.Popen[bytes]:
    """Starts the supervisor (its guard, to be exact). own: the lab and its state end with this process.

    node_grace_s: how long a node may be silent before it is called Unknown. audit_log: where the API server notes every
    request.

    Raises StateError.
    """
    state.prepare()
    os.close(state.lock())
    command = [sys.executable, "-m", "kubelab.supervisor", f"--state={state}", f"--nodes={nodes}"]
    command.append(f"--node-monitor-grace-period={node_grace_s}")
    command += [f"--caller={os.getpid()}"] if own else []
    command += [f"--audit-log={audit_log.absolute()}"] if audit_log else []
    log = state.logs / "supervisor.log"
    with log.open("wb") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


async def until_up(state: State, guard: subprocess.Popen[bytes], progress: Progress) -> Lab:
    """Waits for the API server and the nodes. Raises ComponentDied and NotReady."""
    watching = asyncio.create_task(_watch(state, guard))
    coming = asyncio.create_task(_come_up(state, guard.pid, progress))
    await asyncio.wait({watching, coming}, return_when=asyncio.FIRST_COMPLETED)
    if coming.done() and coming.exception():
        await asyncio.wait({watching}, timeout=LAST_WORD_S)  # It may be about to say why.
    for task in (watching, coming):
        if not task.done():
            task.cancel()
        elif error := task.exception():
            watching.cancel()
            coming.cancel()
            raise error
    return coming.result()


async def _watch(state: State, guard: subprocess.Popen[bytes]) -> None:
    while (code := guard.poll()) is None:
        await asyncio.sleep(LOOK_S)
    log = state.logs / "supervisor.log"
    text = log.read_text(errors="replace").strip() if log.exists() else ""
    if text.startswith("error: "):
        raise ComponentDied(f"the lab did not come up: {text.removeprefix('error: ')}")
    raise ComponentDied(died("the supervisor", f"exit status {code}", log))


async def _come_up(state: State, guard_pid: int, progress: Progress) -> Lab:
    from kubelab import readiness
    from kubelab.client import Client

    deadline = time.monotonic() + START_TIMEOUT_S
    while (lab := state.read()) is None or lab.guard_pid != guard_pid:
        if time.monotonic() > deadline:
            raise NotReady(f"no lab came up in {state} within {START_TIMEOUT_S:g} s; see {state.logs}")
        await asyncio.sleep(LOOK_S)
    async with Client.from_kubeconfig(state.kubeconfig) as client:
        await _api_answers(state, client)
        progress.step(f"API server answers at {lab.server}")
        await _kubelets_answer(state, lab)
        await readiness.nodes_ready(client, lab.nodes, START_TIMEOUT_S)
        progress.step(f"{len(lab.nodes)} nodes are Ready")
    return lab


async def _api_answers(state: State, client: Client) -> None:
    """Raises NotReady."""
    from kubelab.client import until_answered

    try:
        await until_answered(client, timeout_s=START_TIMEOUT_S)
    except ApiError as e:
        raise NotReady(f"the API server does not answer: {e}; see {state.logs / 'apiserver.log'}") from None


async def _kubelets_answer(state: State, lab: Lab) -> None:
    """Of a lab that goes on, the Node objects may speak of kubelets that are no more. Raises NotReady."""
    from kubelab.client import Client, until_answered
    from kubelab.kubeconfig import Credentials

    token, authority = (state.directory / "kubelet-token").read_text(), (state.pki / "ca.pem").read_text()

    async def answers(index: int, name: str) -> None:
        address = f"https://{credentials.node_address(lab, index)}:{KUBELET_PORT}"
        async with Client(Credentials(address, token, authority)) as kubelet:
            try:
                await until_answered(kubelet, "/healthz", timeout_s=START_TIMEOUT_S)
            except ApiError as e:
                raise NotReady(
                    f"the kubelet of {name} does not answer: {e}; see {state.logs}/node-{name}.log"
                ) from None

    await asyncio.gather(*(answers(*numbered) for numbered in enumerate(lab.nodes)))


async def until_usable(state: State, lab: Lab) -> None:
    """Waits for a lab that somebody else has started, perhaps just now. Raises NotReady."""
    from kubelab import readiness
    from kubelab.client import Client

    async with Client.from_kubeconfig(state.kubeconfig) as client:
        await _api_answers(state, client)
        await readiness.nodes_reported(client, lab.nodes, START_TIMEOUT_S)


async def apply(kubeconfig: Path, paths: Sequence[Path], progress: Progress, *, wait: bool, timeout_s: float) -> None:
    """Applies manifests, and waits until they are ready. Raises ManifestError, NotReady and LabError."""
    from kubelab import manifests, readiness
    from kubelab.client import Client

    found = manifests.read(paths)
    try:
        async with Client.from_kubeconfig(kubeconfig) as client:
            applier = manifests.Applier(client)
            applied = [await applier.apply(manifest) for manifest in found]
            progress.step(f"applied {len(applied)} objects from {', '.join(map(str, paths))}")
            waited = [f"{k.kind.lower()}/{o['metadata']['name']}" for k, o in applied if readiness.has_readiness(k)]
            if wait and waited:
                await readiness.applied_ready(client, applied, timeout_s)
                progress.step(f"{', '.join(waited)} Ready")
    except ApiError as e:
        raise LabError(f"the API server failed: {e}") from None


def end(state: State, guard: subprocess.Popen[bytes] | None = None, *, keep: bool = False) -> None:
    """Ends the lab of a state directory, whatever state it is in, and removes its files unless they shall be kept.

    guard: what `start` gave, where we have it: just started, it has not yet said that it is there.

    Raises StateError when that does not work.
    """
    if guard is not None:
        guard.terminate()
        with suppress(subprocess.TimeoutExpired):
            guard.wait(END_TIMEOUT_S)
    told: int | None = None
    deadline = time.monotonic() + END_TIMEOUT_S
    while state.is_locked:
        lab = state.read()  # Each time: one that is just starting says late which process is its guard.
        if lab is not None and lab.guard_pid != told:
            told = lab.guard_pid
            _end_guard(state, told)
        if time.monotonic() > deadline:
            raise StateError(f"the lab in {state} does not end; its guard is process {told or '?'}")
        time.sleep(LOOK_S)
    if not keep:
        state.remove()


def _end_guard(state: State, pid: int) -> None:
    """SIGTERM, if the process is the guard of this lab and not another that got its number."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        if f"--state={state}" in command:
            os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        pass

"""python -m kubelab.supervisor: starts the processes of a lab and watches over them.

    guard -> supervisor -> API server, controllers, node ... -> containers

The API server and the controllers are started again when they die. A node is not: its death is a power cut.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from kubelab import credentials, guard, network
from kubelab.errors import ComponentDied, LabError
from kubelab.network import Block
from kubelab.parent import adopt_orphans, children_of, dying_with_us, kill_quietly
from kubelab.state import NODE_GRACE_S, Lab, State

RESTART_PAUSE_S = 1.0
STARTING_S = 3.0
"""A component that ends earlier than this has not come up: the lab ends with it."""
TAIL_LINES = 10
START_NODES = signal.SIGUSR2
"""Tells the supervisor to start the nodes for which there is a request."""
GUARD_KILLED = signal.SIGUSR1
"""Tells the supervisor that it has to do the guard's work."""


@dataclass(frozen=True)
class Component:
    """A process of the lab. vital: it is started again when it dies."""

    name: str
    arguments: tuple[str, ...]
    vital: bool = True


def components(state: State, lab: Lab, node_grace_s: float, audit_log: Path | None = None) -> list[Component]:
    """node_grace_s: how long a node may be silent before it is called Unknown; it renews its lease four times in it.

    audit_log: where the API server notes every request, nowhere if None.
    """
    directory = f"--state={state}"
    api = ("kubelab.api", directory, f"--address={lab.address(1)}", f"--port={network.API_PORT}")
    services = (f"--service-cidr=127.{lab.block}.240.0/20",)
    audit = (f"--audit-log={audit_log}",) if audit_log else ()
    controllers = ("kubelab.controllers", directory, f"--kubeconfig={state}/kubeconfig-controllers")
    balancers = (f"--load-balancer-cidr={network.load_balancers(lab.block)}",)
    ingress = (f"--ingress-address={lab.address(network.INGRESS)}",)
    monitor = (f"--node-monitor-grace-period={node_grace_s}",)
    found = [
        Component("apiserver", api + services + audit),
        Component("controllers", controllers + balancers + ingress + monitor),
    ]
    for index, name in enumerate(lab.nodes):
        address = credentials.node_address(lab, index)
        node = (
            "kubelab.node",
            directory,
            f"--kubeconfig={state}/kubeconfig-{name}",
            f"--lease-duration={node_grace_s}",
        )
        found.append(Component(f"node-{name}", (*node, f"--name={name}", f"--address={address}"), vital=False))
    return found


class Supervisor:
    """Runs components until SIGTERM; then ends, and leaves the rest to the guard."""

    def __init__(self, state: State, wanted: list[Component]) -> None:
        self._state = state
        self._wanted = wanted
        self._running: dict[int, Component] = {}
        self._started_at: dict[str, float] = {}

    def run(self) -> None:
        """Raises ComponentDied when a component does not come up."""
        signal.signal(START_NODES, self._start_requested)
        for component in self._wanted:
            self._start(component)
        while True:
            pid, status = os.wait()
            ended = self._running.get(pid)
            self._running.pop(pid, None)
            self._kill_orphans()
            if ended is not None:
                self._ended(ended, os.waitstatus_to_exitcode(status))

    def _start(self, component: Component) -> None:
        with (self._state.logs / f"{component.name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *component.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=dying_with_us(),
            )
        self._running[process.pid] = component
        self._started_at[component.name] = time.monotonic()

    def _start_requested(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        for component in self._wanted:
            request = self._state.start_request(component.name.removeprefix("node-"))
            if not component.vital and request.exists():
                request.unlink()
                if component not in self._running.values():
                    self._start(component)

    def _ended(self, component: Component, code: int) -> None:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        if code > 0 and time.monotonic() - self._started_at[component.name] < STARTING_S:
            raise ComponentDied(died(component.name, how, self._state.logs / f"{component.name}.log"))
        print(f"{component.name} ended ({how})", flush=True)
        if component.vital:
            time.sleep(RESTART_PAUSE_S)
            self._start(component)

    def _kill_orphans(self) -> None:
        """What a node that died left behind goes with it."""
        for pid in children_of(os.getpid()):
            if pid not in self._running:
                kill_quietly(pid, signal.SIGKILL)


def died(name: str, how: str, log: Path) -> str:
    """The message about a process that ended: how, its last lines, and where the rest is."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    except OSError:
        lines = []
    last = "".join(f"\n    {line}" for line in lines) or " (it wrote nothing)"
    return f"{name} ended with {how}; the end of {log}:{last}"


def supervise(state: State, nodes: int, node_grace_s: float, audit_log: Path | None = None) -> int:
    """Claims addresses, makes the lab's files and runs it. Returns the exit code."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(GUARD_KILLED, _end_with_all)
    adopt_orphans()
    try:
        known = state.read()
        block: Block = network.claim_first(known.block if known else None)
        names = known.nodes if known else tuple(f"node-{i + 1}" for i in range(nodes))
        lab = Lab(os.getppid(), block.number, names)
        credentials.make(state, lab)
        state.write(lab)
        Supervisor(state, components(state, lab, node_grace_s, audit_log)).run()
    except LabError as e:
        print(f"error: {e}", file=sys.stderr, flush=True)
    except OSError as e:
        print(f"error: cannot work in the state directory {state}: {e.strerror or e}", file=sys.stderr, flush=True)
    return 1


def _end_with_all(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    guard.kill_descendants()
    os._exit(1)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="kubelab.supervisor", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--node-monitor-grace-period", type=float, default=NODE_GRACE_S)
    parser.add_argument("--caller", type=int, help="end, and remove the state, when this process (our parent) ends")
    parser.add_argument("--audit-log", type=Path, help="a file that gets a line of JSON for every request")
    options = parser.parse_args()
    state = State(options.state)
    if options.caller:
        guard.follow(options.caller)
    try:
        state.prepare()
        state.lock()
    except LabError as e:
        sys.exit(f"error: {e}")
    cleanup = state.remove if options.caller else None
    grace_s, audit_log = options.node_monitor_grace_period, options.audit_log
    code = guard.watch_over(
        lambda: supervise(state, options.nodes, grace_s, audit_log), when_killed=GUARD_KILLED, cleanup=cleanup
    )
    sys.exit(code)


if __name__ == "__main__":
    main()

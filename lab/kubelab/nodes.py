"""Faults of nodes: a power cut, a kubelet that stops, and either one's end.

A node is one process, which runs the kubelet and is the parent of its containers. Killing it takes them along, at once.
What a crash cannot show here: the node's addresses stay on this machine, so its peers are told that connections are
reset or refused, where a real power cut leaves them in silence.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator

from kubelab import credentials
from kubelab.components import component, is_alive, supervisor
from kubelab.errors import LabError
from kubelab.parent import children_of, kill_quietly
from kubelab.state import Lab, State
from kubelab.supervisor import START_NODES

KUBELET_PORT = 10250
TIMEOUT_S = 15.0
LOOK_S = 0.02
STOP_KUBELET, START_KUBELET = signal.SIGUSR1, signal.SIGUSR2


class NodeFault:
    """One node of a running lab. Raises LabError for a node that the lab does not have."""

    def __init__(self, state: State, lab: Lab, name: str) -> None:
        if name not in lab.nodes:
            raise LabError(f"there is no node {name}: the nodes of this lab are {', '.join(lab.nodes)}")
        self._state = state
        self._name = name
        self._lab = lab
        self._address = credentials.node_address(lab, lab.nodes.index(name))

    def crash(self) -> str:
        """Kills the node and all that runs on it. Returns what was done."""
        pid = self._process()
        if pid is None:
            return f"{self._name} is down already"
        doomed = [pid, *_descendants(pid)]
        os.kill(pid, signal.SIGKILL)
        self._wait(lambda: not any(map(is_alive, doomed)), "its processes do not end")
        return f"{self._name} crashed: {len(doomed)} processes killed"

    def stop(self) -> str:
        """Stops the kubelet alone."""
        pid = self._process()
        if pid is None:
            raise LabError(f"{self._name} is down: start it first, with `kubelab node start {self._name}`")
        os.kill(pid, STOP_KUBELET)
        self._wait(lambda: not self._kubelet_answers(), "its kubelet does not stop")
        return f"the kubelet of {self._name} stopped; its containers run on"

    def start(self) -> str:
        """Brings back what crashed or was stopped."""
        if self._kubelet_answers():
            return f"{self._name} runs already"
        pid = self._process()
        if pid is not None:
            os.kill(pid, START_KUBELET)
        else:
            self._state.start_request(self._name).touch()
            kill_quietly(supervisor(self._state, self._lab), START_NODES)
        self._wait(self._kubelet_answers, f"its kubelet does not answer; see {self._state.logs}/node-{self._name}.log")
        return f"{self._name} started"

    def _process(self) -> int | None:
        """The node's process, if it runs."""
        return component(self._state, self._lab, "kubelab.node", f"--name={self._name}")

    def _kubelet_answers(self) -> bool:
        try:
            socket.create_connection((self._address, KUBELET_PORT), timeout=1).close()
        except OSError:
            return False
        return True

    def _wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline:
                raise LabError(f"{self._name}: after {TIMEOUT_S:g} s, {otherwise}")
            time.sleep(LOOK_S)


def _descendants(pid: int) -> Iterator[int]:
    for child in children_of(pid):
        yield child
        yield from _descendants(child)

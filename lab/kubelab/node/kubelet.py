"""The kubelet: everything of a node but its containers, which go on when it stops."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kubelab.client import until_answered
from kubelab.informer import Informer
from kubelab.kinds import PODS
from kubelab.node.agent import Agent
from kubelab.node.machine import Machine
from kubelab.node.pod import PodWorker
from kubelab.node.registration import KUBELET_PORT, Heartbeat, Registration
from kubelab.node.server import Server

API_TIMEOUT_S = 30.0


class Kubelet:
    """Runs until it is cancelled; can be run again, and then takes up the containers that it finds."""

    def __init__(self, machine: Machine, registration: Registration, token: str, certificate: Path) -> None:
        self._machine = machine
        self._registration = registration
        self._token = token
        self._certificate = certificate
        self._left: dict[str, PodWorker] = {}

    async def run(self) -> None:
        """Raises LabError when it cannot listen."""
        machine = self._machine
        pods = Informer(machine.client, PODS, query={"fieldSelector": f"spec.nodeName={machine.name}"})
        agent = Agent(machine, pods, self._left)
        server = Server(agent.find, self._token)
        await server.start(machine.address, KUBELET_PORT, self._certificate)
        try:
            await until_answered(machine.client, timeout_s=API_TIMEOUT_S)
            await self._registration.register(machine.now())
            async with asyncio.TaskGroup() as tasks:
                for endless in (machine.services.run(), machine.events.run(), machine.relist.run(), agent.run()):
                    tasks.create_task(endless)
                tasks.create_task(Heartbeat(self._registration).run())
                await machine.services.synced.wait()  # Containers are told about Services when they start.
                tasks.create_task(pods.run())
                await pods.synced.wait()
                agent.clean_up()
        finally:
            self._left = await agent.leave()
            await server.stop()

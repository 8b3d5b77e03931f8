"""One pod on its node, from its assignment to its end.

    volumes -> address -> init containers, one after the other -> containers -> ... -> SIGTERM, grace, SIGKILL -> gone

After kubernetes/pkg/kubelet/pod_workers.go: a pod once started is only ever told to stop; the pod object goes when
its containers are gone and its files are removed.
"""

from __future__ import annotations

import asyncio
import logging
import math
from datetime import datetime

from kubelab.clock import parse
from kubelab.errors import ApiError
from kubelab.kinds import PODS, Object, is_terminating, uid_of
from kubelab.node import volumes
from kubelab.node.container import Runner
from kubelab.node.grace import Grace
from kubelab.node.machine import Machine
from kubelab.node.report import Reporter
from kubelab.node.status import ContainerState, Ended, PodState, Waiting, status

log = logging.getLogger(__name__)

MOUNT_RETRIES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 122.0)
RETRY_S = 0.2
LOST = 255
"""The exit code of a container that ended while nobody looked."""


class PodWorker:
    """Runs one pod (by UID). `update` and `removed` bring news of the pod object."""

    def __init__(self, machine: Machine, pod: Object) -> None:
        self.machine = machine
        self.pod = pod
        self.exists = True
        self._reporter = Reporter(machine.client, pod)
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        spec = pod["spec"]
        init = [ContainerState(c, Waiting("PodInitializing")) for c in spec.get("initContainers") or ()]
        reason = "PodInitializing" if init else "ContainerCreating"
        main = [ContainerState(c, Waiting(reason)) for c in spec["containers"]]
        started_at = pod.get("status", {}).get("startTime")
        self.state = PodState(
            pod, machine.address, parse(started_at) if started_at else machine.now(), main, init_containers=init
        )
        self._mounts = volumes.Mounts(machine.client, pod, machine.pod_directory(uid_of(pod)))
        self.runners = [Runner(machine, self.state, c, self._mounts, self._report) for c in init + main]
        self._remember(pod)

    def _remember(self, pod: Object) -> None:
        """A pod that ran before this process started goes on counting its restarts; what is over stays so."""
        status = pod.get("status", {})
        known = (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or [])
        names = {found["name"]: found for found in known if found.get("containerID")}
        for runner in self.runners:
            container = runner.state
            if (found := names.get(container.name)) is None:
                continue
            container.restarts = found["restartCount"]
            ended = _terminated(found["state"]) or _lost(found, self.machine.now())
            if is_terminating(pod) or not runner.is_begun_anew(ended.exit_code):
                container.state, container.id = ended, ended.container_id
                container.last = _terminated(found.get("lastState") or {})
            else:
                container.last = ended

    def update(self, pod: Object) -> None:
        self.pod = self.state.pod = pod
        self._reporter.observe(pod)
        self._tell_news()
        if is_terminating(pod):
            self._stop.set()
        elif pod["spec"].get("readinessGates"):
            self._report()

    def removed(self) -> None:
        """The pod object is gone."""
        self.exists = False
        self._tell_news()
        self._stop.set()

    def resume(self, pod: Object) -> None:
        """Goes on after `run` was cancelled; the pod as it is now."""
        self._reporter = Reporter(self.machine.client, pod)
        self._stop = asyncio.Event()
        self.pod = self.state.pod = pod
        for runner in self.runners:
            runner.resume(ending=is_terminating(pod))

    def _tell_news(self) -> None:
        told, self._news = self._news, asyncio.Event()
        told.set()

    async def run(self) -> None:
        """Until the pod is gone."""
        reporting = asyncio.create_task(self._reporter.run())
        if is_terminating(self.pod):  # Perhaps an old piece of news about one that has ended: not to be looked at.
            self._stop.set()
        living = asyncio.create_task(self._live())
        stopping = asyncio.create_task(self._stop.wait())
        expiring = asyncio.create_task(self._expired())
        keeping = asyncio.create_task(self._mounts.tokens.keep())
        try:
            await asyncio.wait({living, stopping, expiring}, return_when=asyncio.FIRST_COMPLETED)
            if living.done() and living.exception():
                log.error("pod %s", self.pod["metadata"]["name"], exc_info=living.exception())
            overdue = expiring.done() and not living.done()
            if not overdue:
                await stopping
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)
            if overdue:
                self.state.overdue = True
                await self._end()
                await stopping
            await self._terminate()
        finally:
            for task in (reporting, living, stopping, expiring, keeping):
                task.cancel()
            for runner in self.runners:
                runner.stop_probes()

    def _report(self) -> None:
        if self.exists:
            self._reporter.tell(status(self.state, self._reporter.known_status, self.machine.now()))

    async def _live(self) -> None:
        """Makes everything ready, then looks after the containers, whenever the node looks at them."""
        if self._stop.is_set() or self.state.ended:
            return
        self._report()
        if not self.state.sandbox_ready:
            await self._mount()
            address = self.machine.addresses.take()
            self.state.sandbox_ready = True
            self._report()
            self.state.pod_ip = address  # Told with the first container.
        while True:
            await self._look()
            if all(r.finished for r in self._main_runners()):
                return
            await self.machine.relist.next()

    async def _look(self) -> None:
        for runner in self.runners[: len(self.state.init_containers)]:
            if not runner.succeeded:
                await runner.look()
            if not runner.succeeded:
                return
        for runner in self._main_runners():
            await runner.look()

    def _main_runners(self) -> list[Runner]:
        return self.runners[len(self.state.init_containers) :]

    async def _mount(self) -> None:
        failures = 0
        while True:
            try:
                await self._mounts.make()
                return
            except volumes.MountError as e:
                self.machine.events.tell(self.pod, "Warning", "FailedMount", str(e))
            await asyncio.sleep(MOUNT_RETRIES_S[min(failures, len(MOUNT_RETRIES_S) - 1)])
            failures += 1

    async def _expired(self) -> None:
        """Until a look at the pod finds it active for longer than its activeDeadlineSeconds."""
        while True:
            await self.machine.relist.next()
            active_s = (self.machine.now() - self.state.started_at).total_seconds()
            if active_s >= self.pod["spec"].get("activeDeadlineSeconds", math.inf):
                return

    async def _terminate(self) -> None:
        """Ends what runs, and lets the pod go."""
        await self._end()
        await self._reporter.sent()
        await self.machine.relist.next()
        volumes.remove(self.machine.pod_directory(uid_of(self.pod)))
        if self.state.pod_ip:
            self.machine.addresses.release(self.state.pod_ip)
        await self._delete()

    async def _end(self) -> None:
        """Stops the containers within the grace period, and tells how they ended."""
        running = [r for r in self.runners if r.running]
        for runner in running:
            runner.stop_probes("liveness", "startup")
            runner.tell("Normal", "Killing", f"Stopping container {runner.state.name}")
        self._report()
        await asyncio.gather(*(r.stop(Grace(self._grace_s, lambda: self._news)) for r in running))
        for runner in self.runners:
            runner.stop_probes()
            if runner.process is not None:
                runner.note_end()
        self.state.ended = True
        self._report()

    def _grace_s(self) -> float:
        """Less when the pod is deleted again, with a shorter period, or by force."""
        metadata, spec = self.pod["metadata"], self.pod["spec"]
        wanted = metadata.get("deletionGracePeriodSeconds", spec.get("terminationGracePeriodSeconds", 30))
        return float(wanted) if self.exists else 0.0

    async def _delete(self) -> None:
        metadata = self.pod["metadata"]
        while self.exists:
            try:
                await self.machine.client.delete(
                    PODS, metadata["name"], metadata["namespace"], uid=metadata["uid"], grace_period_s=0
                )
                return
            except ApiError as e:
                if not e.transient:
                    return
            await asyncio.sleep(RETRY_S)


def _terminated(state: Object) -> Ended | None:
    """How a container ended, as a status tells it; None if it had not."""
    told = state.get("terminated")
    if told is None:
        return None
    return Ended(
        exit_code=told["exitCode"],
        started_at=parse(told["startedAt"]),
        finished_at=parse(told["finishedAt"]),
        container_id=told["containerID"].rpartition("/")[2],
        reason=told["reason"],
        message=told.get("message", ""),
    )


def _lost(found: Object, now: datetime) -> Ended:
    started = found["state"].get("running", {}).get("startedAt")
    return Ended(
        exit_code=LOST,
        started_at=parse(started) if started else now,
        finished_at=now,
        container_id=found["containerID"].rpartition("/")[2],
        reason="Unknown",
    )

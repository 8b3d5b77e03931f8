"""The node agent: one worker for each pod that is assigned to the node."""

from __future__ import annotations

import asyncio
import logging

from kubelab.informer import Informer
from kubelab.kinds import Object, is_terminating, key_of, uid_of
from kubelab.node import processes
from kubelab.node.machine import Machine
from kubelab.node.pod import PodWorker

log = logging.getLogger(__name__)


class Agent:
    """Starts workers for new pods and brings them the news. found: what an agent before it left, by UID."""

    def __init__(self, machine: Machine, pods: Informer, found: dict[str, PodWorker]) -> None:
        self._machine = machine
        self._pods = pods
        self._found = dict(found)
        self._workers: dict[str, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        pods.on_change(self._changed)

    def find(self, namespace: str, name: str) -> PodWorker | None:
        """The worker of the pod that has this name now."""
        pod = self._pods.get(namespace, name)
        return self._workers.get(uid_of(pod)) if pod else None

    async def run(self) -> None:
        """Collects, at each look at the containers, what they left behind."""
        while True:
            await self._machine.relist.next()
            processes.reap_orphans()

    def clean_up(self) -> None:
        """When all pods are known: ends what belongs to none of them."""
        for worker in self._found.values():
            worker.resume(worker.pod)
            worker.removed()
            self._begin(worker)
        self._found = {}

    async def leave(self) -> dict[str, PodWorker]:
        """Ends all work and leaves the containers as they are; the workers, by UID, for the next agent."""
        left = self._found | self._workers
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return left

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if old is not None and (new is None or uid_of(new) != uid_of(old)):
            worker = self._workers.get(uid_of(old))
            if worker:
                worker.update(old)
                worker.removed()
        if new is None:
            return
        worker = self._workers.get(uid_of(new))
        if worker is not None:
            worker.update(new)
        elif not _is_over(new):
            self._start(new)

    def _start(self, pod: Object) -> None:
        if address := pod.get("status", {}).get("podIP"):
            self._machine.addresses.skip(address)
        worker = self._found.pop(uid_of(pod), None)
        if worker is None:
            worker = PodWorker(self._machine, pod)
        else:
            worker.resume(pod)
        self._begin(worker)

    def _begin(self, worker: PodWorker) -> None:
        self._workers[uid_of(worker.pod)] = worker
        task = asyncio.create_task(self._run(worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, worker: PodWorker) -> None:
        try:
            await worker.run()
        except Exception:
            log.exception("pod %s", "/".join(key_of(worker.pod)))
        finally:
            self._workers.pop(uid_of(worker.pod), None)


def _is_over(pod: Object) -> bool:
    """It has ended, and where it is being deleted, its node has let it go: a finalizer holds it."""
    let_go = not is_terminating(pod) or pod["metadata"].get("deletionGracePeriodSeconds") == 0
    return let_go and pod.get("status", {}).get("phase") in ("Succeeded", "Failed")

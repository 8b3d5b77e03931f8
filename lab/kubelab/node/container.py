"""One container of a pod: starts it, notices its end, starts it again after the back-off."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kubelab import images
from kubelab.errors import ApiError
from kubelab.kinds import CONFIG_MAPS, SECRETS, Kind, Object, uid_of
from kubelab.node import hooks, processes
from kubelab.node.backoff import BackOff, duration
from kubelab.node.environment import MissingSource, Sources, decoded, environment, expand
from kubelab.node.grace import Grace
from kubelab.node.machine import Machine
from kubelab.node.output import Output, kept_in
from kubelab.node.probes import Prober, Target
from kubelab.node.status import ContainerState, Ended, PodState, Started, Waiting
from kubelab.node.volumes import MountError, Mounts

JITTER = 0.5
"""A wait for the end of a back-off is up to this share longer (kubernetes/pkg/kubelet/pod_workers.go)."""
CONFIG_RETRY_S = 10.0
"""How long to wait after a missing Secret or ConfigMap (backOffPeriod in kubernetes/pkg/kubelet)."""
START_ERROR = 128
"""The exit code of a container whose program could not be run."""


class Runner:
    """Drives the ContainerState of one container. `changed` is called when there is something to report."""

    def __init__(
        self, machine: Machine, pod: PodState, state: ContainerState, mounts: Mounts, changed: Callable[[], None]
    ) -> None:
        self.state = state
        self.process: processes.Running | None = None
        self.output: Output | None = None
        self._machine = machine
        self._pod = pod
        self._mounts = mounts
        self._changed = changed
        self._back_off = BackOff()
        self._pull_back_off = BackOff()
        self._due_at: datetime | None = None
        self._probers: list[Prober] = []
        self._probing: list[asyncio.Task[None]] = []
        self._container: images.Container | None = None
        self._killing: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.exit_code is None

    @property
    def finished(self) -> bool:
        """It has ended and will not be started again."""
        return isinstance(self.state.state, Ended) and not self._is_restarted(self.state.state.exit_code)

    @property
    def succeeded(self) -> bool:
        return isinstance(self.state.state, Ended) and self.state.state.exit_code == 0

    def tell(self, event_type: str, reason: str, message: str) -> None:
        where = "initContainers" if self.state in self._pod.init_containers else "containers"
        self._machine.events.tell(
            self._pod.pod, event_type, reason, message, field_path=f"spec.{where}{{{self.state.name}}}"
        )

    async def look(self) -> None:
        """What a look at the container leads to: a start, a note of its end, a wait, a restart."""
        now = self._machine.now()
        if self.process is not None and not self.running:
            await self._ended(now)
            return
        match self.state.state:
            case Started():
                self._poke()
            case Ended(finished_at=finished_at, exit_code=code):
                if self._is_restarted(code):
                    self._wait(finished_at, now)
            case Waiting():
                if self._due_at is None or now >= self._due_at:
                    await self.start()

    def _is_restarted(self, exit_code: int) -> bool:
        policy = self._pod.pod["spec"].get("restartPolicy", "Always")
        if self.state in self._pod.init_containers:
            return exit_code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and exit_code != 0)

    def is_begun_anew(self, exit_code: int) -> bool:
        """Whether it runs again when the machine does. Init containers do, if any container of the pod will."""
        if self.state in self._pod.init_containers:
            return bool(self._pod.pod["spec"].get("restartPolicy", "Always") != "Never")
        return self._is_restarted(exit_code)

    async def _ended(self, now: datetime) -> None:
        """The process has ended: says so, and starts it again at once if no back-off is due."""
        self.note_end()
        ended = self.state.state
        assert isinstance(ended, Ended)
        self._changed()
        if not self._is_restarted(ended.exit_code):
            return
        if self._back_off.remaining_s(ended.finished_at, now):
            self._tell_back_off()
        else:
            await self.start()

    def note_end(self) -> None:
        """Takes the process's end into the state."""
        assert self.process is not None and self.process.exit_code is not None
        finished_at = self.process.finished_at or self._machine.now()
        self.state.state = Ended(self.process.exit_code, self.process.started_at, finished_at, self.state.id)
        self.state.ready = self.state.started = False
        self.process = None
        self.stop_probes()
        processes.kill_left_over(self.state.id)

    def _tell_back_off(self) -> None:
        pod = self._pod.pod["metadata"]
        where = f"pod {pod['name']}_{pod['namespace']}({pod['uid']})"
        self.tell("Warning", "BackOff", f"Back-off restarting failed container {self.state.name} in {where}")

    def _wait(self, finished_at: datetime, now: datetime) -> None:
        """From the second look on, the container is said to wait."""
        left_s = self._back_off.remaining_s(finished_at, now)
        assert isinstance(self.state.state, Ended)
        self.state.last = self.state.state
        pod = self._pod.pod["metadata"]
        message = (
            f"back-off {duration(self._back_off.seconds)} restarting failed container={self.state.name} "
            f"pod={pod['name']}_{pod['namespace']}({pod['uid']})"
        )
        self.state.state = Waiting("CrashLoopBackOff", message)
        self._tell_back_off()
        self._due_in(left_s)
        self._changed()

    def _due_in(self, seconds: float) -> None:
        jittered = seconds * (1 + JITTER * self._machine.random.random())
        self._due_at = datetime.fromtimestamp(self._machine.now().timestamp() + jittered, tz=self._machine.now().tzinfo)

    async def start(self) -> None:
        """Starts the container, or says what it waits for."""
        now = self._machine.now()
        again = self.state.last or (self.state.state if isinstance(self.state.state, Ended) else None)
        try:
            container = await self._resolve()
            process = images.start(container)
        except images.UnknownImage as e:
            self._no_image(str(e), now)
            return
        except (MissingSource, MountError) as e:
            self.state.state = Waiting("CreateContainerConfigError", str(e))
            self.tell("Warning", "Failed", f"Error: {e}")
            self._due_in(CONFIG_RETRY_S)
            self._changed()
            return
        self._due_at = None
        if again is not None:
            self._back_off.next(again.finished_at, now)
            self.state.last = again
            self.state.restarts += 1
        self.state.id = secrets.token_hex(32)
        self._container = container
        await self._launch(process)
        self._changed()

    async def _launch(self, process: images.Process) -> None:
        image = self.state.spec["image"]
        told = f'Container image "{image}" already present on machine and can be accessed by the pod'
        self.tell("Normal", "Pulled", told)
        self.tell("Normal", "Created", "Container created")
        log = self._machine.log_file(uid_of(self._pod.pod), self.state.name, self.state.restarts)
        try:
            async with kept_in(log) as (descriptor, self.output):
                self.process = processes.start(process, self.state.id, descriptor)
        except OSError as e:
            now = self._machine.now()
            message = f"failed to start {process.argv[0]!r}: {e.strerror or e}"
            self.state.state = Ended(START_ERROR, now, now, self.state.id, "StartError", message)
            self.tell("Warning", "Failed", f"Error: {message}")
            return
        self.tell("Normal", "Started", "Container started")
        if await self._after_start(self.process):
            self.state.state = Started(self.process.started_at)
            self._start_probes()

    async def _after_start(self, process: processes.Running) -> bool:
        """Runs the postStart hook; before it is done, the container is not said to run. One that fails stops it."""
        hook = (self.state.spec.get("lifecycle") or {}).get("postStart")
        try:
            if hook:
                await self._run_hook(hook, process)
        except hooks.HookFailed:
            self.tell("Warning", "FailedPostStartHook", "PostStartHook failed")
            self.tell("Normal", "Killing", "FailedPostStartHook")
            await self.stop(Grace.of(self._pod.pod["spec"]["terminationGracePeriodSeconds"]))
            return False
        return True

    def _no_image(self, message: str, now: datetime) -> None:
        """As for an image that cannot be pulled: ErrImagePull, and ImagePullBackOff between the tries."""
        image = self.state.spec["image"]
        before = self.state.state
        if self.state.spec.get("imagePullPolicy") == "Never":
            told = f'Container image "{image}" is not present with pull policy of Never'
            self.tell("Warning", "ErrImageNeverPull", told)
            self.tell("Warning", "Failed", "Error: ErrImageNeverPull")
            self.state.state = Waiting("ErrImageNeverPull", told)
            self._due_in(CONFIG_RETRY_S)
        elif isinstance(before, Waiting) and before.reason == "ErrImagePull":
            self.tell("Normal", "BackOff", f'Back-off pulling image "{image}"')
            self.tell("Warning", "Failed", "Error: ImagePullBackOff")
            told = f'Back-off pulling image "{image}": ErrImagePull: {message}'
            self.state.state = Waiting("ImagePullBackOff", told)
            self._due_in(self._pull_back_off.seconds)
        else:
            self.tell("Normal", "Pulling", f'Pulling image "{image}"')
            self.tell("Warning", "Failed", f'Failed to pull image "{image}": {message}')
            self.tell("Warning", "Failed", "Error: ErrImagePull")
            self._pull_back_off.next(now, now)
            self.state.state = Waiting("ErrImagePull", message)
            self._due_at = None
        self._changed()

    async def _resolve(self) -> images.Container:
        """The container with its variables, mounts and directory. Raises MissingSource and MountError."""
        spec, pod = self.state.spec, self._pod
        told = pod.pod | {"status": {"podIP": pod.pod_ip, "hostIP": pod.host_ip}}
        told["status"] |= {"podIPs": [{"ip": pod.pod_ip}], "hostIPs": [{"ip": pod.host_ip}]}
        services, server = self._machine.services.all(), self._machine.client.server
        env = environment(spec, told, await self._sources(), services, server)
        directory = self._machine.pod_directory(uid_of(pod.pod)) / "containers" / self.state.name
        directory.mkdir(parents=True, exist_ok=True)
        return images.Container(
            image=spec["image"],
            command=tuple(expand(word, env) for word in spec.get("command") or ()),
            args=tuple(expand(word, env) for word in spec.get("args") or ()),
            env={**self._own_environment(directory), **env},
            pod_ip=pod.pod_ip,
            mounts=self._mounts.of(spec),
            directory=directory,
        )

    def _own_environment(self, directory: Path) -> dict[str, str]:
        """What every container gets; nothing else of the node's environment."""
        metadata = self._pod.pod["metadata"]
        passed = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return passed | {
            "HOME": str(directory),
            "HOSTNAME": self._pod.pod["spec"].get("hostname") or metadata["name"],
            "KUBELAB_HOSTS": str(self._machine.hosts_file),
            "KUBELAB_NAMESPACE": metadata["namespace"],
        }

    async def _sources(self) -> Sources:
        """The Secrets and ConfigMaps that the container's variables come from; those that exist."""
        wanted: dict[tuple[Kind, str], Mapping[str, str]] = {}
        for source in self.state.spec.get("envFrom") or ():
            for field, kind in (("secretRef", SECRETS), ("configMapRef", CONFIG_MAPS)):
                if field in source:
                    wanted[kind, source[field]["name"]] = {}
        for variable in self.state.spec.get("env") or ():
            value = variable.get("valueFrom") or {}
            for field, kind in (("secretKeyRef", SECRETS), ("configMapKeyRef", CONFIG_MAPS)):
                if field in value:
                    wanted[kind, value[field]["name"]] = {}
        found = {key: await self._read(*key) for key in wanted}
        return Sources(
            self._pod.pod["metadata"]["namespace"],
            {name: decoded(obj) for (kind, name), obj in found.items() if obj and kind == SECRETS},
            {name: obj.get("data") or {} for (kind, name), obj in found.items() if obj and kind == CONFIG_MAPS},
        )

    async def _read(self, kind: Kind, name: str) -> Object | None:
        try:
            return await self._machine.client.get(kind, name, self._pod.pod["metadata"]["namespace"])
        except ApiError as e:
            if e.not_found:
                return None
            raise MissingSource(e.message) from None

    async def run_inside(self, command: list[str], timeout_s: float) -> tuple[int | None, str]:
        """Runs a command in the container's surroundings."""
        return await processes.run_for(self.beside(command), self.state.id, timeout_s)

    def resume(self, *, ending: bool) -> None:
        """Probes a container again that ran on while nobody looked; it is not ready before a probe says so.

        ending: its pod is being deleted, and no probe is begun.
        """
        if self.process is not None and self.running and not isinstance(self.state.state, Started):
            self.state.state = Started(self.process.started_at)  # Its postStart hook was broken off.
            self.state.started = "startupProbe" not in self.state.spec
        if self.running and not self._probers:
            self.state.ready = self.state.ready and "readinessProbe" not in self.state.spec
            if not ending:
                self._begin_probes()

    def beside(self, command: list[str]) -> images.Process:
        """One more process of the container, for `processes.start_beside`. Only while it runs."""
        assert self._container is not None and self.process is not None
        return images.run_inside(self._container, command, self.process.pid)

    def _start_probes(self) -> None:
        spec = self.state.spec
        self.state.started = "startupProbe" not in spec
        self.state.ready = self.state.started and "readinessProbe" not in spec
        self._begin_probes()

    def _begin_probes(self) -> None:
        spec = self.state.spec
        target = Target(self._pod.pod_ip, spec, self.run_inside)
        assert self.process is not None
        for kind in ("startup", "readiness", "liveness"):
            if f"{kind}Probe" in spec:
                prober = Prober(
                    kind,
                    spec[f"{kind}Probe"],
                    target,
                    changed=self._probed,
                    failed=self._probe_failed,
                    may_start=lambda kind=kind: kind == "startup" or self.state.started,  # type: ignore[misc]
                )
                self._probers.append(prober)
                self._probing.append(asyncio.create_task(prober.run(self.process.started_at)))

    def stop_probes(self, *kinds: str) -> None:
        """Stops the probes of these kinds, all of them without any."""
        for prober, task in zip(self._probers, self._probing, strict=True):
            if not kinds or prober.kind in kinds:
                task.cancel()
        if not kinds:
            self._probers, self._probing = [], []

    def _poke(self) -> None:
        for prober in self._probers:
            if prober.kind == "readiness":
                prober.poke()

    def _probed(self, kind: str, success: bool) -> None:
        if kind == "readiness":
            self.state.ready = success
        elif kind == "startup" and success:
            self.state.started = True
            self.state.ready = "readinessProbe" not in self.state.spec
            for prober in self._probers:
                prober.poke()
        elif not success:
            self._restart_unhealthy(kind)
        self._changed()

    def _probe_failed(self, kind: str, output: str) -> None:
        self.tell("Warning", "Unhealthy", f"{kind.capitalize()} probe failed: {output}")

    def _restart_unhealthy(self, kind: str) -> None:
        self.tell("Normal", "Killing", f"Container {self.state.name} failed {kind} probe, will be restarted")
        probe = self.state.spec[f"{kind}Probe"]
        grace_s = probe.get("terminationGracePeriodSeconds", self._pod.pod["spec"]["terminationGracePeriodSeconds"])
        self._killing = asyncio.create_task(self.stop(Grace.of(grace_s)))

    async def stop(self, grace: Grace) -> None:
        """The preStop hook and then SIGTERM; SIGKILL when it still runs after the grace period, which both share."""
        process = self.process
        if process is None:
            return
        hook = (self.state.spec.get("lifecycle") or {}).get("preStop")
        if hook:
            await self._before_stop(hook, process, grace)
        process.terminate()
        grace.grant_the_shortest()
        if not await grace.covers(process.wait()):
            process.kill()
            await process.wait()

    async def _before_stop(self, hook: Mapping[str, Any], process: processes.Running, grace: Grace) -> None:
        """Runs the hook as long as the grace period lasts."""
        try:
            await grace.covers(self._run_hook(hook, process))
        except hooks.HookFailed:
            self.tell("Warning", "FailedPreStopHook", "PreStopHook failed")

    async def _run_hook(self, hook: Mapping[str, Any], process: processes.Running) -> None:
        """To its end, or to that of the container. Raises HookFailed."""
        ended = asyncio.create_task(process.wait())
        hooked = asyncio.create_task(hooks.run(hook, Target(self._pod.pod_ip, self.state.spec, self.run_inside)))
        try:
            await asyncio.wait({hooked, ended}, return_when=asyncio.FIRST_COMPLETED)
            if hooked.done():
                await hooked
        finally:
            hooked.cancel()
            ended.cancel()

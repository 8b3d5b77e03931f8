"""kubelab: a Kubernetes-compatible cluster on this machine, in one command."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from kubelab import labs
from kubelab.errors import ApiError, LabError, NoLab
from kubelab.progress import Progress
from kubelab.state import ENVIRONMENT, NODE_GRACE_S, Lab, State, default_directory

MANIFESTS = Path("manifests")
READY_TIMEOUT_S = 120.0
MOST_NODES = 100
INTERRUPTED = 130
FAULTS = {
    "crash": "a power cut, which takes the node's containers along",
    "stop": "the kubelet alone stops, its containers run on",
    "start": "the end of either",
}
if TYPE_CHECKING:
    from kubelab.joining import Part

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of `kubelab`. Ends the process with the command's exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command: list[str] = []
    if "--" in given:
        command = given[given.index("--") + 1 :]
        given = given[: given.index("--")]
    options = _parser().parse_args(given)
    options.command = [*getattr(options, "command", []), *command]
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = options.run(options)
    except (LabError, ApiError) as e:
        print(f"kubelab: {e}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("kubelab: interrupted", file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kubelab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    state = argparse.ArgumentParser(add_help=False)
    state.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help=f"state directory (default: ${ENVIRONMENT}, or ~/.local/state/kubelab/default)",
    )
    starting = argparse.ArgumentParser(add_help=False, parents=[_of_nodes_health()])
    starting.add_argument("--nodes", type=_node_count, default=2, metavar="N", help="number of nodes (default: 2)")
    starting.add_argument(
        "--apply", type=Path, nargs="+", action="extend", metavar="PATH", help="manifests: files, folders of them"
    )
    starting.add_argument(
        "--timeout", type=float, default=READY_TIMEOUT_S, metavar="S", help="seconds to wait for Ready (default: 120)"
    )
    starting.add_argument(
        "--audit-log",
        type=Path,
        metavar="FILE",
        help="note every request to the API server there, a line of JSON for each (audit.k8s.io/v1, Metadata)",
    )
    up = commands.add_parser("up", parents=[state, starting], help="start a lab")
    up.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="return when what was applied is Ready (default)",
    )
    up.set_defaults(run=_up)
    down = commands.add_parser("down", parents=[state], help="end the lab and remove its state")
    down.set_defaults(run=_down)
    status = commands.add_parser("status", parents=[state], help="say what runs")
    status.set_defaults(run=_status)
    kubeconfig = commands.add_parser("kubeconfig", parents=[state], help="print the path of the lab's kubeconfig")
    kubeconfig.set_defaults(run=_kubeconfig)
    _add_nodes(commands, state)
    _add_control_plane(commands, state)
    execute = commands.add_parser(
        "exec",
        parents=[state, starting],
        help="run a command against the lab, or against one of its own",
        usage="kubelab exec [--apply PATH ...] [--nodes N] [--timeout S] [--state DIR] -- COMMAND ...",
        description="Uses the lab that runs in the state directory. Without one, starts a lab for the command alone, "
        "applies ./manifests (or what --apply says), waits until it is Ready, and takes everything down afterwards.",
    )
    execute.set_defaults(run=_exec)
    _add_parts(commands)
    return parser


def _add_nodes(commands: Commands, state: argparse.ArgumentParser) -> None:
    """node crash | stop | start | run."""
    node = commands.add_parser("node", help="crash a node, stop its kubelet, start either again; run one elsewhere")
    verbs = node.add_subparsers(required=True, metavar="VERB")
    for fault, meaning in FAULTS.items():
        parser = verbs.add_parser(fault, parents=[state], help=meaning)
        parser.add_argument("name", metavar="NAME")
        parser.set_defaults(run=_node, fault=fault)
    run = verbs.add_parser("run", parents=[_of_a_part()], help="be a node of the cluster that a kubeconfig names")
    run.add_argument("name", metavar="NAME")
    run.set_defaults(run=lambda options: _part(options).run_node(options.name))


def _add_control_plane(commands: Commands, state: argparse.ArgumentParser) -> None:
    """control-plane restart."""
    plane = commands.add_parser("control-plane", help="crash the API server and the controllers, which come back")
    restart = plane.add_subparsers(required=True, metavar="VERB").add_parser(
        "restart",
        parents=[state],
        help="kill them; returns when the API server answers again, while nodes, containers and connections go on",
    )
    restart.set_defaults(run=_control_plane)


def _add_parts(commands: Commands) -> None:
    """controllers run, proxy run."""
    controllers = commands.add_parser("controllers", help="the lab's controllers, for another API server")
    run = controllers.add_subparsers(required=True, metavar="VERB").add_parser(
        "run",
        parents=[_of_a_part(), _of_nodes_health()],
        help="be the controllers, scheduler and service proxy of the cluster that a kubeconfig names",
    )
    run.set_defaults(run=lambda options: _part(options).run_controllers(options.node_monitor_grace_period))
    proxy = commands.add_parser("proxy", help="the lab's service proxy, for another API server")
    run = proxy.add_subparsers(required=True, metavar="VERB").add_parser(
        "run",
        parents=[_of_a_part()],
        help="serve the Services and Ingresses of the cluster that a kubeconfig names",
    )
    run.set_defaults(run=lambda options: _part(options).run_proxy())


def _of_a_part() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--kubeconfig", type=Path, required=True, metavar="FILE", help="the cluster, and who we are there"
    )
    options.add_argument(
        "--directory",
        type=Path,
        metavar="DIR",
        help="where files are kept; nodes and the proxy of one cluster share it, so that pods find Services by name "
        "(default: one of its own, removed at the end)",
    )
    return options


def _of_nodes_health() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--node-monitor-grace-period",
        type=_seconds,
        default=NODE_GRACE_S,
        metavar="S",
        help=f"seconds that a node may be silent before it is called Unknown (default: {NODE_GRACE_S:g})",
    )
    return options


def _node_count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if not 1 <= count <= MOST_NODES:
        raise argparse.ArgumentTypeError(f"{text} is no number of nodes (1 to {MOST_NODES})")
    return count


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds (at least 1)")
    return seconds


def _state(options: argparse.Namespace) -> State:
    return State(options.state or default_directory())


def _up(options: argparse.Namespace) -> int:
    state, progress = _state(options), Progress()
    _check(options.apply or [])
    if state.is_locked and (running := state.read()) is not None:
        _refuse_audit_log(options, state)
        progress.step(f"a lab runs in {state} already")
        asyncio.run(labs.until_usable(state, running))
    else:
        before = state.read() if state.lab_file.exists() else None
        if before is not None:
            progress.step(f"goes on with the lab in {state}, which ended without `kubelab down`")
        guard = _start(options, state, own=False)
        try:
            asyncio.run(labs.until_up(state, guard, progress))
        except BaseException:
            _end_quietly(state, guard, keep=before is not None)
            raise
    if options.apply:
        asyncio.run(labs.apply(state.kubeconfig, options.apply, progress, wait=options.wait, timeout_s=options.timeout))
    print(f"export KUBECONFIG={state.kubeconfig}")
    return 0


def _start(options: argparse.Namespace, state: State, *, own: bool) -> subprocess.Popen[bytes]:
    """Raises LabError, before anything is started."""
    grace_s, audit_log = options.node_monitor_grace_period, options.audit_log
    if audit_log:
        try:
            os.close(os.open(audit_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        except OSError as e:
            raise LabError(f"cannot write the audit log {audit_log}: {e.strerror}; give another file") from None
    return labs.start(state, options.nodes, grace_s, own=own, audit_log=audit_log)


def _refuse_audit_log(options: argparse.Namespace, state: State) -> None:
    """Raises LabError: of a lab that runs, requests would be missing."""
    if options.audit_log:
        raise LabError(f"a lab runs in {state} already, and --audit-log begins with a lab: end it with `kubelab down`")


def _end_quietly(state: State, guard: subprocess.Popen[bytes], *, keep: bool) -> None:
    """Ends a lab that did not come up. Its logs stay when it held something before."""
    try:
        labs.end(state, guard, keep=keep)
    except LabError as e:
        print(f"kubelab: {e}", file=sys.stderr)


def _check(paths: Sequence[Path]) -> None:
    """Finds broken manifests before anything is started. Raises ManifestError."""
    from kubelab import manifests

    if paths:
        manifests.read(paths)


def _down(options: argparse.Namespace) -> int:
    state = _state(options)
    if state.read() is None and not state.is_locked:
        print(f"kubelab: no lab is in {state}", file=sys.stderr)
        return 0
    labs.end(state)
    return 0


def _status(options: argparse.Namespace) -> int:
    state = _state(options)
    lab = state.running()
    print(f"state     {state}\nserver    {lab.server}")
    asyncio.run(_print_status(state, lab))
    return 0


async def _print_status(state: State, lab: Lab) -> None:
    from kubelab.client import Client
    from kubelab.kinds import NODES, PODS, is_true

    async with Client.from_kubeconfig(state.kubeconfig) as client:
        nodes = {n["metadata"]["name"]: n for n in (await client.list(NODES))["items"]}
        for name in lab.nodes:
            ready = name in nodes and is_true(nodes[name], "Ready")
            print(f"node      {name}  {'Ready' if ready else 'NotReady'}")
        pods = (await client.list(PODS))["items"]
        ready_pods = sum(is_true(p, "Ready") for p in pods)
        print(f"pods      {ready_pods} of {len(pods)} Ready")


def _kubeconfig(options: argparse.Namespace) -> int:
    state = _state(options)
    state.running()
    print(state.kubeconfig)
    return 0


def _node(options: argparse.Namespace) -> int:
    from kubelab.nodes import NodeFault

    state = _state(options)
    node = NodeFault(state, state.running(), options.name)
    print({"crash": node.crash, "stop": node.stop, "start": node.start}[options.fault]())
    return 0


def _control_plane(options: argparse.Namespace) -> int:
    from kubelab import controlplane

    state = _state(options)
    print(controlplane.restart(state, state.running()))
    return 0


def _part(options: argparse.Namespace) -> Part:
    from kubelab.joining import Part

    return Part(options.kubeconfig, options.directory)


def _exec(options: argparse.Namespace) -> int:
    from kubelab import running

    if not options.command:
        raise LabError("what shall be run? kubelab exec -- COMMAND ...")
    running.check(options.command)
    state, progress = _state(options), Progress()
    if _is_running(state):
        _refuse_audit_log(options, state)
        if options.apply:
            asyncio.run(labs.apply(state.kubeconfig, options.apply, progress, wait=True, timeout_s=options.timeout))
        return running.run(options.command, _environment(state))
    paths = options.apply or ([MANIFESTS] if MANIFESTS.is_dir() else [])
    _check(paths)
    return _exec_in_own_lab(options, paths, progress)


def _is_running(state: State) -> bool:
    try:
        state.running()
    except NoLab:
        return False
    return True


def _exec_in_own_lab(options: argparse.Namespace, paths: Sequence[Path], progress: Progress) -> int:
    from kubelab import running

    state = State(Path(tempfile.mkdtemp(prefix="kubelab-")))
    guard = _start(options, state, own=True)
    try:
        asyncio.run(labs.until_up(state, guard, progress))
        if paths:
            asyncio.run(labs.apply(state.kubeconfig, paths, progress, wait=True, timeout_s=options.timeout))
        return running.run(options.command, _environment(state))
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        labs.end(state, guard)


def _environment(state: State) -> dict[str, str]:
    return os.environ | {"KUBECONFIG": str(state.kubeconfig), ENVIRONMENT: str(state)}

"""A command inside a container, as `kubectl exec` runs it: Kubernetes' remote command protocol over a WebSocket.

Protocol: kubernetes/kubelet pkg/cri/streaming/remotecommand (websocket.go); v4.channel.k8s.io: the first byte of each
message is its channel, and the last message on channel 3 is a Status with the command's exit code.
"""

import json
import time
from collections.abc import Sequence

from chaosmongo.cluster import Cluster
from chaosmongo.errors import CommandCutOff, CommandFailed, FaultFailed

PROTOCOL = "v4.channel.k8s.io"
STDOUT, STDERR, ERROR = 1, 2, 3
SHOWN = 300


def run_inside(
    cluster: Cluster, namespace: str, pod: str, container: str, command: Sequence[str], timeout_s: float
) -> str:
    """What the command printed on stdout. container: "" for the pod's only, or default, one.

    Raises CommandFailed, CommandCutOff; FaultFailed where it did not end in time; ApiRefused, NoCluster.
    """
    import websocket

    end = time.monotonic() + timeout_s
    query = {"container": container} if container else {}
    opened = cluster.websocket(
        f"/api/v1/namespaces/{namespace}/pods/{pod}/exec",
        PROTOCOL,
        timeout_s,
        command=list(command),
        stdout="true",
        stderr="true",
        **query,
    )
    said = {STDOUT: b"", STDERR: b"", ERROR: b""}
    try:
        while not said[ERROR]:
            opened.settimeout(max(0.001, end - time.monotonic()))
            message = opened.recv()
            if not message:
                break
            data = message.encode() if isinstance(message, str) else message
            if data[0] in said:
                said[data[0]] += data[1:]
    except websocket.WebSocketTimeoutException:
        raise FaultFailed(f"the command in {namespace}/{pod} did not end within {timeout_s:g} s") from None
    except (websocket.WebSocketException, OSError) as error:
        raise CommandCutOff(f"the command in {namespace}/{pod} was cut off ({error})") from None
    finally:
        opened.close()
    _succeeded(f"{namespace}/{pod}", said[ERROR], said[STDERR] or said[STDOUT])
    return said[STDOUT].decode(errors="replace")


def _succeeded(where: str, ending: bytes, output: bytes) -> None:
    try:
        status = json.loads(ending)
    except ValueError:
        raise CommandCutOff(f"the command in {where} was cut off before its end was told") from None
    if status.get("status") != "Success":
        causes = (status.get("details") or {}).get("causes") or []
        codes = [str(cause.get("message")) for cause in causes if cause.get("reason") == "ExitCode"]
        code = int(codes[0]) if codes and codes[0].isdecimal() else -1
        shown = output.decode(errors="replace").strip()[-SHOWN:] or str(status.get("message", ""))
        raise CommandFailed(f"the command in {where} failed: {shown}", code)

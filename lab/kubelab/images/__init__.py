"""Images: what an image name stands for on a machine without containers.

A recipe turns a container of a pod into one local process. The node agent calls `start` for the container's own
process and `run_inside` for exec probes and `kubectl exec`; it owns signals, restarts, logs and process groups.
There is no file system of the container's own: a command given in a pod spec sees this machine's paths, and the
recipes find mounted volumes through `Container.mounts`.

This module imports nothing before it is asked to: programs that run inside containers live below it, and start often.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kubelab.images.catalogue import known, run_inside, start
    from kubelab.images.container import Container, Process
    from kubelab.images.errors import ImageError, UnknownImage

__all__ = ["Container", "ImageError", "Process", "UnknownImage", "known", "run_inside", "start"]

_HOMES = {
    "Container": "container",
    "ImageError": "errors",
    "Process": "container",
    "UnknownImage": "errors",
    "known": "catalogue",
    "run_inside": "catalogue",
    "start": "catalogue",
}


def __getattr__(name: str) -> object:
    """Load a public name from the module that holds it, on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

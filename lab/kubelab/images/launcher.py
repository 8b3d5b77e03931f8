"""`python -m kubelab.images.launcher MODULE [ARGUMENT...]`: run a Python module with cluster names resolved."""

from __future__ import annotations

import runpy
import sys

from kubelab.images import resolver


def main() -> None:
    """Patch name resolution, then become the module."""
    if len(sys.argv) < 2:
        raise SystemExit("usage: python -m kubelab.images.launcher MODULE [ARGUMENT...]")
    resolver.install()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

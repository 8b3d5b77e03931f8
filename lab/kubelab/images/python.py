"""Command lines for Python programs that run inside containers."""

from __future__ import annotations

import sys
from pathlib import Path

IMAGES = Path(__file__).resolve().parent


def lean(module: str) -> tuple[str, ...]:
    """Run main() of a module below images/ with the standard library alone: it starts in a third of the time.

    Such a module is loaded with images/ as the root of imports, so it imports its siblings relatively and nothing
    else of kubelab.
    """
    code = f"import sys; sys.path.insert(0, {str(IMAGES)!r}); from {module} import main; sys.exit(main())"
    return (sys.executable, "-I", "-S", "-c", code)


def full(module: str) -> tuple[str, ...]:
    """Run a module of this installation, with cluster names resolved (see kubelab.images.launcher)."""
    return (sys.executable, "-u", "-P", "-m", "kubelab.images.launcher", module)

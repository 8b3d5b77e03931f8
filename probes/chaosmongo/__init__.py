"""Chaos Toolkit extension: the words that experiments use, and the measuring behind them.

actions, probes, controls    the words
faults                       what can be done to a cluster, one file each
workload                     the client load, a process of its own
observer, cluster            what Kubernetes says; the only door to its API
database, wire               MongoDB through its driver, and without it
history                      the record of a run
checks                       from the record to the verdict, pure
"""

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaoslib.types import Discovery

__all__ = ["__version__", "discover"]

__version__ = version("chaostoolkit-mongodb")


def discover(discover_system: bool = True) -> "Discovery":  # noqa: ARG001
    """All activities, for `chaos discover chaostoolkit-mongodb`."""
    from chaoslib.discovery.discover import discover_actions, discover_probes, initialize_discovery_result

    found = initialize_discovery_result("chaostoolkit-mongodb", __version__, "mongodb")
    found["activities"].extend(discover_actions("chaosmongo.actions"))
    found["activities"].extend(discover_probes("chaosmongo.probes"))
    return found

"""What an experiment's `configuration` block says, as one value with types.

Every key may stand in the block as it is, be set with --var KEY=VALUE, or come from the environment variable that the
experiment names for it. The one exception is the window: CHAOSMONGO_WINDOW holds whatever the experiment declares, for
Chaos Toolkit ignores a --var that is not declared, and a safety limit must not be ignored.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from chaosmongo.errors import BadConfiguration
from chaosmongo.history.records import LANES, Objectives, Target
from chaosmongo.window import BadWindow, Window, parse

NONE = -1
OF_ONE_LANE = tuple(f"rto_{lane}_s" for lane in LANES)
WAYS = ("auto", "service", "port-forward")
WINDOW = "CHAOSMONGO_WINDOW"
"""The environment variable that limits every run, whatever its experiment declares."""


@dataclass(frozen=True)
class Config:
    """namespace "" means: no cluster, `mongo_uri` alone. "" for an address means: find it through the cluster.

    reach says how a Service is found: "service" by its own addresses, "port-forward" by one of our own through the API
    server, "auto" by the first of these that works (in a pod: "service"). mongo_uri and app_url go before it.

    Times in seconds. rto_s holds for every lane; rto_server_s, rto_driver_s, rto_user_s override it (0: not set; -1:
    no objective for that lane, which need not be measured then).
    abort_outage_s: a lane that is down for longer aborts the experiment (0: never).
    window: when faults may be made ("": always, see `chaosmongo.window`). window_of_environment: the same, from
    CHAOSMONGO_WINDOW; both must be open.

    The commands do what no API of Kubernetes does: cut a node off and bring it back, stop its kubelet, restart the
    control plane. They are run without a shell, {node} replaced by the node's name, and stand in the run's record: what
    must stay secret belongs in the environment.
    """

    namespace: str = "pacman"
    statefulset: str = "mongo"
    mongo_service: str = "mongo"
    mongo_secret: str = "mongodb-users-secret"
    app_service: str = "pacman"
    mongo_uri: str = ""
    app_url: str = ""
    reach: str = "auto"
    database: str = "pacman"
    collection: str = "highscore"
    rto_s: float = 30
    rto_server_s: float = 0
    rto_driver_s: float = 0
    rto_user_s: float = 0
    rpo_writes: int = 0
    recovery_timeout_s: float = 60
    abort_outage_s: float = 0
    window: str = ""
    window_of_environment: str = ""
    runs: str = "runs"
    node_crash_command: str = ""
    node_start_command: str = ""
    kubelet_stop_command: str = ""
    control_plane_restart_command: str = ""

    @classmethod
    def read(cls, configuration: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> "Config":
        """Takes what it knows and leaves the rest. Raises BadConfiguration naming key, value and what it must be."""
        known: dict[str, Any] = {}
        for field in fields(cls):
            if field.name in configuration:
                known[field.name] = _converted(field.name, field.type, configuration[field.name])
        known["window_of_environment"] = environment.get(WINDOW, "")
        config = cls(**known)
        config._check_windows()
        if config.reach not in WAYS:
            raise BadConfiguration(f"configuration reach: {config.reach!r} is none of {', '.join(WAYS)}")
        if not config.namespace and not config.mongo_uri:
            raise BadConfiguration(
                "Without a namespace there is no cluster to ask: mongo_uri must say where MongoDB is"
            )
        return config

    @property
    def windows(self) -> list[Window]:
        """When faults may be made: when all of these are open."""
        return [parse(text) for text in dict.fromkeys((self.window, self.window_of_environment))]

    def _check_windows(self) -> None:
        for name, text in (("configuration window", self.window), (WINDOW, self.window_of_environment)):
            try:
                parse(text)
            except BadWindow as error:
                raise BadConfiguration(f"{name}: {error}") from None

    @property
    def objectives(self) -> Objectives:
        own = {lane: float(getattr(self, f"rto_{lane}_s")) for lane in LANES}
        return Objectives({lane: own[lane] or self.rto_s for lane in LANES if own[lane] != NONE}, self.rpo_writes)

    @property
    def target(self) -> Target:
        return Target(self.namespace, self.statefulset if self.namespace else "", self.database, self.collection)

    @property
    def runs_directory(self) -> Path:
        return Path(self.runs)


def _converted(name: str, kind: Any, value: Any) -> Any:
    if kind is str:
        return "" if value is None else str(value)
    try:
        number = kind(value)
    except (TypeError, ValueError):
        raise BadConfiguration(
            f"configuration {name}: {value!r} is no {'number' if kind is float else 'whole number'}"
        ) from None
    if number < 0 and not (number == NONE and name in OF_ONE_LANE):
        raise BadConfiguration(f"configuration {name}: {value!r} is below 0")
    return number

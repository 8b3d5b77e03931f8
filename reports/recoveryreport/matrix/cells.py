"""The cells of a matrix: one value of each setting, the experiment and the vars that they stand for together."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from .complaints import Complaints, meant
from .experiments import configuration_keys
from .records import Cell, Var
from .settings import Value


def cells(default: str, settings: dict[str, list[Value]], complaints: Complaints) -> list[Cell]:
    """Every combination, the last setting's values running fastest. default: the experiment where none is chosen."""
    keys: dict[str, frozenset[str] | None] = {}
    return [
        Cell(
            labels=[value.label for value in values],
            experiment=_experiment(default, values, keys, complaints),
            vars=_vars(values, complaints),
        )
        for values in itertools.product(*settings.values())
    ]


def _experiment(
    default: str, values: Sequence[Value], keys: dict[str, frozenset[str] | None], complaints: Complaints
) -> str:
    choosing = [value for value in values if value.experiment]
    for another in choosing[1:]:
        complaints.say(
            f"{another.at}.experiment", f"{choosing[0].at} names one already: let one setting choose the experiment"
        )
    experiment, at = (choosing[0].experiment, f"{choosing[0].at}.experiment") if choosing else (default, "experiment")
    if not experiment:
        if not complaints.about("experiment"):
            complaints.say("experiment", "name the experiment's file, relative to the matrix file")
        return ""
    if experiment not in keys:
        try:
            keys[experiment] = configuration_keys(Path(experiment))
        except ValueError as error:
            keys[experiment] = None
            complaints.say(at, str(error))
    known = keys[experiment]
    for value in values:
        for key in value.vars:
            if known is not None and key not in known:
                complaints.say(
                    value.where(key),
                    f"{experiment} has no {key} in its configuration, so that it would change nothing: "
                    + meant(key, known, "add it there, or take it out here"),
                )
    return experiment


def _vars(values: Sequence[Value], complaints: Complaints) -> dict[str, Var]:
    found: dict[str, Var] = {}
    owners: dict[str, Value] = {}
    for value in values:
        for key, var in value.vars.items():
            if key in owners:
                complaints.say(value.where(key), f"{owners[key].where(key)} sets it, too: let one setting decide it")
            found[key], owners[key] = var, value
    return found

"""Whatever stands in an experiment, a finding is one line, and nothing breaks."""

import json

from chaosmongo.lint import lint
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .writing import CLEAN, experiment

PROVIDER = ["type", "name", "ref", "provider", "module", "func", "arguments"]
WORDS = [*PROVIDER, "tolerance", "probes", "key", "default", "pauses"]
VALUES = ["env", "probe", "python", "range", "int", "${x}", "os", "chaosmongo.actions", "start_workload", "", "\x1b[2J"]
scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.just(0.5) | st.sampled_from(VALUES)
values = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(WORDS), below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=30)
@given(st.sampled_from(sorted(CLEAN)), values)
@example("method", [{"type": "action", "name": "a", "provider": {"type": "python", "module": ["os"], "func": {}}}])
@example("configuration", {"rto_s": {"type": "env", "key": {}, "default": [1], "env_var_type": ["int"]}})
@example("secrets", {"a": "b", "c": {"type": "env"}, "d": {"e": {"type": []}}})
def test_anything_in_the_place_of_one_key(key: str, value: object) -> None:
    for finding in lint(experiment(**{key: json.dumps(value)})):
        assert finding.line >= 1
        assert finding.told("a.yaml").isprintable()

"""The profile under which `make mutants` runs the property tests: the same examples for every mutant."""

from hypothesis import HealthCheck, settings

# One process runs the same test again and again, which Hypothesis takes for an oversight.
settings.register_profile(
    "mutants",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)

"""How often do the intervals that are stated hold the truth?

The truth is a distribution that is known; samples are drawn from it, and what is stated of each sample is compared with
it. Beside it, on the same samples: a bootstrap interval of the mean, which is what is commonly reported.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from recoveryreport.statistics import bound_for_none, kaplan_meier, median_ranks, share
from recoveryreport.trials.durations import interval
from recoveryreport.trials.records import Duration
from scipy.stats import CensoredData, ecdf

from benchmarks.harness import Row, keep

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]

WINDOW = (0.93, 0.97)
NUMBERS = (*range(6, 31), 50, 100)
RESAMPLED = 1_000
ENOUGH = 2_000
"""Samples with which 95.9 % and 97 % can be told apart."""


def lognormal(chance: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return chance.lognormal(0.5, 0.6, shape)


def exponential(chance: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return chance.exponential(1.5, shape)


def clusters(chance: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """A driver that looks again every half second."""
    return chance.choice([0.511, 1.018, 1.518], shape, p=[0.4, 0.35, 0.25]) + chance.uniform(-0.004, 0.004, shape)


MEDIANS: dict[Draw, float] = {
    lognormal: math.exp(0.5),
    exponential: 1.5 * math.log(2),
    clusters: 1.014 + 0.008 * 0.1 / 0.35,
}


def run(quick: bool) -> list[Row]:
    samples = 2_000 if quick else 200_000
    found = [one for draw in MEDIANS for one in _coverages(draw, samples)]
    keep("statistics", found)
    rows = [_covered(found, draw.__name__, 20, samples) for draw in MEDIANS]
    rows.append(_worst(found, samples))
    rows += _censored(samples // 20)
    rows += [_of_the_mean(n, samples // 50) for n in (5, 10, 20)]
    rows += [_missed(n, samples) for n in (12, 59, 299)]
    rows.append(_shares(samples))
    return [*rows, _scipy(samples // 100)]


def _coverages(draw: Draw, samples: int) -> Iterator[dict[str, object]]:
    for n in NUMBERS:
        ranks = median_ranks(n)
        assert ranks is not None
        values = np.sort(draw(np.random.default_rng(n), (samples, n)), axis=1)
        held = (values[:, ranks.low - 1] <= MEDIANS[draw]) & (values[:, ranks.high - 1] >= MEDIANS[draw])
        yield {"distribution": draw.__name__, "n": n, "stated": ranks.confidence, "covered": float(held.mean())}


def _covered(found: list[dict[str, object]], name: str, n: int, samples: int) -> Row:
    (one,) = (one for one in found if (one["distribution"], one["n"]) == (name, n))
    stated, covered = float(str(one["stated"])), float(str(one["covered"]))
    return Row(
        f"median of {n}, {name}: interval holds it",
        f"{covered:.1%}",
        f"{stated:.1%} stated",
        f"{covered / stated:.3f}",
        samples,
        wanted="93 to 97 %",
        met=WINDOW[0] <= covered <= WINDOW[1],
    )


def _worst(found: list[dict[str, object]], samples: int) -> Row:
    off = [abs(float(str(one["covered"])) - float(str(one["stated"]))) for one in found]
    noise = 4 * math.sqrt(0.05 * 0.95 / samples)  # of a simulation of this size
    return Row(
        f"the same, {len(MEDIANS)} distributions, n = 6 to 100: covered minus stated",
        f"at most {max(off):.2%}",
        n=len(found),
        wanted=f"noise: {noise:.2%}",
        met=max(off) <= noise,
    )


def _censored(samples: int) -> Iterator[Row]:
    """Through all that trials do with runs, brackets and runs that never recovered among them."""
    chance = np.random.default_rng(1)
    drawn = lognormal(chance, (samples, 20))
    unlike = chance.uniform(0.5, 6, (samples, 20))
    for what, watched, wanted in (
        ("3 in 10 never recovered in the time that all were watched", np.full((samples, 20), 2.258), WINDOW),
        ("watched for unlike times", unlike, (0.95, 1.0)),
    ):
        covered = float(np.mean([_held(*one) for one in zip(drawn, watched, strict=True)]))
        yield Row(
            f"median of 20, {what}: interval holds it",
            f"{covered:.1%}",
            "95.9% stated",
            n=samples,
            wanted="93 to 97 %" if wanted is WINDOW else "at least 95 %",
            met=wanted[0] <= covered <= wanted[1] if samples >= ENOUGH else None,
        )


def _held(values: Floats, watched: Floats) -> bool:
    seen = [
        Duration("", _ns(value), _ns(value)) if value <= limit else Duration("", _ns(limit), None, "censored")
        for value, limit in zip(values, watched, strict=True)
    ]
    stated = interval(seen)
    assert stated is not None
    return stated.low_ns <= _ns(math.exp(0.5)) <= (math.inf if stated.high_ns is None else stated.high_ns)


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _of_the_mean(n: int, samples: int) -> Row:
    """For comparison: the percentile bootstrap of the mean."""
    chance = np.random.default_rng(2)
    truth = math.exp(0.5 + 0.6**2 / 2)
    held = 0
    for values in lognormal(chance, (samples, n)):
        means = chance.choice(values, (RESAMPLED, n)).mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        held += bool(low <= truth <= high)
    covered = held / samples
    return Row(f"for comparison: bootstrap of the mean of {n}, lognormal", f"{covered:.1%}", "95.0% stated", n=samples)


def _missed(n: int, samples: int) -> Row:
    bound = bound_for_none(n)
    missed = float(np.mean(np.random.default_rng(n).binomial(n, bound, samples) == 0))
    return Row(
        f"none in {n}: an event as probable as the bound ({bound:.1%}) is missed",
        f"{missed:.1%}",
        "5.0% stated",
        n=samples,
        wanted="4 to 6 %",
        met=0.04 <= missed <= 0.06,
    )


def _shares(samples: int) -> Row:
    chance = np.random.default_rng(4)
    covered = []
    for n, probability in ((20, 0.1), (20, 0.5), (60, 0.8)):
        holds = [low <= probability <= high for low, high in (share(k, n) for k in range(n + 1))]
        covered.append(float(np.mean([holds[k] for k in chance.binomial(n, probability, samples)])))
    return Row(
        "some of n: interval of the probability holds it",
        f"{min(covered):.1%}",
        "95.0% stated",
        n=samples,
        spread=f"{min(covered):.1%} to {max(covered):.1%}",
        wanted="at least 95 %",
        met=min(covered) >= 0.95,
    )


def _scipy(samples: int) -> Row:
    chance = np.random.default_rng(5)
    worst = 0.0
    for _ in range(samples):
        n = int(chance.integers(2, 40))
        values, flags = np.round(chance.exponential(1, n), 1), chance.random(n) < 0.4
        if flags.all():
            continue
        curve = ecdf(CensoredData.right_censored(values, flags)).sf
        for step in kaplan_meier(values[~flags].tolist(), values[flags].tolist()):
            worst = max(worst, abs(float(step.surviving) - float(curve.evaluate(step.time))))
    return Row(
        "Kaplan-Meier: largest difference from scipy.stats.ecdf",
        f"{worst:.1e}",
        n=samples,
        wanted="rounding only",
        met=worst < 1e-9,
    )

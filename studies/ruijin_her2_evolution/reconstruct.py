"""Two hundred and forty-seven records behind the printed numbers of one study of HER2 at recurrence.

The pairs of HER2 classes and all counts are there from the start (``reconstruct_start.py``). The
search moves the times after the first recurrence, who died, and who has which HR status and type of
relapse, until the printed log-rank tests and Cox estimates come out. Printed values are read from
``published.yml``. The rest is drawn afterwards, in ``reconstruct_tables.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from her2adc import annealing as an
from her2adc.reconstruct import Band, Printed, Reconstruction, check, load_module, read_published

HERE = Path(__file__).parent
begin = load_module(HERE / "reconstruct_start.py")
curves = load_module(HERE / "reconstruct_curves.py")
tables = load_module(HERE / "reconstruct_tables.py")
measures = load_module(HERE / "reconstruct_measures.py")

Floats = NDArray[np.float64]

PINNED = frozenset([begin.SHORTEST, begin.MIDDLE, begin.LONGEST])
FIRST = an.Schedule(steps=60_000, hot=0.5, cold=0.003, rounds=1)
SECOND = an.Schedule(steps=40_000, hot=0.02, cold=0.0002, rounds=4)
STARTS, PROMISING = 12, 0.05
Z95 = 1.959963984540054


# --- what may change -----------------------------------------------------------------------------


def time_may_be(cohort: an.Cohort, i: int, time: int) -> bool:
    """Whether a time can move there: in its half of the follow-up, on a day of nobody else."""
    now = int(cohort["time"][i])
    if now in PINNED or not begin.SHORTEST < time < begin.LONGEST:
        return False
    if (now - begin.MIDDLE) * (time - begin.MIDDLE) <= 0:
        return False
    late = bool(cohort["event"][i]) and time > begin.LAST_DEATH
    return not late and not np.any(cohort["time"] == time)


def _time_may_pass(cohort: an.Cohort, i: int, j: int) -> bool:
    return not cohort["event"][i] or bool(cohort["time"][j] <= begin.LAST_DEATH)


def _death_may_pass(cohort: an.Cohort, i: int, j: int) -> bool:
    if cohort["type"][i] != cohort["type"][j]:
        return False
    return not cohort["event"][j] or bool(cohort["time"][i] <= begin.LAST_DEATH)


def _both_died_or_neither(cohort: an.Cohort, i: int, j: int) -> bool:
    return bool(cohort["event"][i] == cohort["event"][j])


def moves() -> list[an.Move]:
    """Times shift and change places; deaths move within class and type, labels within the pairs."""
    everyone = [np.arange(begin.N)]
    classes = [np.flatnonzero(k == begin.HER2) for k in range(3)]
    pairs = begin.strata()
    return [
        *[an.shift("time", 300, time_may_be)] * 4,
        an.swap_within(["time"], everyone, _time_may_pass),
        *[an.swap_within(["event"], classes, _death_may_pass)] * 3,
        an.swap_within(["hr"], pairs),
        an.swap_within(["type"], pairs, _both_died_or_neither),
    ]


# --- what is to be met ---------------------------------------------------------------------------


class Cost:
    """Distance of a cohort to every printed test and estimate of survival.

    Parameters
    ----------
    published : sequence of Printed
        Printed numbers.
    """

    def __init__(self, published: Sequence[Printed]) -> None:
        band = {p.id: p.band() for p in published}
        self.tests = curves.Tests(*curves.PRINTED, begin.HER2)
        self.names = list(self.tests.names)
        bands = [band[name].probit() for name in self.names]
        for name in ("R-R19", "R-R18"):
            limits = [name, f"{name}-lo", f"{name}-hi"]
            bands += [Band(math.log(band[n].low), math.log(band[n].high)) for n in limits]
            bands.append(band[f"{name}-p"].probit())
            self.names += [*limits, f"{name}-p"]
        self.weight = np.where(np.arange(len(bands)) < len(self.tests.names), 2.0, 10.0)
        low, high = np.array([(b.low, b.high) for b in bands]).T
        margin = (high - low) / 100  # so that rounding never decides
        self.low, self.high = low + margin, high - margin

    def values(self, cohort: an.Cohort) -> Floats:
        """Values of the cohort: deviates of tests, then logarithms of the Cox estimates."""
        z, estimates = self.tests.z(cohort)
        z[:-1] = np.abs(z[:-1])
        rows = [(b, b - Z95 * e, b + Z95 * e, abs(b) / e) for b, e in estimates.reshape(2, 2)]
        return np.concatenate([z, *rows])

    def __call__(self, cohort: an.Cohort) -> float:
        """Weighted sum of the distances."""
        values = self.values(cohort)
        outside = np.maximum(self.low - values, 0.0) + np.maximum(values - self.high, 0.0)
        return float(self.weight @ outside)


def search(published: Sequence[Printed], rng: np.random.Generator) -> an.Cohort:
    """Anneal from several starts, the promising ones longer, until all is met.

    Parameters
    ----------
    published : sequence of Printed
        Printed numbers.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    mapping of column name to array
        The best cohort found.
    """
    columns = frozenset(["time", "event", "hr", "type"])
    terms = [an.Term("survival", columns, np.ones(begin.N, dtype=bool), Cost(published))]
    best, best_cost = begin.start(rng), math.inf
    for _ in range(STARTS):
        cohort, cost = an.anneal(begin.start(rng), terms, moves(), rng, FIRST)
        if cost < PROMISING:
            cohort, cost = an.anneal(cohort, terms, moves(), rng, SECOND)
        if cost < best_cost:
            best, best_cost = cohort, cost
        if cost <= 0.0:
            break
    return best


def build(seed: int) -> Reconstruction:
    """Search, draw what is free, make the tables, compare them with what was printed."""
    rng = np.random.default_rng(seed)
    published = read_published(HERE / "published.yml")
    age_p = next(p for p in published if p.id == "R-T1-age-p").band()
    made = tables.write(search(published, rng), begin.HER2, begin.MATRIX, age_p, rng)
    return Reconstruction(made, check(published, measures.measure(made).__getitem__))

"""Two hundred and forty-seven records behind the printed numbers of one study of HER2 at recurrence.

The pairs of HER2 classes and all counts are there from the start (``reconstruct_start.py``). The
search first moves times and deaths between and within the classes, until the tests and estimates of
the whole cohort come out; then, with these fixed, HR status, type of relapse and concordance within
the classes. Printed values are read from ``published.yml``. The rest is drawn afterwards, in
``reconstruct_tables.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
FIRST = an.Schedule(steps=20_000, hot=0.5, cold=0.005, rounds=1)
SECOND = an.Schedule(steps=60_000, hot=0.015, cold=0.002, rounds=1)
LABELS = an.Schedule(steps=40_000, hot=0.3, cold=0.001, rounds=4)
STARTS, PROMISING = 16, 0.2
Z95 = 1.959963984540054
BETTER = "R-R31"  # concordant pairs live longer: this deviate has a sign


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
    return not cohort["event"][j] or bool(cohort["time"][i] <= begin.LAST_DEATH)


def _same_type(cohort: an.Cohort, i: int, j: int) -> bool:
    return bool(cohort["type"][i] == cohort["type"][j])


def _both_died_or_neither(cohort: an.Cohort, i: int, j: int) -> bool:
    return bool(cohort["event"][i] == cohort["event"][j])


def moves_of_times() -> list[an.Move]:
    """Times shift and change places, deaths move within a class."""
    return [
        *[an.shift("time", 300, time_may_be)] * 4,
        an.swap_within(["time"], [np.arange(begin.N)], _time_may_pass),
        *[an.swap_within(["event"], begin.classes(), _death_may_pass)] * 2,
    ]


def moves_of_labels() -> list[an.Move]:
    """What a class consists of stays: its times pass round, and labels of its pairs do."""
    pairs = begin.strata()
    return [
        an.swap_within(["time", "event"], begin.classes(), _same_type),
        an.swap_within(["time"], begin.classes(), _both_died_or_neither),
        an.swap_within(["hr"], pairs),
        an.swap_within(["type"], pairs, _both_died_or_neither),
    ]


# --- what is to be met ---------------------------------------------------------------------------


class Cost:
    """Distance of a cohort to printed log-rank tests, and to the Cox estimates if asked for.

    Parameters
    ----------
    published : sequence of Printed
        Printed numbers.
    which : pair of sequences of Test
        Tests of three groups and of two.
    cox : bool
        Whether the Cox estimates count.
    """

    def __init__(self, published: Sequence[Printed], which: Any, cox: bool) -> None:
        band = {p.id: p.band() for p in published}
        self.tests, self.cox = curves.Tests(*which, begin.HER2), cox
        self.signed = np.array([name == BETTER for name in self.tests.names])
        bands = [band[name].probit() for name in self.tests.names]
        for name in ("R-R19", "R-R18") if cox else ():
            limits = (band[name + end] for end in ("", "-lo", "-hi"))
            bands += [Band(math.log(b.low), math.log(b.high)) for b in limits]
            bands.append(band[f"{name}-p"].probit())
        self.weight = np.where(np.arange(len(bands)) < len(self.tests.names), 2.0, 10.0)
        low, high = np.array([(b.low, b.high) for b in bands]).T
        margin = (high - low) / 100  # so that rounding never decides
        self.low, self.high = low + margin, high - margin

    def __call__(self, cohort: an.Cohort) -> float:
        """Weighted sum of the distances, of deviates and of logarithms of hazard ratios.

        Rounded, so that the last bit of a sum, which depends on the machine, decides nothing.
        """
        z, at_risk, deaths = self.tests.z(cohort)
        z = np.where(self.signed, z, np.abs(z))
        values = [z]
        if self.cox:
            for b, e in curves.cox(at_risk, deaths).reshape(2, 2):
                values.append(np.array([b, b - Z95 * e, b + Z95 * e, abs(b) / e]))
        reached = np.concatenate(values)
        outside = np.maximum(self.low - reached, 0.0) + np.maximum(reached - self.high, 0.0)
        return round(float(self.weight @ outside), 9)


def _term(columns: str, cost: Cost) -> list[an.Term]:
    return [an.Term("survival", frozenset(columns.split()), np.ones(begin.N, dtype=bool), cost)]


def search(published: Sequence[Printed], rng: np.random.Generator) -> an.Cohort:
    """Anneal times and deaths until the classes are right, then the labels within the classes.

    Parameters
    ----------
    published : sequence of Printed
        Printed numbers.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    mapping of column name to array
        The cohort; the report says whether all is met.
    """
    whole = _term("time event", Cost(published, curves.WHOLE, cox=True))
    labels = _term("time event hr type", Cost(published, curves.BY_LABEL, cox=False))
    best, best_cost = begin.start(rng), math.inf
    for _ in range(STARTS):
        cohort, cost = an.anneal(begin.start(rng), whole, moves_of_times(), rng, FIRST)
        if cost < PROMISING:
            cohort, cost = an.anneal(cohort, whole, moves_of_times(), rng, SECOND)
        if cost < best_cost:
            best, best_cost = cohort, cost
        if cost <= 0.0:
            break
    found, _ = an.anneal(begin.place(best, rng), labels, moves_of_labels(), rng, LABELS)
    return found


def build(seed: int) -> Reconstruction:
    """Search, draw what is free, make the tables, compare them with what was printed."""
    rng = np.random.default_rng(seed)
    published = read_published(HERE / "published.yml")
    age_p = next(p for p in published if p.id == "R-T1-age-p").band()
    made = tables.write(search(published, rng), begin.HER2, begin.MATRIX, age_p, rng)
    return Reconstruction(made, check(published, measures.measure(made).__getitem__))

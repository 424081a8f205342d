"""Where the search starts: the printed counts, and the pairs that were chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from her2adc import annealing as an

Mask = NDArray[np.bool_]

CLASSES = ("HER2-zero", "HER2-low", "HER2-positive")
TYPES = ("LRR", "DM", "CBC")
SIZES = (53, 127, 67)
N = sum(SIZES)
HER2 = np.repeat([0, 1, 2], SIZES)  # class of the recurrence, of every row

# rows: class of the recurrence
BY_TYPE = np.array([[19, 22, 12], [48, 42, 37], [22, 28, 17]])
HR_POSITIVE = np.array([23, 92, 20])

# Pairs: columns are the class of the primary. Margins and text leave nine matrices; this is the one
# with 20 pairs zero to zero (see notes.md).
MATRIX = np.array([[20, 31, 2], [25, 83, 19], [6, 11, 50]])
# Discordant pairs by class of the recurrence. The sums 24, 28 and 42 of the types and 54 of the
# HR-positive are printed, the cells are chosen: near what the margins alone would give.
DISCORDANT_BY_TYPE = np.array([[10, 12, 11], [10, 12, 22], [4, 4, 9]])
DISCORDANT_HR_POSITIVE = np.array([15, 32, 7])

# Deaths: 18, 30 and 9 are printed, their share of the types is chosen: most after distant relapse.
DEATHS_BY_TYPE = np.array([[5, 10, 3], [9, 16, 5], [3, 4, 2]])

SHORTEST, MIDDLE, LONGEST = 15, 709, 2980  # days: 0.5, 23.3 and 97.9 months
LAST_DEATH = 2190  # chosen: later deaths, with few at risk, would draw the curves to the ground


def classes() -> list[NDArray[np.int64]]:
    """Rows of each class of the recurrence."""
    return [np.flatnonzero(k == HER2) for k in range(3)]


def strata() -> list[NDArray[np.int64]]:
    """Rows of each class, the discordant ones apart; within them labels may move.

    Returns
    -------
    list of array
        Discordant rows of a class, then its concordant ones, class after class.
    """
    pieces, first = [], 0
    for size, discordant in zip(SIZES, MATRIX.sum(axis=1) - MATRIX.diagonal(), strict=True):
        rows = np.arange(first, first + size)
        pieces += [rows[:discordant], rows[discordant:]]
        first += size
    return pieces


def start(rng: np.random.Generator) -> an.Cohort:
    """Printed counts of every class; times, deaths and the places of labels at random.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    mapping of column name to array
        ``time`` in days from the first recurrence, ``event`` (death), ``hr`` (1 positive), ``type``
        (place in TYPES), ``discordant``.
    """
    cohort = {name: np.zeros(N, dtype=np.int64) for name in ("time", "event", "hr", "type", "discordant")}
    cohort["time"] = _times(rng)
    pieces = strata()
    for k, of_class in enumerate(classes()):
        changed, same = pieces[2 * k], pieces[2 * k + 1]
        cohort["discordant"][changed] = 1
        types, positive = DISCORDANT_BY_TYPE[k], int(DISCORDANT_HR_POSITIVE[k])
        for rows, by_type, hr in (
            (changed, types, positive),
            (same, BY_TYPE[k] - types, int(HR_POSITIVE[k]) - positive),
        ):
            cohort["type"][rows] = rng.permutation(np.repeat([0, 1, 2], by_type))
            cohort["hr"][rows] = rng.permutation(np.arange(len(rows)) < hr)
        may_die = of_class[cohort["time"][of_class] <= LAST_DEATH]
        cohort["event"][rng.choice(may_die, DEATHS_BY_TYPE[k].sum(), replace=False)] = 1
    return cohort


def place(cohort: an.Cohort, rng: np.random.Generator) -> an.Cohort:
    """Pass times and deaths round within each class, so that every type has its deaths.

    Parameters
    ----------
    cohort : mapping of column name to array
        As of :func:`start`; not changed.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    mapping of column name to array
    """
    placed = {name: column.copy() for name, column in cohort.items()}
    for k, of_class in enumerate(classes()):
        rows = rng.permutation(of_class)
        died, alive = (rows[cohort["event"][rows] == e] for e in (1, 0))
        for t, deaths in enumerate(DEATHS_BY_TYPE[k]):
            of_type = rng.permutation(of_class[cohort["type"][of_class] == t])
            censored = len(of_type) - deaths
            source = np.concatenate([died[:deaths], alive[:censored]])
            died, alive = died[deaths:], alive[censored:]
            for name in ("time", "event"):
                placed[name][of_type] = cohort[name][source]
    return placed


def _times(rng: np.random.Generator) -> NDArray[np.int64]:
    """Distinct days, 123 on either side of the median; the longer half thins out towards the end."""
    half = (N - 3) // 2
    early = rng.choice(np.arange(30, MIDDLE), half, replace=False)
    later = np.arange(MIDDLE + 1, LONGEST)
    weight = np.exp(-(later - MIDDLE) / 650.0)
    late = rng.choice(later, N - 3 - half, replace=False, p=weight / weight.sum())
    return rng.permutation(np.concatenate([[SHORTEST, MIDDLE, LONGEST], early, late])).astype(np.int64)

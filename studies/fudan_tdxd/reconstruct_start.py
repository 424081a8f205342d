"""Where the search starts: responses and label counts as printed, times roughly in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from her2adc import annealing as an

LOW, POSITIVE = 52, 46
CR, PR, SD, PD = range(4)
LONGEST = 780  # days; leaves room for a last contact at 26 months

Mask = NDArray[np.bool_]
ROWS = np.arange(LOW + POSITIVE)
ALL: Mask = ROWS >= 0
IN_LOW: Mask = ROWS < LOW
IN_POSITIVE: Mask = ROWS >= LOW
GROUPS = (ROWS[:LOW], ROWS[LOW:])
RESPONSE = np.repeat([CR, PR, SD, PD] * 2, [1, 20, 10, 21, 1, 17, 19, 9])
# responders, SD and PD of each HER2 group
RESPONSE_GROUPS = tuple(
    rows[np.maximum(RESPONSE[rows], PR) == response] for rows in GROUPS for response in (PR, SD, PD)
)

# In HER2-positive disease: 3 or more anti-HER2 lines (two PD, twelve SD, one PR), none of them at
# risk after SPLIT days, while progressions of the others come after it (see notes.md); the patient
# without anti-HER2 therapy; the two with stable disease of 24 weeks.
SPLIT = 62
MANY_LINES = np.array([89, 90, *range(77, 89), 53])
NAIVE = 72
LONG_SD = np.array([70, 71])
SHORTEST = 31  # in HER2-low: progression after 0.5 months


def start(rng: np.random.Generator) -> an.Cohort:
    """Responses and label counts as printed; times and places of labels at random."""
    cohort = {"response": RESPONSE.copy()}
    counts = {"lung": (23, 15), "brain": (17, 17), "bone": (30, 20), "cdk": (31, 3)}
    for name, chosen in counts.items():
        cohort[name] = np.concatenate(
            [rng.permutation(np.arange(n) < k) for n, k in zip((LOW, POSITIVE), chosen, strict=True)]
        ).astype(np.int64)
    cohort["liver"] = np.zeros(len(ROWS), dtype=np.int64)
    cohort["time"] = np.zeros(len(ROWS), dtype=np.int64)
    cohort["event"] = np.zeros(len(ROWS), dtype=np.int64)
    _start_low(cohort, rng)
    _start_positive(cohort, rng)
    _start_ages(cohort, rng)
    return cohort


def _first(cohort: an.Cohort, group: Mask, *responses: int) -> NDArray[np.int64]:
    return np.flatnonzero(group & np.isin(cohort["response"], responses))


def _start_low(cohort: an.Cohort, rng: np.random.Generator) -> None:
    """HER2-low: responders with liver metastasis progress early, the others late."""
    time, event = cohort["time"], cohort["event"]
    progressed = _first(cohort, IN_LOW, PD)
    stable, responders = _first(cohort, IN_LOW, SD), _first(cohort, IN_LOW, CR, PR)
    time[progressed], event[progressed] = rng.integers(35, 70, len(progressed)), 1
    time[SHORTEST] = 15
    time[stable] = rng.integers(42, 168, len(stable))
    time[responders] = rng.integers(380, LONGEST, len(responders))
    event[responders] = rng.integers(2, size=len(responders))
    for rows, k in ((progressed, 11), (stable, 4), (responders, 10)):
        cohort["liver"][rng.choice(rows, k, replace=False)] = 1
    liver = responders[cohort["liver"][responders] == 1]
    time[liver], event[liver] = rng.integers(190, 420, len(liver)), 1
    time[liver[:2]] = 183, 274
    cohort["lines"] = np.concatenate(
        [rng.permutation([1] * 2 + [2] * 8 + [3] * 42), np.zeros(POSITIVE, dtype=np.int64)]
    )


def _start_positive(cohort: an.Cohort, rng: np.random.Generator) -> None:
    """HER2-positive: the early part is fixed here, the search only moves what comes later.

    The first two progressions, with 46 and 43 at risk, are of patients with 3
    or more anti-HER2 lines (15 and 12 of them at risk, against 30 with fewer),
    which gives p = 0.034; the patient without anti-HER2 therapy is censored
    after them, which gives p = 0.830.
    """
    time, event, lines = cohort["time"], cohort["event"], cohort["lines"]
    progressed = _first(cohort, IN_POSITIVE, PD)
    stable, responders = _first(cohort, IN_POSITIVE, SD), _first(cohort, IN_POSITIVE, CR, PR)
    time[progressed], event[progressed] = rng.integers(SPLIT + 1, 99, len(progressed)), 1
    time[stable] = rng.integers(SPLIT + 1, 168, len(stable))
    time[LONG_SD] = rng.integers(300, 600, len(LONG_SD))
    time[responders] = rng.integers(184, LONGEST, len(responders))
    time[MANY_LINES] = rng.integers(50, SPLIT + 1, len(MANY_LINES))
    time[MANY_LINES[:4]] = 38, 48, 43, 45  # two progressions, two censored times between them
    time[NAIVE] = 55
    rest = np.setdiff1d(GROUPS[1], MANY_LINES)
    lines[MANY_LINES] = 3
    lines[rest] = rng.permutation([1] * 7 + [2] * 11 + [3] * (28 - len(MANY_LINES)))
    cohort["anti"] = np.where(IN_POSITIVE, np.minimum(lines, 2), 0)
    cohort["anti"][MANY_LINES], cohort["anti"][NAIVE] = 3, 0
    cohort["tdm1"] = np.zeros(len(ROWS), dtype=np.int64)
    for rows, k in ((responders, 4), (stable, 6), (progressed, 1)):
        exposed = rows[cohort["anti"][rows] > 0]
        cohort["tdm1"][rng.choice(exposed, k, replace=False)] = 1
    cohort["liver"][rng.choice(GROUPS[1], 16, replace=False)] = 1


def _start_ages(cohort: an.Cohort, rng: np.random.Generator) -> None:
    """Age bands: 0 below 50, 1 from 50, 2 from 65; 9 responders, 2 SD and 6 PD from 65."""
    age = cohort["age"] = np.zeros(len(ROWS), dtype=np.int64)
    for group, older, from_50 in ((IN_LOW, (5, 1, 4), 30), (IN_POSITIVE, (4, 1, 2), 22)):
        for responses, k in zip(((CR, PR), (SD,), (PD,)), older, strict=True):
            age[rng.choice(_first(cohort, group, *responses), k, replace=False)] = 2
        rest = np.flatnonzero(group & (age == 0))
        age[rng.choice(rest, from_50 - sum(older), replace=False)] = 1

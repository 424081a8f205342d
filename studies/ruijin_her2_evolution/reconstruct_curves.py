"""Many log-rank tests at once, and the Cox model of three classes.

Every patient is in one cell (class, HR status, type of relapse, concordance). How many of each cell
are at risk at each death is counted once; every test only adds cells up. No two deaths share a day,
so ties need no care.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from her2adc import annealing as an

Floats = NDArray[np.float64]
CELLS = np.array([(c, h, t, d) for c in range(3) for h in range(2) for t in range(3) for d in range(2)])
PER_CLASS, PER_HR, PER_TYPE = 12, 6, 2  # cells of each


@dataclass(frozen=True)
class Test:
    """A log-rank test: which cells it takes, and which group each of them belongs to.

    Attributes
    ----------
    name : str
        Id of the printed p-value.
    group : array
        Group of every cell, -1 for a cell that is left out.
    """

    name: str
    group: NDArray[np.int64]


def test(name: str, by: str, **only: int) -> Test:
    """Make a test of the three classes, of zero against low, or of concordance.

    Parameters
    ----------
    name : str
        Id of the printed p-value.
    by : str
        ``class``, ``low`` (HER2-positive left out) or ``discordant``.
    **only : int
        ``hr`` or ``type``: the value that is kept.
    """
    her2, hr, kind, discordant = CELLS.T
    group = {"class": her2, "low": np.where(her2 == 2, -1, her2), "discordant": discordant}[by]
    for values, wanted in ((hr, only.get("hr")), (kind, only.get("type"))):
        if wanted is not None:
            group = np.where(values == wanted, group, -1)
    return Test(name, group)


# Those that the classes, times and deaths alone decide, and those that depend on labels too.
WHOLE = ((test("R-R17", "class"),), (test("R-R22", "low"),))
BY_LABEL = (
    (
        test("R-R20-neg", "class", hr=0),
        test("R-R20-pos", "class", hr=1),
        test("R-R21-lrr", "class", type=0),
        test("R-R21-dm", "class", type=1),
        test("R-R21-cbc", "class", type=2),
    ),
    (
        test("R-R22b-neg", "low", hr=0),
        test("R-R22b-pos", "low", hr=1),
        test("R-R22b-lrr", "low", type=0),
        test("R-R22b-dm", "low", type=1),
        test("R-R22b-cbc", "low", type=2),
        test("R-R30", "discordant"),
        test("R-R31-neg", "discordant", hr=0),
        test("R-R31-pos", "discordant", hr=1),
        test("R-R31-dm", "discordant", type=1),
        test("R-R31-cbc", "discordant", type=2),
        test("R-R31", "discordant", type=0),
    ),
)


class Tests:
    """Tests and Cox model, ready to be computed for any cohort.

    Parameters
    ----------
    three, two : sequence of Test
        Tests of three groups and of two.
    her2 : array
        Class of every row.
    """

    def __init__(self, three: Sequence[Test], two: Sequence[Test], her2: NDArray[np.int64]) -> None:
        self.names = [t.name for t in (*three, *two)]
        self.base = her2 * PER_CLASS
        self.n_three = len(three)
        self.member = np.zeros((len(CELLS), len(self.names), 3))
        for k, t in enumerate((*three, *two)):
            for g in range(3):
                self.member[:, k, g] = t.group == g
        self.classes = (CELLS[:, :1] == np.arange(3)).astype(float)
        self.one_hot = np.eye(len(CELLS))

    def z(self, cohort: an.Cohort) -> tuple[Floats, Floats, Floats]:
        """Compute the normal deviate of every test, and what the Cox model needs.

        Returns
        -------
        array
            The deviate of each two-sided p-value; for two groups it has a sign, positive when the
            first group has fewer deaths than expected.
        array
            Numbers of each class at risk, a row a death.
        array
            Deaths of each class.
        """
        deaths, at_risk = self._at_risk(cohort)
        size = self.member.shape
        risk = (at_risk @ self.member.reshape(size[0], -1)).reshape(-1, *size[1:])
        died = self.member[deaths]
        counts = died.sum(axis=2)
        share = risk / np.maximum(risk.sum(axis=2), 1.0)[..., None]
        weighted = share * counts[..., None]
        excess = (died - weighted).sum(axis=0)
        spread = -np.einsum("etg,eth->tgh", weighted, share)
        spread[:, [0, 1, 2], [0, 1, 2]] += weighted.sum(axis=0)
        z = np.empty(size[1])
        k = self.n_three
        z[:k] = _three(excess[:k], spread[:k])
        z[k:] = -excess[k:, 0] / np.sqrt(np.maximum(spread[k:, 0, 0], 1e-9))
        return z, at_risk @ self.classes, self.classes[deaths].sum(axis=0)

    def _at_risk(self, cohort: an.Cohort) -> tuple[NDArray[np.int64], Floats]:
        """Cell of each death, and how many of every cell are at risk at it."""
        cell = self.base + cohort["hr"] * PER_HR + cohort["type"] * PER_TYPE + cohort["discordant"]
        latest_first = np.argsort(cohort["event"] - 2 * cohort["time"], kind="stable")
        cell = cell[latest_first]
        deaths = np.flatnonzero(cohort["event"][latest_first])
        return cell[deaths], np.cumsum(self.one_hot[cell], axis=0)[deaths]


def state(patients: pd.DataFrame) -> an.Cohort:
    """Take the columns that the tests read from the table of patients.

    Parameters
    ----------
    patients : DataFrame
        With ``time``, ``event`` and ``discordant`` derived.
    """
    return {
        "time": patients["time"].to_numpy(dtype=np.int64),
        "event": patients["event"].to_numpy(dtype=np.int64),
        "hr": (patients["hr_status"] == "positive").to_numpy(dtype=np.int64),
        "type": patients["relapse_type"].map({"LRR": 0, "DM": 1, "CBC": 2}).to_numpy(dtype=np.int64),
        "discordant": patients["discordant"].to_numpy(dtype=np.int64),
    }


def _three(excess: Floats, spread: Floats) -> Floats:
    """Turn the statistic of three groups (2 degrees of freedom) into the deviate of its p-value."""
    a, b, c = spread[:, 0, 0], spread[:, 0, 1], spread[:, 1, 1]
    u, v = excess[:, 0], excess[:, 1]
    square = (u * u * c - 2 * u * v * b + v * v * a) / np.maximum(a * c - b * b, 1e-9)
    return np.asarray(-ndtri(np.exp(-square / 2.0) / 2.0))


def cox(at_risk: Floats, deaths: Floats) -> Floats:
    """Fit the Cox model with the middle one of three groups as reference.

    Parameters
    ----------
    at_risk : array
        A row a death, a column a group.
    deaths : array
        Number of deaths of each group.

    Returns
    -------
    array
        Log hazard ratio and standard error of the first group, then of the third.
    """
    beta = np.array([0.6, -0.9])
    for _ in range(12):
        scaled = at_risk * np.array([math.exp(beta[0]), 1.0, math.exp(beta[1])])
        share = (scaled / scaled.sum(axis=1, keepdims=True))[:, [0, 2]]
        mean = share.sum(axis=0)
        score = deaths[[0, 2]] - mean
        a, d = mean - (share * share).sum(axis=0)
        b = -float(share[:, 0] @ share[:, 1])
        determinant = a * d - b * b
        step = np.array([d * score[0] - b * score[1], a * score[1] - b * score[0]]) / determinant
        beta = beta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    error = np.sqrt(np.array([d, a]) / determinant)
    return np.array([beta[0], error[0], beta[1], error[1]])

"""One comparison of sequences: patients, exposure, model, and the rows that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import row
from her2adc.stats.cox_model import estimates, model_of
from her2adc.stats.inputs import Bools, Floats, check_columns, levels_of

__all__ = ["EXPOSED", "LEAST", "Comparison", "Question", "arms_of", "not_estimable"]

EXPOSED = "_exposed"
"""Column of what is compared: 1 in the group that the hazard ratio is about."""
LEAST = 2
"""Events for each coefficient, below which a model with covariates is not fitted."""
_NAN = float("nan")


@dataclass(frozen=True)
class Question:
    """What all rows of one question share.

    Attributes
    ----------
    analysis, endpoint : str
        Name of the analysis, and of the endpoint.
    groups : tuple of str
        The group to compare with, and the one that the hazard ratio is about.
    population : str
        Who the patients are.
    conf_level : float
        Level of the intervals.
    """

    analysis: str
    endpoint: str
    groups: tuple[str, str]
    population: str = ""
    conf_level: float = 0.95

    def rows(self, level: str, found: Comparison) -> list[dict[str, Any]]:
        """Hazard ratio, p-value, patients and events by group."""
        common: dict[str, Any] = {
            "population": self.population,
            "variable": self.endpoint,
            "level": level,
            "method": found.method,
        }
        group = f"{self.groups[1]} vs {self.groups[0]}"
        counts: dict[str, Any] = {"n": found.total[0], "n_events": found.total[1]}
        limits: dict[str, Any] = {
            "conf_low": found.low,
            "conf_high": found.high,
            "conf_level": self.conf_level,
        }
        rows = [
            row(self.analysis, "hazard_ratio", found.ratio, group=group, **limits, **counts, **common),
            row(self.analysis, "p_value", found.p, group=group, **counts, **common),
        ]
        common["method"] = "count"
        for name, n, events in zip(self.groups, found.n, found.n_events, strict=False):
            own: dict[str, Any] = {"group": name, "n": n, "n_events": events, **common}
            rows.append(row(self.analysis, "n_arm", n, **own))
            rows.append(row(self.analysis, "events_arm", events, **own))
        return rows


@dataclass(frozen=True)
class Comparison:
    """Hazard ratio of one method.

    Attributes
    ----------
    ratio, low, high, p : float
        Hazard ratio, limits and p-value; NaN where there is no estimate.
    method : str
        How it was made, or why there is none.
    total : tuple of int or None
        Patients and patients with the event, where they are known.
    n, n_events : tuple of int
        The same in each group; a patient may be in both.
    """

    ratio: float = _NAN
    low: float = _NAN
    high: float = _NAN
    p: float = _NAN
    method: str = ""
    total: tuple[int | None, int | None] = (None, None)
    n: tuple[int, ...] = ()
    n_events: tuple[int, ...] = ()

    @classmethod
    def fit(
        cls,
        question: Question,
        data: pd.DataFrame,
        covariates: Sequence[str] = (),
        note: str = "",
        patient: str | None = None,
        **options: Any,
    ) -> Comparison:
        """Cox model of the exposure and covariates.

        Parameters
        ----------
        question : Question
            What is asked.
        data : pandas.DataFrame
            Rows with the endpoint and :data:`EXPOSED`.
        covariates : sequence of str
            Further covariates of the model.
        note : str
            What the method says besides.
        patient : str, optional
            Column of the patient where one has several rows, to count each once.
        **options
            Of :func:`her2adc.stats.cox_model.model_of`.
        """
        if not len(data):
            return Comparison(method="not estimable: no patients", total=(0, 0))
        model = model_of(data, question.endpoint, [EXPOSED, *covariates], **options)
        j = next(c for c in model.design.columns if c.variable == EXPOSED).place
        last = data[EXPOSED].to_numpy(dtype=np.float64) > 0
        events = data[f"{question.endpoint}_event"].to_numpy(dtype=bool)
        everyone = np.ones(last.size, dtype=bool)
        total, *groups = (
            (_count(data, rows, patient), _count(data, rows & events, patient))
            for rows in (everyone, ~last, last)
        )
        counted = cls(total=total, n=tuple(n for n, _ in groups), n_events=tuple(d for _, d in groups))
        coefficients = model.design.matrix.shape[1]
        if j is None:
            return replace(counted, method="not estimable: patients in one group only")
        if _determined(model.design.matrix, j):
            return replace(counted, method="not estimable: the covariates tell the groups with certainty")
        if coefficients > 1 and model.events.sum() < LEAST * coefficients:
            why = f"{model.events.sum()} events for {coefficients} coefficients"
            return replace(counted, method=f"not estimable: {why}")
        _, found = estimates(model, question.conf_level)
        method = "; ".join(part for part in (found.method[j], _adjusted(covariates), note) if part)
        ratio, low, high, p = (float(v[j]) for v in (found.ratio, found.low, found.high, found.p))
        return replace(counted, ratio=ratio, low=low, high=high, p=p, method=method)


def _determined(matrix: Floats, place: int) -> bool:
    """Whether a column is a sum of the others and a constant, so that nothing is left to compare."""
    others = np.column_stack([np.ones(len(matrix)), np.delete(matrix, place, axis=1)])
    rank = np.linalg.matrix_rank(others)
    return bool(np.linalg.matrix_rank(np.column_stack([others, matrix[:, place]])) == rank)


def _adjusted(covariates: Sequence[str]) -> str:
    """What a method says about covariates."""
    return f"adjusted for {', '.join(covariates)}" if covariates else ""


def _count(data: pd.DataFrame, rows: Bools, patient: str | None) -> int:
    """Patients in some rows."""
    return int(rows.sum()) if patient is None else int(data.loc[rows, patient].nunique())


def not_estimable(why: str) -> Comparison:
    """A comparison that has no estimate."""
    return Comparison(method=f"not estimable: {why}")


def arms_of(data: pd.DataFrame, arm: str) -> tuple[str, str]:
    """The two groups of ``arm`` that have patients, in order."""
    check_columns(data, [arm])
    present = [str(level) for level in levels_of(data[arm]) if (data[arm] == level).any()]
    if len(present) != 2:
        raise ValueError(f"{arm} has patients in {present}; a comparison of orders needs two groups")
    return present[0], present[1]

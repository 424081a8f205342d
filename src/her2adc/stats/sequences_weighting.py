"""Whether weighting can answer: positivity of the choice of ADC1, scores and weighted curves to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import ALL_PATIENTS, frame, row
from her2adc.stats.inputs import Bools, Floats, endpoint_of
from her2adc.stats.sequences_compare import arms_of
from her2adc.stats.survival import curve
from her2adc.stats.weighting import propensity, weigh

__all__ = ["LIMITS", "positivity", "scores", "weighted_curve"]

LIMITS = (0.05, 0.95)
"""Scores outside which a patient had hardly a choice."""
_WEIGHT = "_weight"
_METHOD = "logistic regression"


def scores(
    data: pd.DataFrame,
    arm: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    kind: str = "ate",
    stabilised: bool = True,
) -> pd.DataFrame:
    """Propensity score and weight of each patient, to draw.

    Parameters
    ----------
    data, arm, covariates, reference
        See :func:`her2adc.stats.weighting.propensity`; patients of other groups and those with a
        missing covariate are left out.
    kind, stabilised
        See :func:`her2adc.stats.weighting.weigh`.

    Returns
    -------
    pandas.DataFrame
        ``group, score, weight``, with the index of the data; the score is the chance of the last arm.

    Examples
    --------
    >>> data = pd.DataFrame({"arm": list("aaabbb"), "age": [50.0, 50, 60, 50, 60, 60]})
    >>> scores(data, "arm", ["age"])["score"].round(3).tolist()
    [0.333, 0.333, 0.667, 0.333, 0.667, 0.667]
    """
    score = propensity(data, arm, covariates, reference)
    known = score.notna().to_numpy(dtype=bool)
    kept = data.loc[known]
    treated = (kept[arm] == arms_of(data, arm)[1]).to_numpy(dtype=bool)
    own = score.to_numpy(dtype=np.float64)[known]
    table = {"group": kept[arm].astype(str), "score": own, "weight": weigh(own, treated, kind, stabilised)}
    return pd.DataFrame(table, index=kept.index)


def positivity(
    data: pd.DataFrame,
    arm: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    limits: tuple[float, float] = LIMITS,
    population: str = "",
) -> pd.DataFrame:
    """Whether patients of each arm could have been in the other.

    Parameters
    ----------
    data, arm, covariates, reference
        See :func:`scores`.
    limits : tuple of float
        Scores outside which a patient had hardly a choice.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "positivity", variable the arm. For all patients and each arm:
        ``score_min``, ``score_median``, ``score_max``; ``below`` and ``above`` (share outside the
        limits; level the limit); ``common_range`` (share with a score that occurs in both arms'
        ranges). Then ``c_statistic``: how well the covariates tell the arms (0.5 not at all). Where
        they tell them with certainty, one row ``score_min`` that is NaN, and why.

    Examples
    --------
    >>> data = pd.DataFrame({"arm": list("aaabbb"), "age": [50.0, 50, 60, 50, 60, 60]})
    >>> rows = positivity(data, "arm", ["age"])
    >>> rows.loc[rows.statistic.isin(["common_range", "c_statistic"]), "value"].round(3).tolist()
    [1.0, 1.0, 1.0, 0.667]
    """
    common: dict[str, Any] = {"variable": arm, "population": population, "method": _METHOD}
    try:
        table = scores(data, arm, covariates, reference=reference)
    except ValueError as error:
        return frame(
            [row("positivity", "score_min", None, **{**common, "method": f"not estimable: {error}"})]
        )
    score = table["score"].to_numpy(dtype=np.float64)
    first, last = arms_of(data, arm)
    groups: dict[str, Bools] = {name: (table["group"] == name).to_numpy(dtype=bool) for name in (first, last)}
    low = max(score[rows].min() for rows in groups.values())
    high = min(score[rows].max() for rows in groups.values())
    rows = []
    for name, members in {ALL_PATIENTS: np.ones(score.size, dtype=bool), **groups}.items():
        own = score[members]
        values = {"score_min": own.min(), "score_median": np.median(own), "score_max": own.max()}
        here = {**common, "group": name, "n": own.size}
        rows += [row("positivity", statistic, float(value), **here) for statistic, value in values.items()]
        shares = (("below", own < limits[0], f"{limits[0]:g}"), ("above", own > limits[1], f"{limits[1]:g}"))
        for statistic, who, level in (*shares, ("common_range", (own >= low) & (own <= high), "")):
            count = int(who.sum())
            rows.append(row("positivity", statistic, count / own.size, level=level, n_events=count, **here))
    separation = _c_statistic(score[groups[first]], score[groups[last]])
    rows.append(row("positivity", "c_statistic", separation, n=score.size, **common))
    return frame(rows)


def _c_statistic(first: Floats, last: Floats) -> float:
    """Chance that a patient of the last arm has the higher score."""
    order = np.sort(first)
    below = np.searchsorted(order, last) + np.searchsorted(order, last, side="right")
    return float(below.sum() / (2 * first.size * last.size))


def weighted_curve(
    data: pd.DataFrame,
    endpoint: str,
    arm: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    kind: str = "ate",
    stabilised: bool = True,
    conf_type: str = "log-log",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Weighted Kaplan-Meier curves of both arms, to draw beside the crude ones.

    Parameters
    ----------
    data, arm, covariates, reference, kind, stabilised
        See :func:`scores`.
    endpoint : str
        Name of the endpoint.
    conf_type, conf_level
        See :func:`her2adc.stats.survival.curve`.

    Returns
    -------
    pandas.DataFrame
        ``group`` and the columns of :func:`her2adc.stats.kaplan_meier.km`; robust standard errors.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": np.arange(1.0, 7), "OS_event": [True] * 6, "arm": list("aaabbb"),
    ...                      "age": [50.0, 50, 60, 50, 60, 60]})
    >>> weighted_curve(data, "OS", "arm", ["age"])["survival"].round(3).tolist()[:4]
    [1.0, 0.75, 0.5, 0.0]
    """
    kept = endpoint_of(data, endpoint)[0].reset_index(drop=True)
    weights = scores(kept, arm, covariates, reference=reference, kind=kind, stabilised=stabilised)["weight"]
    weighted = kept.loc[weights.index].assign(**{_WEIGHT: weights})
    return curve(weighted, endpoint, arm, conf_type, conf_level, weights=_WEIGHT)

"""Inverse probability of treatment weighting: propensity scores, weights, balance, weighted outcome."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm

from her2adc.results import concat, frame, row
from her2adc.software import uses
from her2adc.stats.baseline import SMD
from her2adc.stats.design import design, is_categorical
from her2adc.stats.inputs import Bools, Floats, check_columns, levels_of
from her2adc.stats.regression import cox
from her2adc.stats.smd import smd_categorical, smd_continuous
from her2adc.stats.survival import summarise

__all__ = ["KINDS", "balance", "iptw", "propensity", "weigh"]

KINDS = {
    "ate": "average effect in all patients",
    "att": "average effect in the treated",
    "overlap": "average effect in the overlap",
}
"""Whom the weighted comparison is about."""

_COLUMN = "_weight"


def propensity(
    data: pd.DataFrame,
    treatment: str,
    covariates: Sequence[str],
    reference: Mapping[str, str] | None = None,
) -> pd.Series:
    """Probability of the second treatment, by logistic regression on the covariates.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    treatment : str
        Column of two groups; the score is the probability of the last.
    covariates : sequence of str
        Variables of the model. Numbers are continuous, everything else is categorical.
    reference : mapping, optional
        Reference level of a variable.

    Returns
    -------
    pandas.Series
        Score of each row of the data, missing where the treatment or a covariate is.

    Examples
    --------
    >>> data = pd.DataFrame({"arm": list("abab"), "age": [50.0, 50.0, 60.0, 60.0]})
    >>> propensity(data, "arm", ["age"]).round(3).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    _, treated, known = _arms(data, treatment)
    made = design(data.loc[known], covariates, reference)
    rows = known.copy()
    rows[known] = made.complete
    spread = made.matrix.std(axis=0)
    if made.matrix.shape[1]:
        made.matrix = (made.matrix - made.matrix.mean(axis=0)) / spread
    x = np.column_stack([np.ones(len(made.matrix)), made.matrix])
    uses("statsmodels")
    model = sm.GLM(treated[rows].astype(float), x, family=sm.families.Binomial())
    with warnings.catch_warnings():  # separation is refused below
        warnings.simplefilter("ignore")
        fitted = model.fit(tol=1e-13, maxiter=100)
    score = np.asarray(fitted.fittedvalues, dtype=np.float64)
    if not ((score > 1e-8) & (score < 1 - 1e-8)).all():
        raise ValueError(
            f"the covariates tell {treatment} with certainty for some patients, so that they cannot be "
            "compared; leave out such patients or the covariate"
        )
    out = np.full(len(data), np.nan)
    out[rows] = score
    return pd.Series(out, index=data.index, name="propensity")


def _arms(data: pd.DataFrame, treatment: str) -> tuple[list[str], Bools, Bools]:
    """The two groups, who is in the last, and who is in either."""
    check_columns(data, [treatment])
    column = data[treatment]
    present = [level for level in levels_of(column) if (column == level).any()]
    if len(present) != 2:
        raise ValueError(f"{treatment} has patients in {present}; weighting compares two groups")
    known = column.isin(present).to_numpy(dtype=bool)
    return [str(level) for level in present], (column == present[1]).fillna(False).to_numpy(bool), known


def weigh(score: Any, treated: Any, kind: str = "ate", stabilised: bool = True) -> Floats:
    """Weights from propensity scores.

    Parameters
    ----------
    score : array_like of float
        Probability of treatment.
    treated : array_like of bool
        Who was treated.
    kind : {"ate", "att", "overlap"}
        ``ate``: 1 / P(own group); ``att``: 1 for the treated, odds of treatment for the others;
        ``overlap``: P(other group).
    stabilised : bool
        Whether ``ate`` weights are multiplied by the share of the own group.

    Returns
    -------
    ndarray
        Weights; missing where the score is.

    Examples
    --------
    >>> weigh([0.25, 0.5], [True, False], stabilised=False).tolist()
    [4.0, 2.0]
    """
    p, own = np.asarray(score, dtype=np.float64), np.asarray(treated, dtype=bool)
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r} of weights; use one of {list(KINDS)}")
    if ((p <= 0) | (p >= 1)).any():
        raise ValueError("propensity scores must be between 0 and 1; leave out patients without overlap")
    mine = np.where(own, p, 1 - p)
    if kind == "att":
        return np.where(own, 1.0, p / (1 - p))
    if kind == "overlap":
        return np.asarray(1 - mine)
    share = own[~np.isnan(p)].mean()
    return np.asarray((np.where(own, share, 1 - share) if stabilised else 1.0) / mine)


@dataclass(frozen=True)
class _Arm:
    """One group with its weights."""

    label: str
    data: pd.DataFrame
    weights: Floats


def _arms_of(data: pd.DataFrame, treatment: str, weights: str) -> list[_Arm]:
    """Both groups, the patients who have a weight."""
    labels, treated, known = _arms(data, treatment)
    check_columns(data, [weights])
    weighed = known & data[weights].notna().to_numpy(dtype=bool)
    rows = [weighed & ~treated, weighed & treated]
    return [
        _Arm(label, data.loc[own], data.loc[own, weights].to_numpy(dtype=np.float64))
        for label, own in zip(labels, rows, strict=True)
    ]


def balance(
    data: pd.DataFrame, treatment: str, covariates: Sequence[str], weights: str, population: str = ""
) -> pd.DataFrame:
    """How weights balance the groups, and what they cost.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    treatment : str
        Column of two groups.
    covariates : sequence of str
        Variables to compare.
    weights : str
        Column of weights; patients without are left out.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "balance". For each group ``weight_sum``, ``weight_min``,
        ``weight_max`` and ``effective_n`` (Kish: squared sum over sum of squares). For each
        variable ``smd`` and ``smd_weighted`` (group "SMD").

    Examples
    --------
    >>> data = pd.DataFrame({"arm": list("aabb"), "age": [50.0, 60, 60, 70], "w": [1.0, 3, 3, 1]})
    >>> rows = balance(data, "arm", ["age"], "w")
    >>> rows.loc[rows.group == "SMD", ["statistic", "value"]].round(3).values.tolist()
    [['smd', 1.414], ['smd_weighted', 0.816]]
    """
    check_columns(data, covariates)
    arms = _arms_of(data, treatment, weights)
    rows = []
    for arm in arms:
        w = arm.weights
        values = {"weight_sum": w.sum(), "weight_min": w.min(), "weight_max": w.max()}
        values["effective_n"] = w.sum() ** 2 / (w**2).sum()
        for statistic, value in values.items():
            common: dict[str, Any] = {"population": population, "group": arm.label, "variable": treatment}
            rows.append(row("balance", statistic, float(value), **common, method="weights", n=w.size))
    for name in covariates:
        for statistic, own in (("smd", False), ("smd_weighted", True)):
            common = {"population": population, "group": SMD, "variable": name}
            method = "absolute standardised mean difference" + (", weighted" if own else "")
            n = sum(int(arm.data[name].notna().sum()) for arm in arms)
            rows.append(row("balance", statistic, _distance(arms, name, own), **common, method=method, n=n))
    return frame(rows)


def _distance(arms: Sequence[_Arm], name: str, weighted: bool) -> float:
    """Standardised mean difference of one variable."""
    known = [arm.data[name].notna().to_numpy(dtype=bool) for arm in arms]
    own = [
        arm.weights[have] if weighted else np.ones(int(have.sum()))
        for arm, have in zip(arms, known, strict=True)
    ]
    values = [arm.data.loc[have, name] for arm, have in zip(arms, known, strict=True)]
    if is_categorical(arms[0].data[name]):
        levels = levels_of(pd.concat([arm.data[name] for arm in arms]))
        counts = [
            [w[(part == level).to_numpy(dtype=bool)].sum() for level in levels]
            for part, w in zip(values, own, strict=True)
        ]
        return smd_categorical(np.array(counts))
    return smd_continuous([part.to_numpy(dtype=np.float64) for part in values], own)


def iptw(
    data: pd.DataFrame,
    endpoint: str,
    treatment: str,
    covariates: Sequence[str],
    *,
    kind: str = "ate",
    stabilised: bool = True,
    landmarks: Sequence[float] = (12,),
    conf_type: str = "log-log",
    population: str = "",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Compare two treatments after weighting by the inverse probability of treatment.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    treatment, covariates
        See :func:`propensity`.
    kind, stabilised
        See :func:`weigh`.
    landmarks, conf_type, population, conf_level
        See :func:`her2adc.stats.survival.summarise`.

    Returns
    -------
    pandas.DataFrame
        The rows of :func:`balance`; weighted Kaplan-Meier medians and landmark survival (analysis
        "iptw_kaplan_meier"); the weighted Cox model (analysis "iptw_cox"). Standard errors are
        robust and take the weights as known.

    References
    ----------
    Austin, P. C. and Stuart, E. A. (2015). Moving towards best practice when using inverse
    probability of treatment weighting (IPTW) using the propensity score to estimate causal
    treatment effects in observational studies. Statistics in Medicine 34, 3661-3679.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2, 3, 4, 5, 6], "OS_event": [True] * 6,
    ...                      "arm": list("ababab"), "age": [50.0, 50, 60, 60, 70, 70]})
    >>> rows = iptw(data, "OS", "arm", ["age"])
    >>> rows.loc[rows.statistic == "hazard_ratio", ["level", "value"]].round(3).values.tolist()
    [['a', 1.0], ['b', 0.532]]
    """
    check_columns(data, [f"{endpoint}_time"])
    kept = data.loc[data[f"{endpoint}_time"].notna().to_numpy(dtype=bool)]
    score = propensity(kept, treatment, covariates)
    _, treated, _ = _arms(kept, treatment)
    kept = kept.assign(**{_COLUMN: weigh(score, treated, kind, stabilised)})
    kept = kept.loc[kept[_COLUMN].notna().to_numpy(dtype=bool)]
    options: dict[str, Any] = {"weights": _COLUMN, "population": population, "conf_level": conf_level}
    curves = summarise(kept, endpoint, treatment, landmarks, conf_type, **options)
    model = cox(kept, endpoint, [treatment], analysis="iptw_cox", **options)
    parts = [
        balance(kept, treatment, covariates, _COLUMN, population),
        curves.assign(analysis="iptw_kaplan_meier"),
        model,
    ]
    table = concat(parts)
    name = f"{kind.upper()} weights" + (", stabilised" if stabilised and kind == "ate" else "")
    made = ~table["method"].isin(["", "reference"])
    table.loc[made, "method"] = table.loc[made, "method"] + f"; {name}"
    return table

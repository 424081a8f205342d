"""Estimates pooled over imputed data sets by Rubin's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.cox_model import estimates, model_of
from her2adc.stats.imputation import IMPUTATIONS, SEED, impute
from her2adc.stats.inputs import Floats, conf_level_of

__all__ = ["Pooled", "cox_imputed", "pool"]


@dataclass(frozen=True)
class Pooled:
    """Estimates pooled over imputed data sets.

    Attributes
    ----------
    value, error, low, high, p : ndarray
        Estimate, standard error, limits and p-value (t distribution with ``df`` degrees of freedom).
    df : ndarray
        Barnard and Rubin's degrees of freedom.
    fmi : ndarray
        Fraction of missing information.
    """

    value: Floats
    error: Floats
    low: Floats
    high: Floats
    p: Floats
    df: Floats
    fmi: Floats


def pool(values: Any, variances: Any, complete_df: float = np.inf, conf_level: float = 0.95) -> Pooled:
    """Pool estimates by Rubin's rules, as ``mice::pool``.

    Parameters
    ----------
    values, variances : array_like, shape (m, k)
        Estimates of k quantities in m imputed data sets, and their squared standard errors.
    complete_df : float
        Degrees of freedom without missing values (Barnard and Rubin, Biometrika 1999;86:948).
    conf_level : float
        Level of the intervals.

    Returns
    -------
    Pooled

    Examples
    --------
    >>> found = pool([[1.0], [2.0]], [[0.5], [0.5]])
    >>> found.value.tolist(), found.error.round(4).tolist()
    ([1.5], [1.118])
    """
    estimate, within = np.asarray(values, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    m = len(estimate)
    if m < 2 or estimate.shape != within.shape:
        raise ValueError("give the same estimates and variances of two or more imputed data sets")
    centre, inside = estimate.mean(axis=0), within.mean(axis=0)
    between = estimate.var(axis=0, ddof=1)
    total = inside + (1 + 1 / m) * between
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (1 + 1 / m) * between / total
        old = np.where(share > 0, (m - 1) / share**2, np.inf)
        seen = (
            (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
            if np.isfinite(complete_df)
            else np.full_like(share, np.inf)
        )
        df = np.where(np.isfinite(old), 1 / (1 / old + 1 / seen), seen)
        r = share / (1 - share)
        fmi = np.where(between > 0, (r + 2 / (df + 3)) / (r + 1), 2 / (df + 3))
    error = np.sqrt(total)
    half = stats.t.ppf(0.5 + conf_level_of(conf_level) / 2, df) * error
    p = 2 * stats.t.sf(np.abs(centre / error), df)
    return Pooled(centre, error, centre - half, centre + half, p, df, fmi)


def cox_imputed(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    m: int | None = None,
    seed: int = SEED,
    population: str = "",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Cox regression after multiple imputation of missing covariates.

    Parameters
    ----------
    data, endpoint, covariates, reference, population, conf_level
        See :func:`her2adc.stats.regression.cox`.
    m : int, optional
        Imputed data sets; by default 20, or the per cent of incomplete patients where that is more
        (White, Royston and Wood, Stat Med 2011;30:377).
    seed : int
        Start of the random numbers.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "cox_imputed": ``hazard_ratio`` and ``p_value`` by variable and level,
        ``missing_information`` (a fraction), and ``imputations``. n is all patients with the endpoint.
        Empty when no covariate is missing; NaN with the reason where the likelihood of a set is
        monotone.
    """
    kept = data[data[f"{endpoint}_time"].notna()]
    incomplete = float(kept[list(covariates)].isna().any(axis=1).mean()) if len(kept) else 0.0
    if not incomplete or not kept[f"{endpoint}_event"].any():
        return frame([])
    many = m or max(IMPUTATIONS, int(np.ceil(100 * incomplete)))
    fits = []
    for each in impute(kept, endpoint, covariates, many, seed):
        model = model_of(each, endpoint, covariates, reference=reference)
        fits.append((model, *estimates(model, conf_level)))
    model = fits[0][0]
    common: dict[str, Any] = {"analysis": "cox_imputed", "population": population, "n": len(model.times),
                              "n_events": int(model.events.sum())}  # fmt: skip
    made = f"multiple imputation by chained equations, {many} data sets, Rubin's rules"
    rows = [row(statistic="imputations", value=many, method=made, **common)]
    usable = not any(found.monotone for _, _, found in fits)
    pooled = None
    if usable:
        pooled = pool([f.coef for _, f, _ in fits], [np.diag(f.covariance) for _, f, _ in fits],
                      max(common["n_events"] - model.design.matrix.shape[1], 1), conf_level)  # fmt: skip
    for column in model.design.columns:
        where = {**common, "variable": column.variable, "level": column.level}
        if column.place is None:
            rows.append(row(statistic="hazard_ratio", value=1.0 if column.note == "reference" else None,
                            method=column.note, **where))  # fmt: skip
            continue
        rows += _pooled_rows(pooled, column.place, where, made, conf_level)
    return frame(rows)


def _pooled_rows(
    pooled: Pooled | None, place: int, where: Mapping[str, Any], made: str, conf_level: float
) -> list[dict[str, Any]]:
    """Rows of one column of the model."""
    if pooled is None:
        why = "not pooled: monotone likelihood in an imputed data set"
        return [row(statistic=s, value=None, method=why, **where) for s in ("hazard_ratio", "p_value")]
    value, low, high = (np.exp(a[place]) for a in (pooled.value, pooled.low, pooled.high))
    limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level, "method": made}
    return [
        row(statistic="hazard_ratio", value=value, **limits, **where),
        row(statistic="p_value", value=pooled.p[place], method=made, **where),
        row(statistic="missing_information", value=pooled.fmi[place], method=made, **where),
    ]

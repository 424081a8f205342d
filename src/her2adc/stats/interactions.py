"""Interaction of an arm and a variable: likelihood-ratio test in a Cox model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.cox_model import Model, model_of
from her2adc.stats.partial_likelihood import CoxFit, fit_cox

__all__ = ["interaction", "interaction_test", "product_test"]

_NAN = float("nan")


def product_test(model: Model, fit: CoxFit, variable: str) -> tuple[float, int, float]:
    """Likelihood-ratio test of the columns of one variable of a fitted model: chi-square, df, p."""
    places = model.design.places(variable)
    others = np.setdiff1d(np.arange(model.design.matrix.shape[1]), places)
    if not places or not model.events.any():
        return _NAN, 0, _NAN
    small = fit_cox(model.design.matrix[:, others], model.times, model.events, model.scheme)
    df = fit.df - small.df
    if df <= 0:
        return _NAN, 0, _NAN
    chi2 = max(0.0, 2 * (fit.loglik - small.loglik))
    return chi2, df, float(stats.chi2.sf(chi2, df))


def interaction_test(
    data: pd.DataFrame, endpoint: str, arm: str, variable: str, **options: Any
) -> tuple[float, int, float, int, int]:
    """Likelihood-ratio test of arm by variable: chi-square, df, p-value, n and events.

    The options are those of :func:`her2adc.stats.cox_model.model_of`.
    """
    model = model_of(data, endpoint, [arm, variable], interactions=[(arm, variable)], **options)
    fit = fit_cox(model.design.matrix, model.times, model.events, model.scheme)
    found = product_test(model, fit, f"{arm}:{variable}")
    return (*found, model.times.size, int(model.events.sum()))


def interaction(
    data: pd.DataFrame, endpoint: str, arm: str, variable: str, population: str = ""
) -> pd.DataFrame:
    """Likelihood-ratio test of the interaction of arm and variable.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    arm, variable : str
        The two variables.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows ``chi2``, ``df`` and ``p_value``, level is the arm's column; NaN where
        arm and variable do not both vary within each other.
    """
    chi2, df, p, n, n_events = interaction_test(data, endpoint, arm, variable)
    method = f"likelihood-ratio test of {arm} x {variable}, Cox, Efron ties"
    if not df:
        method = f"not estimable: {arm} and {variable} do not vary within each other"
    values = {"chi2": chi2, "df": float(df) if df else _NAN, "p_value": p}
    return frame(
        row(
            "interaction",
            statistic,
            value,
            population=population,
            variable=variable,
            level=arm,
            method=method,
            n=n,
            n_events=n_events,
        )
        for statistic, value in values.items()
    )

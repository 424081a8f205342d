"""Interaction of an arm and a variable: likelihood-ratio test in a Cox model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.design import design
from her2adc.stats.inputs import endpoint_of
from her2adc.stats.partial_likelihood import fit_cox

__all__ = ["interaction", "interaction_test"]

_NAN = float("nan")


def interaction_test(
    data: pd.DataFrame, endpoint: str, arm: str, variable: str
) -> tuple[float, int, float, int, int]:
    """Likelihood-ratio test of arm by variable: chi-square, df, p-value, n and events."""
    kept, times, events = endpoint_of(data, endpoint)
    made = design(kept, [arm, variable])
    times, events = times[made.complete], events[made.complete]
    n, n_events = times.size, int(events.sum())
    a, b = made.places(arm), made.places(variable)
    x = made.matrix
    products = [x[:, i] * x[:, j] for i in a for j in b]
    if not products or not n_events:
        return _NAN, 0, _NAN, n, n_events
    small = fit_cox(x, times, events)
    large = fit_cox(np.column_stack([x, *products]), times, events)
    df = large.df - small.df
    if df <= 0:
        return _NAN, 0, _NAN, n, n_events
    chi2 = max(0.0, 2 * (large.loglik - small.loglik))
    return chi2, df, float(stats.chi2.sf(chi2, df)), n, n_events


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

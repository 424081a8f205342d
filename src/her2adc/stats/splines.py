"""A continuous marker as a restricted cubic spline: tests of it, and the curve to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.cox_model import model_of
from her2adc.stats.design import design
from her2adc.stats.inputs import Bools, Floats, check_columns, conf_level_of
from her2adc.stats.logistic import outcome_of
from her2adc.stats.logistic_fit import fit_logistic, independent, maximise, separated
from her2adc.stats.monotone import infinite_coefficients
from her2adc.stats.partial_likelihood import fit_cox
from her2adc.stats.spline_basis import basis, knots_of

__all__ = ["Spline", "cox_spline", "logistic_spline"]

_CURVE = ["value", "ratio", "conf_low", "conf_high"]
_NAN = float("nan")


@dataclass(frozen=True)
class Spline:
    """Rows of the tests, and the curve: ratio against the median of the marker.

    Attributes
    ----------
    rows : pandas.DataFrame
        Results rows.
    curve : pandas.DataFrame
        ``value``, ``ratio``, ``conf_low``, ``conf_high``; empty where there is no fit.
    knots : tuple of float
        Knots, empty where there are none.
    reference : float
        Median of the marker, at which the ratio is 1.
    """

    rows: pd.DataFrame
    curve: pd.DataFrame
    knots: tuple[float, ...]
    reference: float


@dataclass(frozen=True)
class _Fit:
    """Coefficients of the spline with their covariance, and twice the likelihoods gained."""

    coef: Floats
    covariance: Floats
    gain: float
    gain_nonlinear: float


def cox_spline(
    data: pd.DataFrame,
    endpoint: str,
    marker: str,
    covariates: Sequence[str] = (),
    *,
    knots: int = 4,
    least: int = 1,
    conf_level: float = 0.95,
    population: str = "",
) -> Spline:
    """Fit a Cox model with the marker as a restricted cubic spline.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    marker : str
        Column of the marker, a number.
    covariates : sequence of str
        Other variables of the model.
    knots : {3, 4, 5}
        Number of knots.
    least : int
        With fewer events (patients of the rarer outcome) there is no curve.
    conf_level : float
        Level of the pointwise intervals.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    Spline
        Rows of analysis "spline_survival", variable the marker, level the endpoint: ``p_value``
        (likelihood ratio, against a model without the marker), ``p_nonlinear`` (against the marker as
        a straight line) and ``knot`` for each knot; the curve of hazard ratios.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"m": rng.normal(size=80), "OS_time": rng.exponential(size=80),
    ...     "OS_event": True})
    >>> found = cox_spline(data, "OS", "m", knots=3)
    >>> found.rows["statistic"].tolist(), float(found.curve["ratio"].min()) > 0
    (['p_value', 'p_nonlinear', 'knot', 'knot', 'knot'], True)
    """
    check_columns(data, [marker, *covariates])
    complete = data.dropna(subset=[f"{endpoint}_time", marker, *covariates])
    values = complete[marker].to_numpy(dtype=np.float64)
    at = knots_of(values, knots)
    names, made = _with_basis(complete, marker, at)
    events = complete[f"{endpoint}_event"].astype(bool)
    place = _place("spline_survival", marker, endpoint, population, len(complete), int(events.sum()))
    if not at or events.sum() < max(least, 1):
        why = f"fewer than {least} events" if events.any() else "no events"
        return _nothing(place, values, why if at else "too few different values")
    model = model_of(made, endpoint, [*names, *covariates])
    x, outcome = model.design.matrix, (model.times, model.events)
    fit = fit_cox(x, *outcome, model.scheme)
    own = np.arange(len(names))
    if infinite_coefficients(x, *outcome, fit, model.scheme).any() or not fit.kept[own].all():
        return _nothing(place, values, "monotone likelihood" if fit.kept[own].all() else "collinear")
    less = [fit_cox(np.delete(x, own[k:], axis=1), *outcome, model.scheme) for k in (0, 1)]
    null, linear = ((f.loglik if f.df else fit.loglik_null) for f in less)
    found = _Fit(fit.coef[own], fit.covariance[np.ix_(own, own)], fit.loglik - null, fit.loglik - linear)
    method = ", ".join(["Cox", *model.how, "Efron ties"])
    return _spline(found, values, at, place, method, conf_level)


def logistic_spline(
    data: pd.DataFrame,
    outcome: str,
    marker: str,
    covariates: Sequence[str] = (),
    *,
    event: str = "yes",
    knots: int = 4,
    least: int = 1,
    conf_level: float = 0.95,
    population: str = "",
) -> Spline:
    """Fit a logistic model with the marker as a restricted cubic spline.

    Parameters
    ----------
    data, outcome, event
        See :func:`her2adc.stats.logistic.outcome_of`.
    marker, covariates, knots, least, conf_level, population
        See :func:`cox_spline`.

    Returns
    -------
    Spline
        As :func:`cox_spline`, of odds ratios; analysis "spline_response".
    """
    check_columns(data, [outcome, marker, *covariates])
    complete, y = outcome_of(data.dropna(subset=[marker, *covariates]), outcome, event)
    values = complete[marker].to_numpy(dtype=np.float64)
    at = knots_of(values, knots)
    names, made = _with_basis(complete, marker, at)
    place = _place("spline_response", marker, outcome, population, len(complete), int(y.sum()))
    rarer = min(int(y.sum()), int((~y).sum()))
    if not at or rarer < max(least, 1):
        why = f"fewer than {least} patients of the rarer outcome" if rarer else "one outcome only"
        return _nothing(place, values, why if at else "too few different values")
    x = design(made, [*names, *covariates]).matrix
    kept, own = independent(x), np.arange(len(names))
    if not kept[own].all():
        return _nothing(place, values, "collinear")
    x = x[:, kept]
    if separated(x, y).any():
        return _nothing(place, values, "separated outcomes")
    fit = fit_logistic(x, y, conf_level)
    inner = own + 1  # after the intercept
    found = _Fit(
        fit.coef[inner],
        fit.covariance[np.ix_(inner, inner)],
        fit.loglik - _loglik(np.delete(x, own, axis=1), y),
        fit.loglik - _loglik(np.delete(x, own[1:], axis=1), y),
    )
    return _spline(found, values, at, place, "logistic regression", conf_level)


def _loglik(x: Floats, y: Bools) -> float:
    """Log-likelihood of a logistic model with these columns and an intercept."""
    return maximise(np.column_stack([np.ones(len(x)), x]), y, np.zeros(len(x)))[1]


def _with_basis(data: pd.DataFrame, marker: str, knots: Sequence[float]) -> tuple[list[str], pd.DataFrame]:
    """Add the columns of the spline; their names."""
    if not knots:
        return [], data
    columns = basis(data[marker].to_numpy(dtype=np.float64), knots)
    names = [f"{marker} spline {j}" for j in range(columns.shape[1])]
    return names, data.assign(**{n: columns[:, j] for j, n in enumerate(names)})


def _place(analysis: str, marker: str, level: str, population: str, n: int, events: int) -> dict[str, Any]:
    """What all rows of a spline share."""
    shared = {"variable": marker, "level": level, "population": population, "n": n, "n_events": events}
    return {"analysis": analysis, **shared}


def _nothing(place: dict[str, Any], values: Floats, why: str) -> Spline:
    """Say why there is no spline."""
    method = f"not estimable: {why}"
    rows = frame(row(**place, statistic=s, value=_NAN, method=method) for s in ("p_value", "p_nonlinear"))
    reference = float(np.median(values)) if values.size else _NAN
    return Spline(rows, pd.DataFrame(columns=_CURVE, dtype=float), (), reference)


def _spline(
    fit: _Fit, values: Floats, knots: tuple[float, ...], place: dict[str, Any], method: str, conf_level: float
) -> Spline:
    """Tests and curve of a fit."""
    reference, df = float(np.median(values)), len(knots) - 1
    how = f"{method}, restricted cubic spline, {len(knots)} knots, likelihood-ratio test"
    tests = {"p_value": (fit.gain, df), "p_nonlinear": (fit.gain_nonlinear, df - 1)}
    rows = [
        row(**place, statistic=name, value=stats.chi2.sf(max(2 * gain, 0.0), d), method=f"{how}, {d} df")
        for name, (gain, d) in tests.items()
    ]
    rows += [row(**place, statistic="knot", value=k, method="Harrell's quantiles") for k in knots]
    grid = np.unique(np.append(np.linspace(values.min(), values.max(), 121), reference))
    step = basis(grid, knots) - basis(np.array([reference]), knots)
    log_ratio = step @ fit.coef
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", step, fit.covariance, step), 0.0))
    half = stats.norm.ppf(0.5 + conf_level_of(conf_level) / 2) * error
    curve = np.column_stack([grid, *(np.exp(log_ratio + s) for s in (0.0, -half, half))])
    return Spline(frame(rows), pd.DataFrame(curve, columns=_CURVE), knots, reference)

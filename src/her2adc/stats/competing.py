"""Competing risks: cumulative incidence, Gray's test, Fine-Gray regression, as results rows.

See :mod:`her2adc.stats.causes` for the columns of such an endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import ALL_PATIENTS, frame, row
from her2adc.stats.aalen_johansen import aalen_johansen, value_at
from her2adc.stats.causes import CENSORED, Competing, competing_of
from her2adc.stats.design import Column, design, printable
from her2adc.stats.gray import gray_test
from her2adc.stats.inputs import Bools, check_columns, conf_level_of, groups_of, groups_with_all, levels_of
from her2adc.stats.logistic_fit import independent
from her2adc.stats.subdistribution import SubdistributionFit, fit_fine_gray

__all__ = ["FINE_GRAY", "cumulative_incidence", "curve", "fine_gray", "gray"]

FINE_GRAY = "Fine-Gray subdistribution hazard, Wald interval"
_NOT_ESTIMABLE = "not estimable: did not converge (monotone likelihood)"
_NO_EVENTS = "not estimable: no events"
_NAN = float("nan")
_NAMES = {"influence": "infinitesimal jackknife variance", "gray": "Gray's variance"}


def cumulative_incidence(
    data: pd.DataFrame,
    endpoint: str,
    by: str | None = None,
    landmarks: Sequence[float] = (12,),
    *,
    cause: str | None = None,
    censored: str = CENSORED,
    variance: str = "influence",
    conf_type: str = "log-log",
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Cumulative incidence of every cause at the landmarks (Aalen-Johansen).

    Parameters
    ----------
    data, endpoint, cause, censored
        See :func:`competing_of`.
    by : str, optional
        Column of groups.
    landmarks : sequence of float
        Times.
    variance, conf_type, conf_level
        See :func:`her2adc.stats.aalen_johansen.aalen_johansen`; by default R's ``survfit`` with
        ``conf.type = "log-log"``, ``gray`` for the variance of ``cmprsk::cuminc``.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows ``incidence`` (a fraction), all patients first; variable is
        ``<endpoint>: <cause>``, level the landmark. NaN after the last follow-up. n_events counts
        the patients who ever had the cause.

    Examples
    --------
    >>> data = pd.DataFrame({"PFS_time": [1.0, 2, 3], "PFS_cause": ["death", "censored", "progression"]})
    >>> cumulative_incidence(data, "PFS", landmarks=[2])[["variable", "value"]].round(3).values.tolist()
    [['PFS: death', 0.333], ['PFS: progression', 0.0]]
    """
    settings: dict[str, Any] = {"variance": variance, "conf_type": conf_type, "conf_level": conf_level}
    labelled = _labelled(data, endpoint, cause, censored)
    rows: list[dict[str, Any]] = []
    for label, part in groups_with_all(labelled, by):
        found = competing_of(part, endpoint, cause, censored)
        for place, name in enumerate(found.names, start=1):
            table = aalen_johansen(found.times, found.causes, place, **settings)
            common = {
                **_counts(found, place),
                "population": population,
                "group": label,
                "variable": f"{endpoint}: {name}",
                "method": f"Aalen-Johansen, {_NAMES[variance]}, {conf_type} interval",
                "conf_level": conf_level,
            }
            for landmark in landmarks:
                at = value_at(table, float(landmark))
                limits = {"conf_low": at["conf_low"], "conf_high": at["conf_high"]}
                shown = {**common, **limits, "level": f"{landmark:g}"}
                rows.append(row("cumulative_incidence", "incidence", at["incidence"], **shown))
    return frame(rows)


def _labelled(data: pd.DataFrame, endpoint: str, cause: str | None, censored: str) -> pd.DataFrame:
    """Data whose causes are levels, so that a part of it keeps a cause that nobody in it had."""
    competing_of(data, endpoint, cause, censored)
    column = cause or f"{endpoint}_cause"
    return data.assign(**{column: pd.Categorical(data[column], categories=levels_of(data[column]))})


def _counts(found: Competing, place: int) -> dict[str, Any]:
    """Patients, and those who had the cause."""
    return {"n": found.times.size, "n_events": int((found.causes == place).sum())}


def curve(
    data: pd.DataFrame,
    endpoint: str,
    by: str | None = None,
    *,
    cause: str | None = None,
    censored: str = CENSORED,
    variance: str = "influence",
    conf_type: str = "log-log",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Cumulative incidence at every time, to draw: ``group, cause`` and the columns of the estimate.

    Parameters
    ----------
    data, endpoint, by, cause, censored, variance, conf_type, conf_level
        See :func:`cumulative_incidence`.

    Returns
    -------
    pandas.DataFrame
        One block a group (all patients without ``by``) and cause.

    Examples
    --------
    >>> data = pd.DataFrame({"PFS_time": [1.0, 2], "PFS_cause": ["death", "censored"]})
    >>> curve(data, "PFS")[["group", "cause", "time", "incidence"]].values.tolist()[1]
    ['All patients', 'death', 1.0, 0.5]
    """
    settings: dict[str, Any] = {"variance": variance, "conf_type": conf_type, "conf_level": conf_level}
    labelled = _labelled(data, endpoint, cause, censored)
    parts = [(ALL_PATIENTS, labelled)]
    if by is not None:
        parts = [(label, labelled.loc[rows]) for label, rows in groups_of(labelled, by)]
    tables = []
    for label, part in parts:
        found = competing_of(part, endpoint, cause, censored)
        for place, name in enumerate(found.names, start=1):
            table = aalen_johansen(found.times, found.causes, place, **settings)
            tables.append(table.assign(group=label, cause=name))
    out = pd.concat(tables, ignore_index=True)
    return out[["group", "cause", *(c for c in out.columns if c not in ("group", "cause"))]]


def gray(
    data: pd.DataFrame,
    endpoint: str,
    by: str,
    *,
    strata: str | None = None,
    cause: str | None = None,
    censored: str = CENSORED,
    population: str = "",
) -> pd.DataFrame:
    """Gray's test of each cause between groups.

    Parameters
    ----------
    data, endpoint, cause, censored
        See :func:`competing_of`.
    by : str
        Column of groups; patients without a group are left out.
    strata : str, optional
        Column of strata.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows ``chi2``, ``df`` and ``p_value`` for each cause; variable is
        ``<endpoint>: <cause>``, level the column of groups. NaN with fewer than two groups, or
        where nobody had the cause.

    Examples
    --------
    >>> data = pd.DataFrame({"T_time": [1.0, 2, 3, 4], "T_cause": ["x", "y", "x", "x"], "arm": list("aabb")})
    >>> gray(data, "T", "arm").query("statistic == 'df'")["value"].tolist()
    [1.0, 1.0]
    """
    columns = [by] if strata is None else [by, strata]
    check_columns(data, columns)
    known = data[columns].notna().all(axis=1).to_numpy(dtype=bool)
    found = competing_of(_labelled(data, endpoint, cause, censored).loc[known], endpoint, cause, censored)
    layers = None if strata is None else found.data[strata].to_numpy()
    groups = found.data[by].astype(str).to_numpy()
    rows: list[dict[str, Any]] = []
    for place, name in enumerate(found.names, start=1):
        test = gray_test(found.times, found.causes, groups, place, layers)
        method = "Gray's test" if strata is None else f"Gray's test, stratified by {strata}"
        if not test.df:
            method = "not estimable: fewer than two groups, or nobody had the event"
        common = {**_counts(found, place), "variable": f"{endpoint}: {name}", "level": by, "method": method}
        values = {"chi2": test.chi2, "df": float(test.df) if test.df else _NAN, "p_value": test.p}
        rows += [
            row("gray_test", statistic, value, population=population, **common)
            for statistic, value in values.items()
        ]
    return frame(rows)


def fine_gray(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    of: str,
    *,
    reference: Mapping[str, str] | None = None,
    cause: str | None = None,
    censored: str = CENSORED,
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Fine-Gray regression of one cause on the patients with complete covariates.

    Parameters
    ----------
    data, endpoint, cause, censored
        See :func:`competing_of`.
    covariates : sequence of str
        Variables of the model. Numbers are continuous, everything else is categorical.
    of : str
        Cause of interest.
    reference : mapping, optional
        Reference level of a variable; its first level with patients otherwise.
    conf_level : float
        Level of the intervals.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "fine_gray". For each level or continuous variable
        ``subdistribution_hazard_ratio`` (1 with method "reference" for the reference) and
        ``p_value``; then ``events_per_variable`` and ``n_missing``, with
        ``<endpoint>: <cause>`` as variable. NaN where an estimate runs to infinity.

    Examples
    --------
    >>> data = pd.DataFrame({"T_time": np.arange(1.0, 7), "T_cause": list("xyxxyx"), "arm": list("abbaab")})
    >>> fine_gray(data, "T", ["arm"], "x").query("variable == 'arm'")["value"].round(3).tolist()
    [1.0, 0.76, 0.751]
    """
    conf_level_of(conf_level)
    if not list(covariates):
        raise ValueError("covariates is empty; name at least one variable")
    found = competing_of(data, endpoint, cause, censored)
    place = found.place(of)
    made = design(found.data, covariates, reference)
    times, causes = found.times[made.complete], found.causes[made.complete]
    kept = independent(made.matrix)
    fit = fit_fine_gray(made.matrix[:, kept], times, causes, place)
    events = causes == place
    rows = [record for column in made.columns for record in _term(column, fit, kept, events, conf_level)]
    n_events, p = int(events.sum()), int(kept.sum())
    whole: dict[str, Any] = {"variable": f"{endpoint}: {of}", "n": times.size, "n_events": n_events}
    rows.append({"statistic": "events_per_variable", "value": n_events / p if p else _NAN, **whole})
    rows.append({"statistic": "n_missing", "value": int((~made.complete).sum()), **whole})
    common = {"analysis": "fine_gray", "population": population}
    return frame(row(**{**common, **record}) for record in rows)


def _term(
    column: Column, fit: SubdistributionFit, kept: Bools, events: Bools, conf_level: float
) -> list[dict[str, Any]]:
    """Subdistribution hazard ratio and p-value of a level or a continuous variable."""
    common: dict[str, Any] = {"variable": column.variable, "level": column.level, "method": column.note}
    common |= {"n": int(column.rows.sum()), "n_events": int(events[column.rows].sum())}
    j = column.place
    statistic = "subdistribution_hazard_ratio"
    if j is None:
        return [{**common, "statistic": statistic, "value": 1.0 if column.note == "reference" else _NAN}]
    common["method"] = FINE_GRAY if fit.converged else _NOT_ESTIMABLE if events.any() else _NO_EVENTS
    coef, error, at = _NAN, _NAN, int(kept[:j].sum())
    if not kept[j]:
        common["method"] = "not estimable: collinear"
    elif fit.converged:
        coef, error = float(fit.coef[at]), float(np.sqrt(fit.covariance[at, at]))
    half = stats.norm.ppf(0.5 + conf_level / 2) * error
    with np.errstate(over="ignore"):  # said by printable
        value, low, high = (float(np.exp(coef + shift)) for shift in (0.0, -half, half))
    limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level}
    ratio = printable({**common, "statistic": statistic, "value": value, **limits}, column)
    return [ratio, {**common, "statistic": "p_value", "value": 2 * stats.norm.sf(abs(coef / error))}]

"""Cox regression: hazard ratios, proportional hazards, interactions, monotone likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import concat, frame, row
from her2adc.stats.design import Column, Design, design
from her2adc.stats.inputs import Bools, Floats, conf_level_of, endpoint_of
from her2adc.stats.interactions import interaction, interaction_test
from her2adc.stats.monotone import fit_firth, infinite_coefficients
from her2adc.stats.partial_likelihood import CoxFit, fit_cox, ph_test, schoenfeld

__all__ = ["cox", "cox_univariable", "interaction", "interaction_test", "schoenfeld_residuals"]

WALD = "Cox, Efron ties, Wald interval"
FIRTH = "Cox with Firth's penalty, Breslow ties, profile-likelihood interval"
ZPH = "score test of scaled Schoenfeld residuals, Kaplan-Meier transform"
_NAN = float("nan")


@dataclass(frozen=True)
class Estimates:
    """Hazard ratios of one model, in the columns of its matrix.

    Attributes
    ----------
    ratio, low, high, p : ndarray
        Hazard ratios, limits and p-values; NaN where not estimable.
    method : list of str
        How each was made, or why there is none.
    monotone : bool
        True when the likelihood is monotone and Firth's penalty answers it.
    """

    ratio: Floats
    low: Floats
    high: Floats
    p: Floats
    method: list[str]
    monotone: bool


def estimates(
    x: Floats, times: Floats, events: Bools, names: Sequence[str], conf_level: float = 0.95
) -> tuple[CoxFit, Estimates]:
    """Cox model, or its Firth-penalised form where the likelihood is monotone."""
    fit = fit_cox(x, times, events)
    why = "not estimable: no events" if not events.any() else "not estimable: collinear"
    infinite = infinite_coefficients(x, times, events, fit)
    if infinite.any():
        firth = fit_firth(x, times, events, fit.kept, conf_level)
        where = ", ".join(name for name, flag in zip(names, infinite, strict=True) if flag)
        method = [f"{FIRTH} (monotone likelihood: {where})" if k else why for k in fit.kept]
        ratio, low, high = (np.exp(v) for v in (firth.coef, firth.low, firth.high))
        return fit, Estimates(ratio, low, high, firth.p, method, True)
    error = np.sqrt(np.diag(fit.covariance))
    half = stats.norm.ppf(0.5 + conf_level / 2) * error
    p = 2 * stats.norm.sf(np.abs(fit.coef / error))
    ratio, low, high = (np.exp(fit.coef + shift) for shift in (0.0, -half, half))
    return fit, Estimates(ratio, low, high, p, [WALD if k else why for k in fit.kept], False)


def cox(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    population: str = "",
    conf_level: float = 0.95,
    analysis: str = "cox",
) -> pd.DataFrame:
    """Cox regression on the patients with complete covariates.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    covariates : sequence of str
        Variables of the model. Numbers are continuous, everything else is categorical.
    reference : mapping, optional
        Reference level of a variable; its first level with patients otherwise.
    population : str
        Name of the population, kept in the rows.
    conf_level : float
        Level of the intervals.
    analysis : str
        Name of the analysis in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows. For each level or continuous variable ``hazard_ratio`` (1 with method
        "reference" for the reference) and ``p_value``; then ``events_per_variable`` and
        ``n_missing`` (patients left out); then analysis ``ph_test`` with ``chi2``, ``df`` and
        ``p_value`` for each variable and ``GLOBAL``. Where the likelihood is monotone the method
        says so and the estimates are Firth-penalised.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "arm": ["a", "b", "a", "b"]}
    ... )
    >>> rows = cox(data, "OS", ["arm"])
    >>> rows.loc[rows.statistic == "hazard_ratio", ["level", "value"]].round(3).values.tolist()
    [['a', 1.0], ['b', 0.39]]
    """
    conf_level_of(conf_level)
    if not list(covariates):
        raise ValueError("covariates is empty; name at least one variable")
    kept, times, events = endpoint_of(data, endpoint)
    made = design(kept, covariates, reference)
    times, events = times[made.complete], events[made.complete]
    names = [_name(c) for c in made.columns if c.place is not None]
    fit, found = estimates(made.matrix, times, events, names, conf_level)
    rows: list[dict[str, Any]] = []
    for column in made.columns:
        rows += _term_rows(column, found, events, conf_level)
    n, n_events = times.size, int(events.sum())
    per = n_events / fit.df if fit.df else _NAN
    rows.append({"statistic": "events_per_variable", "value": per, "n": n, "n_events": n_events})
    left_out = int((~made.complete).sum())
    rows.append({"statistic": "n_missing", "value": left_out, "n": n, "n_events": n_events})
    rows += _ph_rows(made, fit, found.monotone, times, events, covariates, analysis)
    common = {"analysis": analysis, "population": population}
    return frame(row(**{**common, **record}) for record in rows)


def _name(column: Column) -> str:
    """Variable and level as a message prints them."""
    return f"{column.variable} {column.level}".strip()


def _term_rows(column: Column, found: Estimates, events: Bools, conf_level: float) -> list[dict[str, Any]]:
    """Hazard ratio and p-value of a level or a continuous variable."""
    common: dict[str, Any] = {
        "variable": column.variable,
        "level": column.level,
        "n": int(column.rows.sum()),
        "n_events": int(events[column.rows].sum()),
    }
    j = column.place
    if j is None:
        value = 1.0 if column.note == "reference" else _NAN
        return [{**common, "statistic": "hazard_ratio", "value": value, "method": column.note}]
    common["method"] = found.method[j]
    ratio = {
        "statistic": "hazard_ratio",
        "value": found.ratio[j],
        "conf_low": found.low[j],
        "conf_high": found.high[j],
        "conf_level": conf_level,
    }
    return [{**common, **ratio}, {**common, "statistic": "p_value", "value": found.p[j]}]


def _ph_rows(
    made: Design,
    fit: CoxFit,
    monotone: bool,
    times: Floats,
    events: Bools,
    covariates: Sequence[str],
    analysis: str,
) -> list[dict[str, Any]]:
    """Test of proportional hazards for each variable and all together."""
    at = np.cumsum(fit.kept) - 1
    terms = {name: [int(at[j]) for j in made.places(name) if fit.kept[j]] for name in covariates}
    tested = {name: columns for name, columns in terms.items() if columns}
    results: dict[str, tuple[float, float, float]] = {}
    if tested and not monotone:
        x, coef = made.matrix[:, fit.kept], fit.coef[fit.kept]
        found = ph_test(x, times, events, coef, list(tested.values()))
        results = dict(zip([*tested, "GLOBAL"], found, strict=True))
    why = "monotone likelihood" if monotone else "not in the model"
    name = "ph_test" if analysis == "cox" else f"{analysis}_ph_test"
    rows = []
    for variable in [*covariates, "GLOBAL"]:
        values = results.get(variable, (_NAN, _NAN, _NAN))
        method = ZPH if variable in results else f"not estimable: {why}"
        for statistic, value in zip(("chi2", "df", "p_value"), values, strict=True):
            rows.append(
                {
                    "analysis": name,
                    "variable": variable,
                    "statistic": statistic,
                    "value": value,
                    "method": method,
                    "n": times.size,
                    "n_events": int(events.sum()),
                }
            )
    return rows


def cox_univariable(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    population: str = "",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Cox regressions with one variable each, on the patients who have that variable.

    Parameters
    ----------
    data, endpoint, covariates, reference, population, conf_level
        See :func:`cox`.

    Returns
    -------
    pandas.DataFrame
        The rows of :func:`cox` for each variable, analysis ``cox_univariable``, without the
        global test.
    """
    chosen = dict(reference or {})
    parts = [
        cox(
            data,
            endpoint,
            [name],
            reference={name: chosen[name]} if name in chosen else None,
            population=population,
            conf_level=conf_level,
            analysis="cox_univariable",
        )
        for name in covariates
    ]
    for name, part in zip(covariates, parts, strict=True):
        part.loc[part["variable"] == "", "variable"] = name
    table = concat(parts)
    return table.loc[table["variable"] != "GLOBAL"].reset_index(drop=True)


def schoenfeld_residuals(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Scaled Schoenfeld residuals to draw: ``variable, level, time, residual``.

    The residuals are centred on the coefficient, as ``cox.zph(terms = FALSE)$y``, so that a
    smooth of them shows the log hazard ratio over time. Empty under a monotone likelihood.
    """
    kept, times, events = endpoint_of(data, endpoint)
    made = design(kept, covariates, reference)
    times, events = times[made.complete], events[made.complete]
    fit = fit_cox(made.matrix, times, events)
    empty = pd.DataFrame(columns=["variable", "level", "time", "residual"])
    if not fit.df or infinite_coefficients(made.matrix, times, events, fit).any():
        return empty
    at, scaled = schoenfeld(made.matrix[:, fit.kept], times, events, fit.coef[fit.kept])
    columns = [c for c in made.columns if c.place is not None and fit.kept[c.place]]
    tables = [
        pd.DataFrame({"variable": c.variable, "level": c.level, "time": at, "residual": scaled[:, j]})
        for j, c in enumerate(columns)
    ]
    return pd.concat(tables, ignore_index=True)

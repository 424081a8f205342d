"""Cox regression: hazard ratios, proportional hazards, interactions, monotone likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import concat, frame, row
from her2adc.stats.concordance import concordance
from her2adc.stats.cox_model import Estimates, Model, estimates, model_of
from her2adc.stats.design import Column, printable
from her2adc.stats.inputs import Bools, conf_level_of
from her2adc.stats.interactions import interaction, interaction_test, product_test
from her2adc.stats.monotone import infinite_coefficients
from her2adc.stats.partial_likelihood import CoxFit, fit_cox, linear_score, ph_test, schoenfeld

__all__ = ["cox", "cox_univariable", "interaction", "interaction_test", "schoenfeld_residuals"]

ZPH = "score test of scaled Schoenfeld residuals, Kaplan-Meier transform"
_NAN = float("nan")


def cox(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    interactions: Sequence[tuple[str, str]] = (),
    strata: Sequence[str] = (),
    entry: str | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    robust: bool | None = None,
    ties: str = "efron",
    population: str = "",
    conf_level: float = 0.95,
    analysis: str = "cox",
) -> pd.DataFrame:
    """Cox regression on the patients with complete covariates.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``; for time-varying
        covariates one row an interval, see :func:`her2adc.stats.start_stop.split_at`.
    endpoint : str
        Name of the endpoint.
    covariates : sequence of str
        Variables of the model. Numbers are continuous, everything else is categorical.
    reference : mapping, optional
        Reference level of a variable; its first level with patients otherwise.
    interactions : sequence of pairs of str
        Covariates whose products are in the model, too (variable ``a:b``, level of both).
    strata : sequence of str
        Columns whose combinations have their own baseline hazard.
    entry : str, optional
        Column of the times of entry; ``<endpoint>_entry`` where the data have it.
    weights : str, optional
        Column of case weights, taken as known.
    cluster : str, optional
        Column of clusters, such as the patient where a patient has several rows.
    robust : bool, optional
        Whether to use the sandwich variance; by default with weights or clusters.
    ties : {"efron", "breslow"}
        Handling of tied event times.
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
        "reference" for the reference) and ``p_value``, for each interaction ``p_interaction``
        (likelihood ratio); then ``events_per_variable``, ``n_missing`` (patients left out),
        ``concordance`` and ``p_likelihood_ratio``; then analysis ``ph_test`` with ``chi2``,
        ``df`` and ``p_value`` for each variable and ``GLOBAL``. Where the likelihood is monotone
        the method says so and the estimates are Firth-penalised.

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
    model = model_of(
        data,
        endpoint,
        covariates,
        reference=reference,
        interactions=interactions,
        strata=strata,
        entry=entry,
        weights=weights,
        cluster=cluster,
        ties=ties,
    )
    fit, found = estimates(model, conf_level, robust)
    rows: list[dict[str, Any]] = []
    for column in model.design.columns:
        rows += _term_rows(column, found, model.events, conf_level)
    rows += [_interaction_row(model, fit, name) for name in model.design.products]
    rows += _model_rows(model, fit, found, conf_level)
    rows += _ph_rows(model, fit, found.monotone, analysis)
    common = {"analysis": analysis, "population": population}
    return frame(row(**{**common, **record}) for record in rows)


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
    return [printable({**common, **ratio}, column), {**common, "statistic": "p_value", "value": found.p[j]}]


def _interaction_row(model: Model, fit: CoxFit, variable: str) -> dict[str, Any]:
    """Likelihood-ratio test of the products of two variables."""
    _, df, p = product_test(model, fit, variable)
    method = "likelihood-ratio test of the interaction" if df else "not estimable"
    counts = {"n": model.times.size, "n_events": int(model.events.sum())}
    return {"variable": variable, "statistic": "p_interaction", "value": p, "method": method, **counts}


def _model_rows(model: Model, fit: CoxFit, found: Estimates, conf_level: float) -> list[dict[str, Any]]:
    """Rows about the model as a whole."""
    n_events = int(model.events.sum())
    counts: dict[str, Any] = {"n": model.times.size, "n_events": n_events}
    c, error, method = _NAN, _NAN, "not estimable: monotone likelihood" if found.monotone else "Harrell's C"
    if fit.df and not found.monotone:
        c, error = concordance(
            linear_score(model.design.matrix, fit), model.times, model.events, model.scheme, model.cluster
        )
    half = stats.norm.ppf(0.5 + conf_level / 2) * error
    limits = {"conf_low": max(0.0, c - half), "conf_high": min(1.0, c + half), "conf_level": conf_level}
    values = {
        "events_per_variable": n_events / fit.df if fit.df else _NAN,
        "n_missing": model.n_missing,
        "p_likelihood_ratio": fit.likelihood_ratio()[2],
    }
    rows = [{"statistic": name, "value": value, **counts} for name, value in values.items()]
    return [*rows, {"statistic": "concordance", "value": c, **limits, "method": method, **counts}]


def _ph_rows(model: Model, fit: CoxFit, monotone: bool, analysis: str) -> list[dict[str, Any]]:
    """Test of proportional hazards for each variable and all together."""
    at = np.cumsum(fit.kept) - 1
    variables = list(dict.fromkeys(c.variable for c in model.design.columns))
    terms = {name: [int(at[j]) for j in model.design.places(name) if fit.kept[j]] for name in variables}
    tested = {name: columns for name, columns in terms.items() if columns}
    results: dict[str, tuple[float, float, float]] = {}
    if tested and not monotone:
        x = model.design.matrix if fit.kept.all() else model.design.matrix[:, fit.kept]
        coef = fit.coef[fit.kept]
        tests = ph_test(x, model.times, model.events, coef, list(tested.values()), model.scheme)
        results = dict(zip([*tested, "GLOBAL"], tests, strict=True))
    why = "monotone likelihood" if monotone else "not in the model"
    rows = []
    for variable in [*variables, "GLOBAL"]:
        common = {
            "analysis": "ph_test" if analysis == "cox" else f"{analysis}_ph_test",
            "variable": variable,
            "method": ZPH if variable in results else f"not estimable: {why}",
            "n": model.times.size,
            "n_events": int(model.events.sum()),
        }
        values = results.get(variable, (_NAN, _NAN, _NAN))
        for statistic, value in zip(("chi2", "df", "p_value"), values, strict=True):
            rows.append({**common, "statistic": statistic, "value": value})
    return rows


def cox_univariable(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    population: str = "",
    conf_level: float = 0.95,
    **options: Any,
) -> pd.DataFrame:
    """Cox regressions with one variable each, on the patients who have that variable.

    Parameters
    ----------
    data, endpoint, covariates, reference, population, conf_level
        See :func:`cox`.
    **options
        Other options of :func:`cox`: strata, entry, weights, cluster, robust, ties.

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
            **options,
        )
        for name in covariates
    ]
    for name, part in zip(covariates, parts, strict=True):
        part.loc[part["variable"] == "", "variable"] = name
    table = concat(parts)
    return table.loc[table["variable"] != "GLOBAL"].reset_index(drop=True)


def schoenfeld_residuals(
    data: pd.DataFrame, endpoint: str, covariates: Sequence[str], **options: Any
) -> pd.DataFrame:
    """Scaled Schoenfeld residuals to draw: ``variable, level, time, residual``.

    The residuals are centred on the coefficient, as ``cox.zph(terms = FALSE)$y``, so that a
    smooth of them shows the log hazard ratio over time. Empty under a monotone likelihood.

    Parameters
    ----------
    data, endpoint, covariates
        See :func:`cox`.
    **options
        ``reference``, ``interactions``, ``strata``, ``entry`` or ``ties`` of :func:`cox`.
    """
    model = model_of(data, endpoint, covariates, **options)
    x, observed = model.design.matrix, (model.times, model.events)
    fit = fit_cox(x, *observed, model.scheme)
    empty = pd.DataFrame(columns=["variable", "level", "time", "residual"])
    if not fit.df or infinite_coefficients(x, *observed, fit, model.scheme).any():
        return empty
    at, scaled = schoenfeld(x[:, fit.kept], *observed, fit.coef[fit.kept], model.scheme)
    columns = [c for c in model.design.columns if c.place is not None and fit.kept[c.place]]
    tables = [
        pd.DataFrame({"variable": c.variable, "level": c.level, "time": at, "residual": scaled[:, j]})
        for j, c in enumerate(columns)
    ]
    return pd.concat(tables, ignore_index=True)

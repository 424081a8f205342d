"""Logistic regression: odds ratios with profile limits, one variable at a time and together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import concat, frame, row
from her2adc.stats.design import Column, Design, design, printable
from her2adc.stats.inputs import Bools, check_columns, conf_level_of
from her2adc.stats.logistic_fit import (
    LogisticFit,
    fit_firth_logistic,
    fit_logistic,
    independent,
    separated,
)

__all__ = ["FIRTH", "LOGISTIC", "logistic", "logistic_table", "outcome_of"]

LOGISTIC = "logistic regression, profile-likelihood interval, likelihood-ratio test"
FIRTH = "logistic regression with Firth's penalty, profile-likelihood interval and test"
_NAN = float("nan")


def outcome_of(data: pd.DataFrame, outcome: str, event: str = "yes") -> tuple[pd.DataFrame, Bools]:
    """Patients whose outcome is known, and who of them had it.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    outcome : str
        Column of the outcome, boolean or with levels.
    event : str
        The level that counts; ignored for booleans.

    Returns
    -------
    tuple
        Rows of the data and outcomes.

    Examples
    --------
    >>> kept, y = outcome_of(pd.DataFrame({"pcr": ["yes", None, "no"]}), "pcr")
    >>> len(kept), y.tolist()
    (2, [True, False])
    """
    check_columns(data, [outcome])
    kept = data.loc[data[outcome].notna().to_numpy(dtype=bool)]
    values = kept[outcome]
    if pd.api.types.is_bool_dtype(values.dtype) or set(values) <= {True, False}:
        return kept, values.to_numpy(dtype=bool)
    levels = sorted(set(values.astype(str)))
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = [str(level) for level in values.cat.categories]
    if levels and event not in levels:
        raise ValueError(
            f"{outcome} never has the value {event!r}; its values are {levels}, name one as event"
        )
    return kept, (values.astype(str) == event).to_numpy(dtype=bool)


@dataclass(frozen=True)
class _Model:
    """A design with its fit, in the columns that can be fitted."""

    made: Design
    y: Bools
    kept: Bools
    fit: LogisticFit | None
    method: str

    def position(self, place: int) -> int | None:
        """Coefficient of a column; None where it was left out."""
        return int(self.kept[: place + 1].sum()) if self.kept[place] and self.fit is not None else None


def _model(made: Design, y: Bools, conf_level: float, sparse: float = 0.0) -> _Model:
    """Fit, with Firth's penalty where the outcomes are separated or few."""
    kept = independent(made.matrix)
    x = made.matrix[:, kept]
    if not y.size or not y.any() or y.all():
        return _Model(
            made,
            y,
            kept,
            None,
            f"not estimable: {'everybody' if y.size and y.all() else 'nobody'} has the outcome",
        )
    infinite = separated(x, y)
    few = min(y.sum(), (~y).sum()) < sparse * x.shape[1]
    names = [_name(c) for c in made.columns if c.place is not None and kept[c.place]]

    def settled(fit: LogisticFit, method: str) -> _Model:
        """The model, or which variables did not converge."""
        moving = ", ".join(name for name, flag in zip(names, fit.stuck[1:], strict=True) if flag)
        if moving:
            return _Model(made, y, kept, None, f"not estimable: the fit did not converge ({moving})")
        return _Model(made, y, kept, fit, method)

    if not infinite.any() and few:
        method = f"{FIRTH} (sparse: fewer than {sparse:g} events per variable)"
        return settled(fit_firth_logistic(x, y, conf_level), method)
    if not infinite.any():
        return settled(fit_logistic(x, y, conf_level), LOGISTIC)
    where = ", ".join(name for name, flag in zip(names, infinite, strict=True) if flag)
    return settled(fit_firth_logistic(x, y, conf_level), f"{FIRTH} (separated: {where})")


def _name(column: Column) -> str:
    """Variable and level as a message prints them."""
    return f"{column.variable} {column.level}".strip()


def logistic(
    data: pd.DataFrame,
    outcome: str,
    covariates: Sequence[str],
    *,
    event: str = "yes",
    reference: Mapping[str, str] | None = None,
    sparse: float = 0.0,
    conf_level: float = 0.95,
    population: str = "",
    analysis: str = "logistic",
) -> pd.DataFrame:
    """Logistic regression on the patients with complete covariates.

    Parameters
    ----------
    data, outcome, event
        See :func:`outcome_of`.
    covariates : sequence of str
        Variables of the model. Numbers are continuous, everything else is categorical.
    reference : mapping, optional
        Reference level of a variable; its first level with patients otherwise.
    sparse : float
        Patients of the rarer outcome per coefficient, below which the fit has Firth's penalty;
        otherwise only separated outcomes have.
    conf_level : float
        Level of the intervals.
    population : str
        Name of the population, kept in the rows.
    analysis : str
        Name of the analysis in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows. For each level or continuous variable ``odds_ratio`` (1 with method
        "reference" for the reference) and ``p_value``; for each variable with more than one
        coefficient ``p_variable``, the likelihood-ratio test of all of them; then
        ``events_per_variable`` (of the rarer outcome) and ``n_missing`` (patients left out).
        Where the outcomes are separated, or few, the method says so and the estimates are
        Firth-penalised.

    Examples
    --------
    >>> data = pd.DataFrame({"pcr": list("ynnyyn"), "arm": list("aaabbb")})
    >>> rows = logistic(data, "pcr", ["arm"], event="y")
    >>> rows.loc[rows.statistic == "odds_ratio", ["level", "value"]].round(3).values.tolist()
    [['a', 1.0], ['b', 4.0]]
    """
    conf_level_of(conf_level)
    if not list(covariates):
        raise ValueError("covariates is empty; name at least one variable")
    if outcome in covariates:
        raise ValueError(f"{outcome} is the outcome and a covariate; leave it out of the covariates")
    known, y = outcome_of(data, outcome, event)
    made = design(known, covariates, reference)
    model = _model(made, y[made.complete], conf_level, sparse)
    rows = [record for column in made.columns for record in _term(column, model, conf_level)]
    rows += [record for name in covariates for record in _variable(name, model)]
    n, n_events, df = model.y.size, int(model.y.sum()), int(model.kept.sum())
    whole: dict[str, Any] = {"n": n, "n_events": n_events}
    per = min(n_events, n - n_events) / df if df else _NAN
    rows.append({"statistic": "events_per_variable", "value": per, **whole})
    rows.append({"statistic": "n_missing", "value": len(data) - n, **whole})
    common = {"analysis": analysis, "population": population}
    return frame(row(**{**common, **record}) for record in rows)


def _term(column: Column, model: _Model, conf_level: float) -> list[dict[str, Any]]:
    """Odds ratio and p-value of a level or a continuous variable."""
    common: dict[str, Any] = {"variable": column.variable, "level": column.level, "method": column.note}
    common |= {"n": int(column.rows.sum()), "n_events": int(model.y[column.rows].sum())}
    if column.place is None:
        value = 1.0 if column.note == "reference" else _NAN
        return [{**common, "statistic": "odds_ratio", "value": value}]
    at = model.position(column.place)
    common["method"] = model.method
    if at is None or model.fit is None:
        common["method"] = "not estimable: collinear" if not model.kept[column.place] else model.method
        return [{**common, "statistic": name, "value": _NAN} for name in ("odds_ratio", "p_value")]
    fit = model.fit
    if np.isnan(fit.low[at]) or np.isnan(fit.high[at]):
        common["method"] += f", limits not found (the profile of {_name(column)} did not converge)"
    with np.errstate(over="ignore"):  # said by printable
        value, low, high = (float(np.exp(v[at])) for v in (fit.coef, fit.low, fit.high))
    limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level}
    ratio = printable({**common, "statistic": "odds_ratio", "value": value, **limits}, column)
    return [ratio, {**common, "statistic": "p_value", "value": fit.p[at]}]


def _variable(name: str, model: _Model) -> list[dict[str, Any]]:
    """Likelihood-ratio test of a variable with several coefficients."""
    places = [place for place in model.made.places(name) if model.kept[place]]
    if len(places) < 2:
        return []
    common: dict[str, Any] = {"variable": name, "statistic": "p_variable", "n": model.y.size}
    common["n_events"] = int(model.y.sum())
    if model.fit is None or model.method != LOGISTIC:
        return [{**common, "value": _NAN, "method": f"not estimable with: {model.method}"}]
    others = model.kept.copy()
    others[places] = False
    small = fit_logistic(model.made.matrix[:, others], model.y).loglik
    p = stats.chi2.sf(max(2 * (model.fit.loglik - small), 0.0), len(places))
    return [{**common, "value": p, "method": f"likelihood-ratio test, {len(places)} df"}]


def logistic_table(
    data: pd.DataFrame,
    outcome: str,
    covariates: Sequence[str],
    *,
    event: str = "yes",
    reference: Mapping[str, str] | None = None,
    sparse: float = 0.0,
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Models with one variable each, and the model with all of them.

    Parameters
    ----------
    data, outcome, covariates, event, reference, sparse, conf_level, population
        See :func:`logistic`.

    Returns
    -------
    pandas.DataFrame
        The rows of :func:`logistic`: analysis ``logistic_univariable`` on the patients who have
        that variable, with ``events_per_variable`` and ``n_missing`` under the variable's name,
        then analysis ``logistic`` on those who have all.

    Examples
    --------
    >>> data = pd.DataFrame({"pcr": list("ynnyynyn"), "arm": list("aaabbbab"), "age": range(8)})
    >>> rows = logistic_table(data, "pcr", ["arm", "age"], event="y")
    >>> rows.query("level == 'b' and statistic == 'odds_ratio'")["value"].round(2).tolist()
    [1.0, 1.41]
    """
    chosen = dict(reference or {})
    parts = []
    settings: dict[str, Any] = {"event": event, "sparse": sparse, "conf_level": conf_level}
    settings["population"] = population
    for name in covariates:
        own = {name: chosen[name]} if name in chosen else None
        part = logistic(data, outcome, [name], reference=own, analysis="logistic_univariable", **settings)
        part.loc[part["variable"] == "", "variable"] = name
        parts.append(part)
    together = logistic(data, outcome, covariates, reference=chosen or None, **settings)
    return concat([*parts, together])

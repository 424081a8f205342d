"""What a page needs in one call: several statistics of the same patients, as one table of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from her2adc.config import Population
from her2adc.expressions import holds
from her2adc.results import concat, frame, select
from her2adc.stats import regression, response, survival

TICKS = (0, 3, 6, 12, 18, 24, 30, 36, 48, 60, 72, 84, 96, 108, 120)
DENSE = (0, 1, 2, 3, 4, 5, *range(6, 60, 3), *range(60, 481, 12))
"""Times at which patients at risk are counted; the dense ones where entry is delayed, for then the
number between two events is not to be read from the curve."""


def comparable(data: pd.DataFrame, by: str) -> bool:
    """Whether a column has at least two values among the patients.

    Examples
    --------
    >>> comparable(pd.DataFrame({"arm": ["a", "a", None]}), "arm")
    False
    """
    return len(data[by].dropna().unique()) > 1


def endpoint(
    data: pd.DataFrame,
    name: str,
    by: str | None = None,
    landmarks: Sequence[float] = (12,),
    population: str = "",
    conf_type: str = "log-log",
) -> pd.DataFrame:
    """Kaplan-Meier estimates, numbers at risk, and the log-rank test when there are groups.

    Parameters
    ----------
    data
        One row a patient, with ``<name>_time`` (months) and ``<name>_event``.
    name
        Endpoint.
    by
        Column of groups.
    landmarks
        Times in months.
    population
        Name of the patients, kept in the rows.
    conf_type
        Scale of the Kaplan-Meier intervals.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`~her2adc.stats.survival.summarise`, ``at_risk`` and ``logrank``.
    """
    longest = data[f"{name}_time"].max()
    ticks = DENSE if f"{name}_entry" in data else TICKS
    times = [t for t in ticks if pd.notna(longest) and t <= longest]
    parts = [
        survival.summarise(data, name, by, landmarks, conf_type, population),
        survival.at_risk(data, name, by, times=times, population=population),
    ]
    if by is not None and comparable(data, by):
        parts.append(survival.logrank(data, name, by, population=population))
    return concat(parts)


def hazard_ratios(
    data: pd.DataFrame,
    name: str,
    covariates: Sequence[str],
    population: str = "",
    reference: Mapping[str, str] | None = None,
    strata: str = "",
) -> pd.DataFrame:
    """Cox model of all variables and, with several, models with one variable each.

    Parameters
    ----------
    data, name, population
        See :func:`endpoint`.
    covariates
        Columns of the model; those with fewer than two levels among the patients are left out.
    reference
        Reference level of a variable; its first level with patients otherwise.
    strata
        Column whose levels have their own baseline hazard; it is no covariate then.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`~her2adc.stats.regression.cox_univariable` and
        :func:`~her2adc.stats.regression.cox`; none without a usable variable or an event.
    """
    known = data.loc[data[f"{name}_time"].notna()]
    usable = [c for c in covariates if comparable(known, c) and c != strata]
    if not usable or not known[f"{name}_event"].fillna(False).any():
        return frame([])
    options: dict[str, Any] = {"population": population, "strata": [strata] if strata else []}
    whole = known.dropna(subset=usable)
    given = {c: g for c, g in (reference or {}).items() if c in usable and whole[c].eq(g).any()}
    options["reference"] = given or None
    together = regression.cox(data, name, usable, **options)
    if len(usable) == 1:
        return together
    return concat([regression.cox_univariable(data, name, usable, **options), together])


def response_by_group(data: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Response rates of treated and evaluable patients, and their difference between groups.

    Parameters
    ----------
    data
        One row a patient, with ``best_response`` and, where it is known, ``clinical_benefit``.
    by
        Column of groups.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`~her2adc.stats.response.rates` and, for ORR, DCR and CBR,
        :func:`~her2adc.stats.response.difference`.
    """
    parts = [response.rates(data, by=by)]
    if by is not None and comparable(data, by):
        parts += [
            response.difference(data, measure, by, population=population)
            for measure in response.MEASURES
            if measure != "CBR" or "clinical_benefit" in data
            for population in ("treated", "evaluable")
        ]
    return concat(parts)


def populations(
    data: pd.DataFrame,
    named: Mapping[str, Population],
    name: str,
    landmarks: Sequence[float] = (12,),
    conf_type: str = "log-log",
) -> pd.DataFrame:
    """Response rates, median and landmark survival of each named population.

    Parameters
    ----------
    data, name, landmarks, conf_type
        See :func:`endpoint`.
    named
        Populations by key: a label, and an expression over the columns that selects them.

    Returns
    -------
    pandas.DataFrame
        Objective response and disease control of treated patients (when there is a best
        response) and Kaplan-Meier estimates; ``population`` is the label.
    """
    parts = [frame([])]
    for p in named.values():
        chosen = data[holds(data, p.where, strict=False)]
        if "best_response" in data:
            rates = select(
                response.rates(chosen),
                statistic="rate",
                population="treated",
                variable=["ORR", "DCR"],
            )
            parts.append(rates.assign(population=p.label))
        parts.append(survival.summarise(chosen, name, None, landmarks, conf_type, p.label))
    return concat(parts)

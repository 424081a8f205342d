"""Outcomes that a patient has or has not: rates by group and stratum, differences, odds ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import ALL_PATIENTS, concat, frame, row, select
from her2adc.stats import logistic, mantel_haenszel, ratios
from her2adc.stats.analyses import comparable
from her2adc.stats.contingency import association, cross_table
from her2adc.stats.design import design
from her2adc.stats.groups import Comparison
from her2adc.stats.inputs import Floats, check_columns
from her2adc.stats.logistic_fit import independent, maximise
from her2adc.stats.multiplicity import adjusted_rows
from her2adc.stats.proportions import CLOPPER_PEARSON, clopper_pearson

__all__ = ["SPARSE", "interaction", "interaction_test", "odds", "rates"]

SPARSE = 5.0
"""Patients of the rarer outcome per coefficient, below which odds ratios are Firth-penalised."""
_NAN = float("nan")


def rates(ask: Comparison, outcome: str) -> pd.DataFrame:
    """How many patients have the outcome, by group and stratum, and how groups differ.

    Parameters
    ----------
    ask : Comparison
        Patients, groups, reference and strata.
    outcome : str
        Column of the outcome, with levels ``no`` and ``yes``; patients without a value are left out.

    Returns
    -------
    pandas.DataFrame
        For all patients and for each stratum (``population``): analysis "outcome" with ``rate``
        and its exact interval for all and for each group, ``missing`` and, of groups, ``p_value``
        over all of them; analysis "two_proportions" with :func:`her2adc.stats.ratios.compare` of each
        group with the reference and, of three or more, ``p_value_adjusted`` (Holm).

    Examples
    --------
    >>> data = pd.DataFrame({"pCR": ["no", "yes", "yes", "yes", None], "arm": list("aabbb")})
    >>> rows = rates(Comparison(data, "arm", "a", names={"a": "A", "b": "B"}), "pCR")
    >>> rows.query("statistic == 'rate'")[["group", "value", "n"]].values.tolist()
    [['All patients', 0.75, 4], ['a', 0.5, 2], ['b', 1.0, 2]]
    """
    check_columns(ask.data, [outcome])
    return concat([table for part in (ask, *ask.parts().values()) for table in _part(part, outcome)])


def _part(part: Comparison, outcome: str) -> list[pd.DataFrame]:
    """Rates and comparisons of all patients, or of one stratum."""
    known, y = logistic.outcome_of(part.data, outcome)
    common: dict[str, Any] = {"population": part.population, "variable": outcome}
    counts: dict[str, Any] = {"n": y.size, "n_events": int(y.sum())}
    groups = {ALL_PATIENTS: np.ones(y.size, dtype=bool)}
    if part.by is not None:
        groups |= {name: known[part.by].eq(name).to_numpy(dtype=bool) for name in part.names}
    rows = []
    for group, member in groups.items():
        n, n_events = int(member.sum()), int(y[member].sum())
        value, low, high = clopper_pearson(n_events, n)
        limits: dict[str, Any] = {"conf_low": low, "conf_high": high, "conf_level": 0.95}
        own: dict[str, Any] = {"group": group, "n": n, "n_events": n_events, "method": CLOPPER_PEARSON}
        rows.append(row("outcome", "rate", value, **limits, **own, **common))
    rows.append(row("outcome", "missing", len(part.data) - y.size, **counts, **common))
    if part.by is None:
        return [frame(rows)]
    test = association(cross_table(pd.Series(y), known[part.by]))
    rows.append(row("outcome", "p_value", test.p, level=part.by, method=test.method, **counts, **common))
    return [frame(rows), *_pairs(part, outcome)]


def _both(part: Comparison, outcome: str, group: str) -> bool:
    """Whether a group and the reference have patients with a known outcome."""
    assert part.by is not None
    known = part.data.loc[part.data[outcome].notna(), part.by]
    return all(bool(known.eq(name).any()) for name in (group, str(part.reference)))


def _pairs(part: Comparison, outcome: str) -> list[pd.DataFrame]:
    """Each group compared with the reference."""
    assert part.by is not None
    others = [name for name in part.names if name != part.reference]
    found = [
        ratios.compare(
            part.among([str(part.reference), other]), outcome, part.by, population=part.population
        )
        for other in others
        if _both(part, outcome, other)
    ]
    if len(others) < 2:
        return found
    adjusted = adjusted_rows(concat(found))
    return [*found, select(adjusted, statistic="p_value_adjusted")]


def odds(
    ask: Comparison,
    outcome: str,
    covariates: Sequence[str] = (),
    references: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Odds ratios of the groups: crude, within strata, pooled over strata, adjusted.

    Parameters
    ----------
    ask, outcome
        See :func:`rates`.
    covariates : sequence of str
        Variables for which the odds ratio of the groups is adjusted.
    references : mapping, optional
        Reference levels of the covariates; the first with patients otherwise.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`her2adc.stats.logistic.logistic` with the groups alone (analysis
        ``logistic_univariable``), of all patients and of each stratum (``population``); of
        :func:`her2adc.stats.mantel_haenszel.stratified` for each group and the reference, with the exact
        conditional odds ratio (``odds_ratio_exact``) where that has no limits; of
        :func:`interaction`; and with covariates those of
        :func:`her2adc.stats.logistic.logistic_table`. Where outcomes are separated, or there are
        fewer than :data:`SPARSE` events per variable, the estimates are Firth-penalised and the
        method says so. No rows without groups.

    Examples
    --------
    >>> data = pd.DataFrame({"pCR": ["no", "yes", "no"] * 4, "arm": list("aaabbbbbaaab")})
    >>> ask = Comparison(data, "arm", "a", names={"a": "A", "b": "B"})
    >>> rows = odds(ask, "pCR")
    >>> rows.query("level == 'b' and statistic == 'odds_ratio'")["value"].round(3).tolist()
    [1.0]
    """
    if ask.by is None:
        return frame([])
    usable = [ask.by, *(c for c in dict.fromkeys(covariates) if c not in (ask.by, outcome))]
    known = ask.data.loc[ask.data[outcome].notna()]
    ask = replace(ask, data=known)
    usable = [c for c in usable if comparable(known, c)]
    if ask.by not in usable:
        return frame([])
    found = [_crude(part, outcome) for part in ask.parts().values()]
    if ask.strata:
        found += _pooled(ask, outcome)
        found.append(interaction(ask.data, outcome, ask.by, ask.strata, ask.population))
    if len(usable) == 1:
        return concat([_crude(ask, outcome), *found])
    whole = known.dropna(subset=usable)
    named = {**(references or {}), ask.by: str(ask.reference)}
    given = {c: g for c, g in named.items() if c in usable and whole[c].eq(g).any()}
    options: dict[str, Any] = {"reference": given, "sparse": SPARSE, "population": ask.population}
    return concat([logistic.logistic_table(known, outcome, usable, **options), *found])


def _reference(ask: Comparison, outcome: str) -> dict[str, str] | None:
    """Return the reference group by its column, where it has patients with a known outcome."""
    assert ask.by is not None
    known = ask.data.loc[ask.data[outcome].notna(), ask.by]
    return {ask.by: ask.reference} if ask.reference is not None and known.eq(ask.reference).any() else None


def _crude(part: Comparison, outcome: str) -> pd.DataFrame:
    """Logistic model of the groups alone."""
    assert part.by is not None
    return logistic.logistic(
        part.data,
        outcome,
        [part.by],
        reference=_reference(part, outcome),
        sparse=SPARSE,
        population=part.population,
        analysis="logistic_univariable",
    )


def _pooled(ask: Comparison, outcome: str) -> list[pd.DataFrame]:
    """Mantel-Haenszel over the strata, of each group with the reference."""
    assert ask.by is not None
    found = []
    for other in [n for n in ask.names if n != ask.reference and _both(ask, outcome, n)]:
        pair = ask.among([str(ask.reference), other])
        rows = mantel_haenszel.stratified(pair, outcome, ask.by, ask.strata, population=ask.population)
        ratio = select(rows, statistic="odds_ratio")
        found.append(rows)
        if ratio["conf_low"].isna().all():
            found.append(ratio.assign(**_exact(pair, outcome, ask), statistic="odds_ratio_exact"))
    return found


def _exact(pair: pd.DataFrame, outcome: str, ask: Comparison) -> dict[str, Any]:
    """Exact conditional odds ratio over the strata, where Mantel-Haenszel's has no limits."""
    known, y = logistic.outcome_of(pair, outcome)
    tables = []
    for level in ask.layers:
        arms = [
            (known[ask.strata].eq(level) & known[str(ask.by)].eq(g)).to_numpy(dtype=bool)
            for g in reversed(known[str(ask.by)].cat.categories)
        ]
        tables.append([[(arm & y).sum(), (arm & ~y).sum()] for arm in arms])
    value, low, high = ratios.ConditionalOdds(tables).estimate()
    method = f"conditional maximum likelihood over {ask.strata}, exact interval"
    return {"value": value, "conf_low": low, "conf_high": high, "conf_level": 0.95, "method": method}


def interaction_test(
    data: pd.DataFrame, outcome: str, by: str, variable: str
) -> tuple[float, int, float, int, int]:
    """Likelihood-ratio test of two variables' products in a logistic model: chi-square, df, p, n, events."""
    known, y = logistic.outcome_of(data, outcome)
    made = design(known, [by, variable], interactions=[(by, variable)])
    y = y[made.complete]
    others = np.setdiff1d(np.arange(made.matrix.shape[1]), made.places(f"{by}:{variable}"))
    (full, more), (small, fewer) = (_loglik(x, y) for x in (made.matrix, made.matrix[:, others]))
    df = more - fewer
    if df <= 0 or not y.any() or y.all():
        return _NAN, 0, _NAN, y.size, int(y.sum())
    chi2 = max(0.0, 2 * (full - small))
    return chi2, df, float(stats.chi2.sf(chi2, df)), y.size, int(y.sum())


def _loglik(x: Floats, y: Any) -> tuple[float, int]:
    """Largest log-likelihood of a model, and how many coefficients it has."""
    columns = np.column_stack([np.ones(len(x)), x[:, independent(x)]])
    return maximise(columns, y, np.zeros(len(x)))[1], columns.shape[1]


def interaction(
    data: pd.DataFrame, outcome: str, by: str, variable: str, population: str = ""
) -> pd.DataFrame:
    """Likelihood-ratio test of the interaction of group and variable in a logistic model.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    outcome : str
        Column of the outcome.
    by, variable : str
        The two variables.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows ``chi2``, ``df`` and ``p_value`` of analysis "interaction", level is the groups'
        column; NaN where the two do not both vary within each other.

    Examples
    --------
    >>> data = pd.DataFrame({"pCR": ["no", "yes"] * 4, "arm": list("aabbabab"), "er": list("nnnnpppp")})
    >>> interaction(data, "pCR", "arm", "er").query("statistic == 'df'")["value"].tolist()
    [1.0]
    """
    chi2, df, p, n, n_events = interaction_test(data, outcome, by, variable)
    method = f"likelihood-ratio test of {by} x {variable}, logistic regression"
    if not df:
        method = f"not estimable: {by} and {variable} do not vary within each other"
    common: dict[str, Any] = {"variable": variable, "level": by, "population": population}
    common |= {"method": method, "n": n, "n_events": n_events}
    values = {"chi2": chi2, "df": float(df) if df else _NAN, "p_value": p}
    return frame(row("interaction", statistic, value, **common) for statistic, value in values.items())

"""Subgroups: tests of each factor within groups, and of the groups within each level of a factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.config import Population
from her2adc.expressions import holds
from her2adc.results import concat, frame, row, select
from her2adc.stats import analyses, outcomes
from her2adc.stats.contingency import association, cross_table
from her2adc.stats.forests import check_factors, forest, forests, odds_forest
from her2adc.stats.groups import Comparison
from her2adc.stats.inputs import Bools, groups_with_all, levels_of, outcome_of
from her2adc.stats.interactions import interaction_test
from her2adc.stats.logistic import outcome_of as known_outcome
from her2adc.stats.observed_expected import logrank_test

__all__ = [
    "association_table",
    "forest",
    "forests",
    "level_tests",
    "logrank_table",
    "odds_forest",
    "populations",
]


def logrank_table(
    data: pd.DataFrame,
    endpoint: str,
    factors: Sequence[str],
    by: str | None = None,
    population: str = "",
) -> pd.DataFrame:
    """Log-rank test of each factor, among all patients and within each group.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    factors : sequence of str
        Categorical variables.
    by : str, optional
        Column of groups within which to test.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows ``p_value``, all patients first; level names the endpoint. NaN where fewer
        than two levels have patients, or nobody has the event; the method says which.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "er": ["n", "n", "p", "p"]}
    ... )
    >>> logrank_table(data, "OS", ["er"])[["variable", "value"]].round(3).values.tolist()
    [['er', 0.09]]
    """
    check_factors(data, factors)
    rows = []
    for label, part in groups_with_all(data, by):
        found = outcome_of(part, endpoint)
        kept, times, events = found.kept, found.times, found.events
        for factor in factors:
            codes = pd.Categorical(kept[factor], categories=levels_of(kept[factor])).codes
            have = codes >= 0
            opened = None if found.entry is None else found.entry[have]
            _, df, p = logrank_test(times[have], events[have], codes[have], entry=opened)
            rows.append(
                row(
                    "subgroup_logrank",
                    "p_value",
                    p,
                    population=population,
                    group=label,
                    variable=factor,
                    level=endpoint,
                    method=f"log-rank, {df} df" if df else _why(codes[have], events[have]),
                    n=int(have.sum()),
                    n_events=int(events[have].sum()),
                )
            )
    return frame(rows)


def _why(codes: np.ndarray[Any, Any], events: Bools) -> str:
    """Say why a log-rank test cannot be made."""
    if np.unique(codes).size < 2:
        return "not estimable: one level only"
    return "not estimable: no events" if not events.any() else "not estimable"


def association_table(
    data: pd.DataFrame,
    outcome: str,
    factors: Sequence[str],
    by: str | None = None,
    population: str = "",
) -> pd.DataFrame:
    """Association of each factor with an outcome, among all patients and within each group.

    Parameters
    ----------
    data, factors, by, population
        See :func:`logrank_table`.
    outcome : str
        Column of the outcome, with levels ``no`` and ``yes``; patients without a value are left out.

    Returns
    -------
    pandas.DataFrame
        Results rows ``p_value`` of analysis "subgroup_association", all patients first; level
        names the outcome. Pearson's chi-square, or Fisher's test where a cell expects under 5.

    Examples
    --------
    >>> data = pd.DataFrame({"pCR": ["no", "yes", "no", "yes"], "er": ["n", "p", "n", "p"]})
    >>> association_table(data, "pCR", ["er"])["value"].round(3).tolist()
    [0.333]
    """
    check_factors(data, factors)
    rows = []
    for label, part in groups_with_all(data, by):
        known, y = known_outcome(part, outcome)
        for factor in factors:
            have = known[factor].notna().to_numpy(dtype=bool)
            test = association(cross_table(pd.Series(y[have]), known.loc[have, factor]))
            place: dict[str, Any] = {"group": label, "variable": factor, "level": outcome}
            place |= {"population": population, "method": test.method}
            place |= {"n": int(have.sum()), "n_events": int(y[have].sum())}
            rows.append(row("subgroup_association", "p_value", test.p, **place))
    return frame(rows)


def level_tests(ask: Comparison, name: str, factors: Sequence[str]) -> pd.DataFrame:
    """Compare all groups within each level of each factor, and test the interaction.

    Parameters
    ----------
    ask : Comparison
        Patients and groups.
    name : str
        Endpoint, or outcome with levels ``no`` and ``yes``.
    factors : sequence of str
        Categorical variables.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "level_test": for all patients (variable and level empty) and each
        level of each factor ``p_value`` (log-rank, or Pearson's chi-square or Fisher's test of an
        outcome) and, with the group as group, ``n_arm`` and ``events_arm``; for each factor
        ``p_interaction`` (likelihood ratio). No rows for fewer than three groups, whose difference
        is one ratio with an interval: a forest shows it.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2, 3, 4, 5, 6], "OS_event": [True] * 6,
    ...     "arm": list("abcabc"), "er": list("nnnppp")})
    >>> ask = Comparison(data, "arm", names={"a": "A", "b": "B", "c": "C"})
    >>> rows = level_tests(ask, "OS", ["er"])
    >>> rows.loc[rows.statistic == "p_value", ["variable", "level"]].values.tolist()
    [['', ''], ['er', 'n'], ['er', 'p']]
    """
    if ask.by is None or len(ask.names) < 3:
        return frame([])
    check_factors(ask.data, [ask.by, *factors])
    timed = f"{name}_time" in ask.data
    kept = outcome_of(ask.data, name).kept if timed else known_outcome(ask.data, name)[0]
    kept = kept.loc[kept[ask.by].notna()]
    rows = _level_rows(kept, ask, name, {})
    for factor in factors:
        place = {"variable": factor}
        interact = interaction_test if timed else outcomes.interaction_test
        _, df, p, n, n_events = interact(kept, name, ask.by, factor)
        how = f"likelihood-ratio test of {ask.by} x {factor}, {df} df" if df else "not estimable"
        test = {"statistic": "p_interaction", "value": p, "method": how, "n": n, "n_events": n_events}
        rows.append({**test, **place})
        for level in levels_of(kept[factor]):
            part = kept.loc[kept[factor].eq(level).fillna(False).to_numpy(dtype=bool)]
            rows += _level_rows(part, ask, name, {**place, "level": str(level)})
    common = {"analysis": "level_test", "population": ask.population}
    return frame(row(**{**common, **record}) for record in rows)


def _level_rows(
    part: pd.DataFrame, ask: Comparison, name: str, place: dict[str, Any]
) -> list[dict[str, Any]]:
    """Test and counts of one level."""
    assert ask.by is not None
    codes = pd.Categorical(part[ask.by].astype(str), categories=list(ask.names)).codes
    if f"{name}_time" in part:
        found = outcome_of(part, name)
        flags = found.events
        _, df, p = logrank_test(found.times, flags, codes, entry=found.entry)
        method = f"log-rank, {df} df" if df else _why(codes, flags)
    else:
        flags = known_outcome(part, name)[1]
        test = association(cross_table(pd.Series(flags), part[ask.by]))
        p, method = test.p, test.method
    counts = {"n": flags.size, "n_events": int(flags.sum())}
    rows = [{"statistic": "p_value", "value": p, "method": method, **counts, **place}]
    for code, group in enumerate(ask.names):
        n, n_events = int((codes == code).sum()), int(flags[codes == code].sum())
        own = {"group": group, "n": n, "n_events": n_events, **place}
        rows.append({"statistic": "n_arm", "value": n, **own})
        rows.append({"statistic": "events_arm", "value": n_events, **own})
    return rows


def populations(
    data: pd.DataFrame,
    named: Mapping[str, Population],
    name: str,
    landmarks: Sequence[float] = (12,),
    conf_type: str = "log-log",
) -> pd.DataFrame:
    """Estimates of an endpoint, or the rate of an outcome, in each named population.

    Parameters
    ----------
    data, named, landmarks, conf_type
        See :func:`her2adc.stats.analyses.populations`.
    name : str
        Endpoint, or outcome with levels ``no`` and ``yes``.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`her2adc.stats.analyses.populations`, or the ``rate`` of the outcome.
    """
    if f"{name}_time" in data:
        return analyses.populations(data, named, name, landmarks, conf_type)
    asked = [
        Comparison(data[holds(data, p.where, strict=False)], population=p.label) for p in named.values()
    ]
    return concat([frame([]), *(select(outcomes.rates(ask, name), statistic="rate") for ask in asked)])

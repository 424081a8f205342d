"""Forests: how groups differ within the levels of each factor, as hazard or as odds ratios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import frame, row, select
from her2adc.stats.cox_model import Model, estimates
from her2adc.stats.design import Column, Design, is_categorical
from her2adc.stats.groups import Comparison
from her2adc.stats.inputs import (
    Bools,
    Outcome,
    check_columns,
    conf_level_of,
    levels_of,
    outcome_of,
)
from her2adc.stats.interactions import interaction_test
from her2adc.stats.logistic import logistic
from her2adc.stats.logistic import outcome_of as known_outcome
from her2adc.stats.outcomes import SPARSE
from her2adc.stats.outcomes import interaction_test as odds_interaction_test
from her2adc.stats.scheme import Scheme

__all__ = ["check_factors", "forest", "forests", "odds_forest"]

_NAN = float("nan")
Records = list[dict[str, Any]]


def check_factors(data: pd.DataFrame, factors: Sequence[str]) -> None:
    """Refuse factors that are not there or are continuous."""
    check_columns(data, factors)
    numeric = [factor for factor in factors if not is_categorical(data[factor])]
    if numeric:
        raise ValueError(f"{numeric} is continuous; cut it into levels to use it as a subgroup")


def forest(
    data: pd.DataFrame,
    endpoint: str,
    arm: str,
    factors: Sequence[str],
    population: str = "",
    conf_level: float = 0.95,
    arms: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """Hazard ratio of the arm, overall and within each level of each factor.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    arm : str
        Column of two groups; of more, the first and the last with patients are compared.
    factors : sequence of str
        Categorical variables.
    population : str
        Name of the population, kept in the rows.
    conf_level : float
        Level of the intervals.
    arms : tuple of str, optional
        The two groups compared, reference first.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "forest". For all patients (variable and level empty), then for
        every level of every factor: ``hazard_ratio`` of the last against the first arm, and
        ``n_arm`` and ``events_arm`` with the arm as group. For every factor one
        ``p_interaction`` and one ``missing`` (level empty). Firth-penalised where the
        likelihood is monotone, NaN where there is nothing to compare; the method says so.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "arm": ["a", "b", "a", "b"]}
    ... )
    >>> forest(data, "OS", "arm", [])[["group", "statistic", "value"]].round(2).values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['All patients', 'hazard_ratio', 0.39], ['a', 'n_arm', 2.0], ['a', 'events_arm', 2.0],
     ['b', 'n_arm', 2.0], ['b', 'events_arm', 2.0]]
    """
    conf_level_of(conf_level)
    kept, compared = _two_arms(data, outcome_of(data, endpoint).kept, arm, factors, arms)

    def level(part: pd.DataFrame) -> Records:
        found = outcome_of(part, endpoint)
        members = [(part[arm] == group).to_numpy(dtype=bool) for group in compared]
        return _counted(_ratio(found, members, conf_level), compared, members, found.events)

    def test(factor: str) -> tuple[float, int, float, int, int]:
        return interaction_test(kept, endpoint, arm, factor)

    return _rows(kept, arm, factors, level, test, population)


def odds_forest(
    data: pd.DataFrame,
    outcome: str,
    arm: str,
    factors: Sequence[str],
    population: str = "",
    conf_level: float = 0.95,
    arms: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """Odds ratio of the arm for an outcome, overall and within each level of each factor.

    Parameters
    ----------
    data, arm, factors, population, conf_level, arms
        See :func:`forest`.
    outcome : str
        Column of the outcome, with levels ``no`` and ``yes``; patients without a value are left out.

    Returns
    -------
    pandas.DataFrame
        The rows of :func:`forest` with ``odds_ratio`` for ``hazard_ratio``; ``events_arm`` counts
        patients who have the outcome. Logistic regression of the arm alone, Firth-penalised where
        the outcomes are separated or few.

    Examples
    --------
    >>> data = pd.DataFrame({"pCR": ["no", "yes", "no", "yes"] * 6, "arm": list("aabb") * 6})
    >>> odds_forest(data, "pCR", "arm", []).query("statistic == 'odds_ratio'")["value"].round(3).tolist()
    [1.0]
    """
    conf_level_of(conf_level)
    kept, compared = _two_arms(data, known_outcome(data, outcome)[0], arm, factors, arms)

    def level(part: pd.DataFrame) -> Records:
        members = [(part[arm] == group).to_numpy(dtype=bool) for group in compared]
        flags = known_outcome(part, outcome)[1]
        return _counted(_odds(part, outcome, arm, compared, conf_level), compared, members, flags)

    def test(factor: str) -> tuple[float, int, float, int, int]:
        return odds_interaction_test(kept, outcome, arm, factor)

    return _rows(kept, arm, factors, level, test, population)


def forests(
    ask: Comparison, name: str, factors: Sequence[str], compare: Sequence[str] | None = None
) -> dict[tuple[str, str], pd.DataFrame]:
    """Return one forest for each group against the reference.

    Parameters
    ----------
    ask : Comparison
        Patients, groups and reference.
    name : str
        Endpoint, or outcome with levels ``no`` and ``yes``.
    factors : sequence of str
        Categorical variables.
    compare : sequence of str, optional
        Groups to compare with the reference; all others by default.

    Returns
    -------
    dict
        For each pair of group and reference the rows of :func:`forest` or :func:`odds_forest`;
        of three or more groups, their population is "b vs a".
    """
    others = [group for group in ask.names if group != ask.reference]
    if unknown := [group for group in compare or () if group not in others]:
        raise ValueError(f"compare names {unknown}; groups to compare with {ask.reference!r} are {others}")
    draw = forest if f"{name}_time" in ask.data else odds_forest
    found = {}
    for group in [g for g in others if ask.by is not None and (compare is None or g in compare)]:
        pair = (str(ask.reference), group)
        called = f"{group} vs {ask.reference}" if len(others) > 1 else ""
        label = ", ".join(part for part in (ask.population, called) if part)
        known = ask.data.loc[ask.data[f"{name}_time" if draw is forest else name].notna(), str(ask.by)]
        if all(known.eq(arm).any() for arm in pair):
            found[pair[::-1]] = draw(ask.data, name, str(ask.by), factors, label, arms=pair)
    return found


def _two_arms(
    data: pd.DataFrame,
    known: pd.DataFrame,
    arm: str,
    factors: Sequence[str],
    arms: tuple[str, str] | None,
) -> tuple[pd.DataFrame, list[Any]]:
    """Patients of the two arms compared, which are its only levels, reference first."""
    check_factors(data, [arm, *factors])
    present = [level for level in levels_of(known[arm]) if (known[arm] == level).any()]
    if len(present) < 2 or not set(arms or ()) <= set(map(str, present)):
        raise ValueError(f"{arm} has patients in {present} only; a forest compares two arms")
    wanted = arms or (str(present[0]), str(present[-1]))
    compared = [next(level for level in present if str(level) == name) for name in wanted]
    kept = known.loc[known[arm].isin(compared).to_numpy(dtype=bool)]
    return kept.assign(**{arm: pd.Categorical(kept[arm], compared, ordered=True)}), compared


def _rows(
    kept: pd.DataFrame,
    arm: str,
    factors: Sequence[str],
    level_rows: Callable[[pd.DataFrame], Records],
    test: Callable[[str], tuple[float, int, float, int, int]],
    population: str,
) -> pd.DataFrame:
    """All patients, then each factor with its interaction and its levels."""
    rows = level_rows(kept)
    for factor in factors:
        _, df, p, n, n_events = test(factor)
        counts: dict[str, Any] = {"variable": factor, "n": n, "n_events": n_events}
        method = f"likelihood-ratio test of {arm} x {factor}, {df} df"
        if not df:
            method = f"not estimable: {arm} and {factor} do not vary within each other"
        rows.append({"statistic": "p_interaction", "value": p, "method": method, **counts})
        missing = int(kept[factor].isna().sum())
        rows.append({"statistic": "missing", "value": missing, **counts})
        for level in levels_of(kept[factor]):
            part = kept.loc[(kept[factor] == level).fillna(False).to_numpy(dtype=bool)]
            place = {"variable": factor, "level": str(level)}
            rows += [{**record, **place} for record in level_rows(part)]
    common = {"analysis": "forest", "population": population}
    return frame(row(**{**common, **record}) for record in rows)


def _counted(
    estimate: dict[str, Any], arms: Sequence[Any], members: Sequence[Bools], events: Bools
) -> Records:
    """Estimate and counts of one level."""
    rows = [{**estimate, "n": events.size, "n_events": int(events.sum())}]
    for level, member in zip(arms, members, strict=True):
        n, n_events = int(member.sum()), int(events[member].sum())
        counts = {"group": str(level), "n": n, "n_events": n_events}
        rows.append({"statistic": "n_arm", "value": n, **counts})
        rows.append({"statistic": "events_arm", "value": n_events, **counts})
    return rows


def _ratio(outcome: Outcome, members: Sequence[Bools], conf_level: float) -> dict[str, Any]:
    """Hazard ratio of the last against the first arm, and how it was made."""
    record: dict[str, Any] = {"statistic": "hazard_ratio", "value": _NAN, "conf_level": conf_level}
    times, events = outcome.times, outcome.events
    if why := _nothing(members, events):
        return {**record, "method": why}
    made = Design(np.ones(times.size, dtype=bool), [Column("arm", "", 0, members[-1])])
    made.matrix = members[-1].astype(np.float64)[:, None]
    _, found = estimates(Model(made, times, events, Scheme(outcome.entry)), conf_level)
    limits = {"value": found.ratio[0], "conf_low": found.low[0], "conf_high": found.high[0]}
    return {**record, **limits, "method": found.method[0]}


def _nothing(members: Sequence[Bools], events: Bools) -> str:
    """Say why there is nothing to compare; nothing where there is."""
    if not events.size:
        return "not estimable: no patients"
    if not all(member.any() for member in members):
        return "not estimable: one arm only"
    return "" if events.any() else "not estimable: no events"


def _odds(
    part: pd.DataFrame, outcome: str, arm: str, arms: Sequence[Any], conf_level: float
) -> dict[str, Any]:
    """Odds ratio of the last against the first arm, and how it was made."""
    record: dict[str, Any] = {"statistic": "odds_ratio", "value": _NAN, "conf_level": conf_level}
    if part.empty:
        return {**record, "method": "not estimable: no patients"}
    if not all(part[arm].eq(group).any() for group in arms):
        return {**record, "method": "not estimable: one arm only"}
    rows = logistic(part, outcome, [arm], sparse=SPARSE, conf_level=conf_level)
    last = select(rows, statistic="odds_ratio", level=str(arms[-1])).iloc[0]
    return {**record, **{key: last[key] for key in ("value", "conf_low", "conf_high", "method")}}

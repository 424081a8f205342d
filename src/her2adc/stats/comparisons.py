"""Groups compared within strata, over strata, and pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from her2adc.results import concat, frame, select
from her2adc.stats import analyses, competing, group_contrasts, regression, survival
from her2adc.stats.causes import CENSORED
from her2adc.stats.groups import Comparison, silent
from her2adc.stats.inputs import levels_of, outcome_of

__all__ = [
    "Comparison",
    "by_stratum",
    "curves",
    "incidences",
    "pairwise",
    "restricted_means",
    "thin_at_first",
]


def curves(ask: Comparison, endpoint: str, conf_type: str = "log-log") -> pd.DataFrame:
    """Kaplan-Meier tables to draw, of each stratum where there are strata.

    Parameters
    ----------
    ask : Comparison
        Patients, groups and strata.
    endpoint, conf_type
        See :func:`her2adc.stats.survival.curve`.

    Returns
    -------
    pandas.DataFrame
        The rows of :func:`her2adc.stats.survival.curve`, with strata a first column ``stratum``.
    """
    if not ask.strata:
        return survival.curve(ask.data, endpoint, ask.by, conf_type)
    tables = []
    for name, part in ask.parts().items():
        table = survival.curve(part.data, endpoint, ask.by, conf_type)
        table.insert(0, "stratum", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def thin_at_first(curve: pd.DataFrame, few: int = 5) -> bool:
    """Whether fewer patients than these are at risk at an event before more come under observation.

    Parameters
    ----------
    curve : pandas.DataFrame
        What :func:`curves` returns.
    few : int
        Number of patients.

    Returns
    -------
    bool
        Never true where all are observed from the start.

    Examples
    --------
    >>> curve = pd.DataFrame({"group": "a", "n_risk": [1, 30, 3], "n_event": [1, 2, 3]})
    >>> thin_at_first(curve), thin_at_first(curve.iloc[1:])
    (True, False)
    """
    keys = [column for column in ("stratum", "group") if column in curve]
    for _, table in curve.groupby(keys, observed=True, sort=False):
        thin = (table["n_risk"] < few) & (table["n_event"] > 0)
        if (thin & (table["n_risk"][::-1].cummax()[::-1] >= few)).any():
            return True
    return False


def by_stratum(
    ask: Comparison, endpoint: str, landmarks: Sequence[float] = (12,), conf_type: str = "log-log"
) -> pd.DataFrame:
    """Survival in each stratum, and the groups compared over all strata.

    Parameters
    ----------
    ask : Comparison
        Patients, groups and strata.
    endpoint, landmarks, conf_type
        See :func:`her2adc.stats.analyses.endpoint`.

    Returns
    -------
    pandas.DataFrame
        For each stratum, whose printed name is in ``population``, the rows of
        :func:`her2adc.stats.analyses.endpoint` and, of groups, ``hazard_ratio`` and ``p_value``
        of a Cox model of this stratum (analysis ``cox_univariable``); then the log-rank test
        stratified (``logrank_stratified``) and the likelihood-ratio test of the interaction of
        group and stratum (``interaction``). No rows without strata.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "arm": list("abab"),
    ...     "site": list("xxyy")})
    >>> ask = Comparison(data, "arm", "a", "site", {"a": "A", "b": "B"}, {"x": "X", "y": "Y"})
    >>> rows = by_stratum(ask, "OS")
    >>> rows.loc[rows.statistic == "p_value", ["analysis", "population"]].values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['logrank', 'X'], ['cox_univariable', 'X'], ['logrank', 'Y'], ['cox_univariable', 'Y'],
     ['logrank_stratified', ''], ['interaction', '']]
    """
    rows = [frame([])]
    for part in ask.parts().values():
        label = part.population
        rows.append(analyses.endpoint(part.data, endpoint, ask.by, landmarks, label, conf_type))
        if ask.by is not None:
            rows += _within(part, endpoint)
    if ask.strata and ask.by is not None:
        test = survival.logrank(ask.data, endpoint, ask.by, ask.population, strata=[ask.strata])
        rows.append(test.assign(analysis="logrank_stratified"))
        rows.append(regression.interaction(ask.data, endpoint, ask.by, ask.strata, ask.population))
    return concat(rows)


def _within(part: Comparison, endpoint: str) -> list[pd.DataFrame]:
    """Log-rank test where there is nothing to compare, and hazard ratios, of one stratum."""
    assert part.by is not None
    found = []
    if not analyses.comparable(part.data, part.by):
        found.append(survival.logrank(part.data, endpoint, part.by, part.population))
    ratios = regression.cox_univariable(
        part.data,
        endpoint,
        [part.by],
        reference=_present(part, endpoint),
        population=part.population,
    )
    found.append(select(ratios, statistic=["hazard_ratio", "p_value"], analysis="cox_univariable"))
    base = found[-1].loc[found[-1]["method"] == "reference", "level"].tolist()
    if set(base) & silent(part, endpoint):
        found[-1] = _unknown(found[-1])
    return found


def _unknown(rows: pd.DataFrame) -> pd.DataFrame:
    """Ratios that compare with a group of whom nobody is at risk at any event."""
    nothing = {"value": np.nan, "conf_low": np.nan, "conf_high": np.nan}
    return rows.assign(**nothing, method="not estimable: nobody of a group at risk at an event")


def _present(ask: Comparison, endpoint: str) -> dict[str, str] | None:
    """Return the reference group by its column, where it has patients with the endpoint."""
    assert ask.by is not None
    known = outcome_of(ask.data, endpoint).kept[ask.by]
    return {ask.by: ask.reference} if ask.reference is not None and known.eq(ask.reference).any() else None


def pairwise(ask: Comparison, endpoint: str) -> pd.DataFrame:
    """Compare each pair of groups: hazard ratio from one Cox model of all, and log-rank test.

    Parameters
    ----------
    ask : Comparison
        Patients and groups; with strata, model and tests are stratified.
    endpoint : str
        Name of the endpoint.

    Returns
    -------
    pandas.DataFrame
        With "b vs a" as group, variable the endpoint and level the grouping column:
        ``hazard_ratio`` and ``p_value`` of analysis "cox_pairwise", then ``chi2``, ``p_value`` and
        ``p_value_adjusted`` (Holm, over all pairs) of analysis "logrank_pairwise". Pairs with the
        reference come first. No rows for fewer than three groups.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2, 3, 4, 5, 6], "OS_event": [True] * 6,
    ...     "arm": list("abcabc")})
    >>> ask = Comparison(data, "arm", "b", names={"a": "A", "b": "B", "c": "C"})
    >>> pairwise(ask, "OS")["group"].unique().tolist()
    ['a vs b', 'c vs b', 'c vs a']
    """
    if ask.by is None or len(ask.names) < 3:
        return frame([])
    strata = [ask.strata] if ask.strata else []
    wanted = {frozenset(pair): " vs ".join(pair) for pair in ask.pairs()}
    tests = survival.logrank_pairwise(
        ask.among(list(ask.names)), endpoint, ask.by, ask.population, strata=strata
    )
    tests["group"] = [wanted[frozenset(_two(group, ask))] for group in tests["group"]]
    order = {name: place for place, name in enumerate(wanted.values())}
    tests = tests.sort_values("group", key=lambda groups: groups.map(order), kind="stable")
    return concat([*_ratios(ask, endpoint, strata), tests])


def _two(group: str, ask: Comparison) -> tuple[str, str]:
    """Return the two groups behind the name of a pair."""
    return next(pair for pair in combinations(ask.names, 2) if " vs ".join(pair) == group)


def _ratios(ask: Comparison, endpoint: str, strata: Sequence[str]) -> list[pd.DataFrame]:
    """Hazard ratio of each pair: the same model with each group as its reference."""
    assert ask.by is not None
    kept = outcome_of(ask.data, endpoint).kept
    nobody = silent(ask, endpoint)
    found, models = [], {}
    for group, base in ask.pairs():
        if base not in models:
            given = {ask.by: base} if kept[ask.by].eq(base).any() else None
            models[base] = regression.cox(
                kept, endpoint, [ask.by], reference=given, strata=strata, population=ask.population
            )
        counts = select(models[base], statistic="hazard_ratio", level=[group, base])[["n", "n_events"]].sum()
        rows = select(models[base], analysis="cox", level=group, statistic=["hazard_ratio", "p_value"])
        rows = _unknown(rows) if {group, base} & nobody else rows
        found.append(rows.assign(analysis="cox_pairwise", group=f"{group} vs {base}", variable=endpoint,
                                 level=ask.by, n=counts["n"], n_events=counts["n_events"]))  # fmt: skip
    return found


def restricted_means(ask: Comparison, endpoint: str) -> pd.DataFrame:
    """Restricted mean survival up to the shortest of the groups' follow-ups, and its differences.

    Parameters
    ----------
    ask : Comparison
        Patients, groups and reference.
    endpoint : str
        Name of the endpoint.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`her2adc.stats.group_contrasts.rmst`; none where there are not two groups
        with the endpoint, or where there are strata.
    """
    if ask.by is None or ask.strata:
        return frame([])
    known = outcome_of(ask.data, endpoint).kept[ask.by]
    if len(present := [level for level in levels_of(known) if known.eq(level).any()]) < 2:
        return frame([])
    reference = ask.reference if ask.reference in present else None
    return group_contrasts.rmst(
        ask.data, endpoint, ask.by, reference=reference, population=ask.population
    )


def incidences(
    ask: Comparison, endpoint: str, landmarks: Sequence[float] = (12,), conf_type: str = "log-log"
) -> pd.DataFrame:
    """Cumulative incidence of an endpoint and of what competes with it.

    Parameters
    ----------
    ask : Comparison
        Patients and groups.
    endpoint, landmarks, conf_type
        See :func:`her2adc.stats.analyses.endpoint`.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`her2adc.stats.competing.cumulative_incidence` of the causes "event" and
        "competing event"; none without ``<endpoint>_cause`` (0 censored, 1 event, 2 competing
        event), with strata, or with delayed entry.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2, 3, 4], "OS_cause": [1, 2, 1, 0]})
    >>> incidences(Comparison(data), "OS", [3])[["variable", "value"]].values.tolist()
    [['OS: event', 0.5], ['OS: competing event', 0.25]]
    """
    column = f"{endpoint}_cause"
    if column not in ask.data or ask.strata or f"{endpoint}_entry" in ask.data:
        return frame([])
    names = [CENSORED, "event", "competing event"]
    cause = pd.Categorical(ask.data[column].map(dict(enumerate(names))), names)
    return competing.cumulative_incidence(
        ask.data.assign(**{column: cause}),
        endpoint,
        ask.by,
        landmarks,
        conf_type=conf_type,
        population=ask.population,
    )

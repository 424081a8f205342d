"""Log-rank tests as rows: weighted, stratified, for trend, pairwise with adjusted p-values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc.results import frame, row
from her2adc.stats.inputs import Bools, Floats, check_columns, levels_of, outcome_of
from her2adc.stats.multiplicity import adjusted_rows
from her2adc.stats.observed_expected import WEIGHTINGS, LogRank, compare_groups, logrank_test

__all__ = ["logrank", "logrank_pairwise", "logrank_test", "logrank_trend"]

_NAN = float("nan")


@dataclass(frozen=True)
class _Groups:
    """Patients with a known group, as arrays."""

    times: Floats
    events: Bools
    codes: NDArray[Any]
    levels: list[Any]
    options: dict[str, Any]

    def take(self, rows: Bools) -> _Groups:
        """Keep some of the patients."""
        kept = {k: v[rows] if isinstance(v, np.ndarray) else v for k, v in self.options.items()}
        return _Groups(self.times[rows], self.events[rows], self.codes[rows], self.levels, kept)

    def compare(self) -> LogRank:
        """Observed and expected events."""
        return compare_groups(self.times, self.events, self.codes, **self.options)


def _groups(
    data: pd.DataFrame,
    endpoint: str,
    by: str,
    strata: Sequence[str],
    entry: str | None,
    options: dict[str, Any],
) -> _Groups:
    """Select the patients with the endpoint, a group and strata."""
    found = outcome_of(data, endpoint, entry)
    check_columns(found.kept, [by, *strata])
    levels = levels_of(found.kept[by])
    codes = np.asarray(pd.Categorical(found.kept[by], categories=levels).codes)
    have = codes >= 0
    parts: dict[str, Any] = {**options, "entry": found.entry}
    if strata:
        numbers = found.kept.groupby(list(strata), observed=True, dropna=True).ngroup().to_numpy()
        have, parts["strata"] = have & (numbers >= 0), numbers
    return _Groups(found.times, found.events, codes, levels, parts).take(have)


def _name(weighting: str, rho: float, gamma: float, strata: Sequence[str]) -> str:
    """Name of a test as a caption prints it."""
    name = WEIGHTINGS.get(weighting, weighting)
    if weighting == "fleming-harrington":
        name = f"{name} (rho {rho:g}, gamma {gamma:g})"
    return f"{name}, stratified by {', '.join(strata)}" if strata else name


def logrank(
    data: pd.DataFrame,
    endpoint: str,
    by: str,
    population: str = "",
    *,
    strata: Sequence[str] = (),
    weighting: str = "logrank",
    rho: float = 1.0,
    gamma: float = 0.0,
    entry: str | None = None,
) -> pd.DataFrame:
    """Log-rank test between the groups of ``by``.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    by : str
        Column of groups; patients without a group or stratum are left out.
    population : str
        Name of the population, kept in the rows.
    strata : sequence of str
        Columns within whose combinations the groups are compared.
    weighting, rho, gamma
        See :func:`her2adc.stats.observed_expected.compare_groups`.
    entry : str, optional
        Column of the times of entry; ``<endpoint>_entry`` where the data have it.

    Returns
    -------
    pandas.DataFrame
        Results rows ``chi2``, ``df`` and ``p_value``; variable is the endpoint, level the
        grouping column.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "arm": ["a", "a", "b", "b"]}
    ... )
    >>> logrank(data, "OS", "arm")["value"].round(4).tolist()
    [2.8824, 1.0, 0.0896]
    """
    made = _groups(data, endpoint, by, strata, entry, {"weighting": weighting, "rho": rho, "gamma": gamma})
    name = _name(weighting, rho, gamma, strata)
    return frame(_rows("logrank", made, made.compare().test(), name, endpoint, by, population))


def logrank_trend(
    data: pd.DataFrame,
    endpoint: str,
    by: str,
    population: str = "",
    *,
    strata: Sequence[str] = (),
    scores: Sequence[float] | None = None,
    entry: str | None = None,
) -> pd.DataFrame:
    """Log-rank test for a trend over the ordered groups of ``by``.

    Parameters
    ----------
    data, endpoint, by, population, strata, entry
        See :func:`logrank`.
    scores : sequence of float, optional
        Score of each level; 1, 2, ... by default.

    Returns
    -------
    pandas.DataFrame
        Results rows ``chi2``, ``df`` and ``p_value`` of analysis "logrank_trend".

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2, 3], "OS_event": [True] * 3, "dose": [1, 2, 3]})
    >>> logrank_trend(data, "OS", "dose")["value"].round(4).tolist()
    [2.4545, 1.0, 0.1172]
    """
    made = _groups(data, endpoint, by, strata, entry, {})
    if scores is not None and len(scores) != len(made.levels):
        raise ValueError(f"{len(scores)} scores for the levels {made.levels} of {by}; give one each")
    found = made.compare()
    wanted = np.arange(1.0, len(made.levels) + 1) if scores is None else np.asarray(scores, dtype=np.float64)
    test = found.trend(wanted[: found.observed.size])
    name = _name("logrank", 0, 0, strata).replace("log-rank", "log-rank test for trend")
    return frame(_rows("logrank_trend", made, test, name, endpoint, by, population))


def _rows(
    analysis: str,
    made: _Groups,
    test: tuple[float, int, float],
    name: str,
    endpoint: str,
    by: str,
    population: str,
) -> list[dict[str, Any]]:
    """Rows of one test."""
    chi2, df, p = test
    method = name if df else f"{name}: not estimable, fewer than two groups or no events"
    counts: dict[str, Any] = {"n": made.times.size, "n_events": int(made.events.sum())}
    values = {"chi2": chi2, "df": float(df) if df else _NAN, "p_value": p}
    common: dict[str, Any] = {"population": population, "variable": endpoint, "level": by, "method": method}
    return [row(analysis, statistic, value, **common, **counts) for statistic, value in values.items()]


def logrank_pairwise(
    data: pd.DataFrame,
    endpoint: str,
    by: str,
    population: str = "",
    *,
    adjust: str = "holm",
    reference: str | None = None,
    strata: Sequence[str] = (),
    weighting: str = "logrank",
    rho: float = 1.0,
    gamma: float = 0.0,
    entry: str | None = None,
) -> pd.DataFrame:
    """Log-rank test of each pair of groups, with adjusted p-values.

    Parameters
    ----------
    data, endpoint, by, population, strata, weighting, rho, gamma, entry
        See :func:`logrank`.
    adjust : str
        Adjustment, see :func:`her2adc.stats.multiplicity.adjust`.
    reference : str, optional
        Compare every other group with this one only.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "logrank_pairwise": ``chi2``, ``p_value`` and ``p_value_adjusted`` with
        "a vs b" as group, variable the endpoint and level the grouping column.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4, 5, 6], "OS_event": [True] * 6, "arm": list("aabbcc")}
    ... )
    >>> rows = logrank_pairwise(data, "OS", "arm")
    >>> rows.loc[rows.statistic == "p_value_adjusted", ["group", "value"]].round(3).values.tolist()
    [['a vs b', 0.269], ['a vs c', 0.269], ['b vs c', 0.269]]
    """
    made = _groups(data, endpoint, by, strata, entry, {"weighting": weighting, "rho": rho, "gamma": gamma})
    labels = [str(level) for level in made.levels]
    if reference is not None and reference not in labels:
        raise ValueError(f"{by} has no level {reference!r} for reference; it has {labels}")
    pairs = [p for p in combinations(range(len(labels)), 2) if reference in (None, *(labels[i] for i in p))]
    parts = [made.take(np.isin(made.codes, pair)) for pair in pairs]
    tests = [part.compare().test() for part in parts]
    name = _name(weighting, rho, gamma, strata)
    rows = []
    for (a, b), part, (chi2, df, p) in zip(pairs, parts, tests, strict=True):
        first, second = (b, a) if labels[a] == reference else (a, b)
        common: dict[str, Any] = {
            "population": population,
            "group": f"{labels[first]} vs {labels[second]}",
            "variable": endpoint,
            "level": by,
            "n": part.times.size,
            "n_events": int(part.events.sum()),
        }
        method = name if df else f"{name}: not estimable, an empty group or no events"
        for statistic, value in (("chi2", chi2), ("p_value", p)):
            rows.append(row("logrank_pairwise", statistic, value, method=method, **common))
    return adjusted_rows(frame(rows), adjust)

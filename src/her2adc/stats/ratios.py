"""Ratios of two proportions: risk ratio, odds ratio, and the exact conditional odds ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from her2adc.results import frame, row
from her2adc.stats.contingency import association
from her2adc.stats.inputs import Floats, check_columns, conf_level_of, levels_of
from her2adc.stats.intervals import difference

__all__ = ["ConditionalOdds", "compare", "odds_ratio", "risk_ratio", "table_of"]

Estimate = tuple[float, float, float]
_NAN = float("nan")
_REACH = 700.0


def table_of(counts: Any) -> Floats:
    """Check a 2 x 2 table: rows are groups, columns with and without the event.

    Examples
    --------
    >>> table_of([[9, 8], [4, 7]]).tolist()
    [[9.0, 8.0], [4.0, 7.0]]
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.shape != (2, 2) or not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("counts is not a 2 x 2 table; give [[events, no events], [events, no events]]")
    return table


def _on_log_scale(ratio: float, variance: float, conf_level: float) -> Estimate:
    """Ratio with limits on the log scale; no limits where a cell is empty."""
    if not (0 < ratio < np.inf and np.isfinite(variance)):
        return ratio, _NAN, _NAN
    half = stats.norm.ppf(0.5 + conf_level / 2) * np.sqrt(variance)
    return ratio, float(ratio * np.exp(-half)), float(ratio * np.exp(half))


def risk_ratio(counts: Any, conf_level: float = 0.95) -> Estimate:
    """Risk of the first over the second row, with Katz's log interval.

    Parameters
    ----------
    counts : array_like, shape (2, 2)
        Rows are groups, columns with and without the event.
    conf_level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Ratio and limits; limits NaN where either group has no events.

    Examples
    --------
    >>> [round(v, 4) for v in risk_ratio([[9, 8], [4, 7]])]
    [1.4559, 0.5913, 3.5849]
    """
    table, level = table_of(counts), conf_level_of(conf_level)
    (a, n), (c, m) = ((row[0], row.sum()) for row in table)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float((a / n) / (c / m))
        variance = float(1 / a - 1 / n + 1 / c - 1 / m)
    return _on_log_scale(ratio, variance, level)


def odds_ratio(counts: Any, conf_level: float = 0.95) -> Estimate:
    """Odds of the first over the second row, with Woolf's log interval.

    Parameters
    ----------
    counts, conf_level
        See :func:`risk_ratio`.

    Returns
    -------
    tuple of float
        Ratio and limits; limits NaN where a cell is empty.

    Examples
    --------
    >>> [round(v, 4) for v in odds_ratio([[9, 8], [4, 7]])]
    [1.9688, 0.416, 9.3166]
    """
    table, level = table_of(counts), conf_level_of(conf_level)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]))
        variance = float((1 / table).sum())
    return _on_log_scale(ratio, variance, level)


class ConditionalOdds:
    """Common odds ratio of one or several 2 x 2 tables, given all their margins.

    Parameters
    ----------
    tables : sequence of array_like, shape (2, 2)
        One table a stratum.

    Examples
    --------
    >>> [round(v, 4) for v in ConditionalOdds([[[9, 8], [4, 7]]]).estimate()]
    [1.9212, 0.3296, 12.67]
    """

    def __init__(self, tables: Sequence[Any]) -> None:
        self.seen, self.support, self.log = 0, np.zeros(1), np.zeros(1)
        for counts in tables:
            table = table_of(counts).astype(np.int64)
            first, second, events = int(table[0].sum()), int(table[1].sum()), int(table[:, 0].sum())
            support = np.arange(max(0, events - second), min(first, events) + 1)
            log = stats.hypergeom.logpmf(support, first + second, first, events)
            self.seen += int(table[0, 0])
            self._add(support, log)

    def _add(self, support: Any, log: Floats) -> None:
        """Sum with one stratum more."""
        size = self.support.size + support.size - 1
        out = np.full(size, -np.inf)
        for shift, value in enumerate(log):
            part = slice(shift, shift + self.log.size)
            out[part] = np.logaddexp(out[part], self.log + value)
        self.support = np.arange(size) + self.support[0] + support[0]
        self.log = out

    def probability(self, log_ratio: float = 0.0) -> Floats:
        """Distribution of the events in the first row."""
        values = self.log + log_ratio * self.support
        out: Floats = np.exp(values - values.max())
        out /= out.sum()
        return out

    def p(self, alternative: str = "two-sided") -> float:
        """Exact p-value: two-sided (all that is no more likely), "less" or "greater"."""
        at = self.probability()
        sides = {"less": self.support <= self.seen, "greater": self.support >= self.seen}
        seen = at[self.support == self.seen][0]
        chosen = sides.get(alternative, at <= seen * (1 + 1e-7))
        return float(min(1.0, at[chosen].sum()))

    def estimate(self, conf_level: float = 0.95) -> Estimate:
        """Conditional maximum-likelihood odds ratio with its exact (central) limits."""
        tail = (1 - conf_level_of(conf_level)) / 2
        least, most = self.support[0], self.support[-1]
        if least == most:
            return _NAN, 0.0, np.inf
        above, below = self.support >= self.seen, self.support <= self.seen

        def mean(t: float) -> float:
            return float(self.support @ self.probability(t)) - self.seen

        def reached(t: float) -> float:
            return float(self.probability(t)[above].sum()) - tail

        def exceeded(t: float) -> float:
            return tail - float(self.probability(t)[below].sum())

        low = 0.0 if self.seen == least else self._root(reached)
        high = np.inf if self.seen == most else self._root(exceeded)
        value = 0.0 if self.seen == least else np.inf if self.seen == most else self._root(mean)
        return value, low, high

    @staticmethod
    def _root(rising: Callable[[float], float]) -> float:
        """Odds ratio at which a rising function of its logarithm is zero."""
        reach = 1.0
        while rising(-reach) > 0 or rising(reach) < 0:
            reach *= 2
            if reach > _REACH:
                return _NAN
        return float(np.exp(optimize.brentq(rising, -reach, reach, xtol=1e-14, rtol=1e-14)))


def compare(
    data: pd.DataFrame,
    variable: str,
    by: str,
    event: str = "yes",
    *,
    interval: str = "newcombe",
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Compare how often patients have a feature in the last against the first group.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    variable : str
        Column of the feature; patients whose value is missing are left out.
    by : str
        Column of groups.
    event : str
        Value of the feature that counts.
    interval : str
        Interval of the difference, of :data:`her2adc.stats.intervals.DIFFERENCES`.
    conf_level : float
        Level of the intervals.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "two_proportions": ``risk_difference``, ``risk_ratio``,
        ``odds_ratio``, ``odds_ratio_exact`` and ``p_value``; level is ``<last> vs <first>``.

    Examples
    --------
    >>> data = pd.DataFrame({"pcr": list("ynynyyyn"), "arm": list("aaaabbbb")})
    >>> compare(data, "pcr", "arm", "y")[["statistic", "value"]].round(3).values.tolist()[:2]
    [['risk_difference', 0.25], ['risk_ratio', 1.5]]
    """
    check_columns(data, [variable, by])
    known = data.loc[data[[variable, by]].notna().all(axis=1)]
    groups = [level for level in levels_of(data[by]) if (known[by] == level).any()]
    if len(groups) < 2:
        raise ValueError(
            f"{by} has patients with {variable} in {list(map(str, groups))} only; compare needs two"
        )
    if event not in [str(level) for level in levels_of(data[variable])]:
        found = [str(level) for level in levels_of(data[variable])]
        raise ValueError(f"{variable} never has the value {event!r}; it has {found}")
    flags = [
        known.loc[known[by] == level, variable].astype(str) == event for level in (groups[-1], groups[0])
    ]
    table = np.array([[flag.sum(), (~flag).sum()] for flag in flags], dtype=np.int64)
    (x, n), (y, m) = ((int(line[0]), int(line.sum())) for line in table)
    exact = ConditionalOdds([table])
    test = association(table)
    estimates: dict[str, tuple[Estimate, str]] = {
        "risk_difference": (difference(x, n, y, m, interval, conf_level), f"{interval} interval"),
        "risk_ratio": (risk_ratio(table, conf_level), "Katz log interval"),
        "odds_ratio": (odds_ratio(table, conf_level), "Woolf log interval"),
        "odds_ratio_exact": (exact.estimate(conf_level), "conditional maximum likelihood, exact interval"),
        "p_value": ((test.p, _NAN, _NAN), test.method),
    }
    rows = []
    for statistic, ((value, low, high), method) in estimates.items():
        limits: dict[str, Any] = {"conf_low": low, "conf_high": high, "method": method}
        limits["conf_level"] = _NAN if statistic == "p_value" else conf_level
        place: dict[str, Any] = {"variable": variable, "level": f"{groups[-1]} vs {groups[0]}"}
        counts: dict[str, Any] = {"n": n + m, "n_events": x + y, "population": population}
        rows.append(row("two_proportions", statistic, value, **limits, **place, **counts))
    return frame(rows)

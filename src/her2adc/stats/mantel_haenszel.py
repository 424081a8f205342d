"""2 x 2 tables pooled over strata: Mantel-Haenszel, Cochran-Mantel-Haenszel, Breslow-Day.

statsmodels agrees with R here; it lacks the limits of the risk ratio, the risk difference and
Woolf's test, and by default adds half a patient to every cell when one is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from her2adc.results import frame, row
from her2adc.software import uses
from her2adc.stats.categorical import Test
from her2adc.stats.inputs import Floats, check_columns, conf_level_of, levels_of
from her2adc.stats.ratios import table_of

__all__ = ["MantelHaenszel", "mantel_haenszel", "stratified"]

Estimate = tuple[float, float, float]
_NAN = float("nan")


@dataclass(frozen=True)
class MantelHaenszel:
    """2 x 2 tables pooled over strata.

    Attributes
    ----------
    odds_ratio : tuple of float
        Mantel-Haenszel odds ratio with Robins-Breslow-Greenland limits.
    risk_ratio : tuple of float
        Mantel-Haenszel risk ratio with Greenland-Robins limits.
    risk_difference : float
        Mantel-Haenszel risk difference.
    association, corrected : Test
        Cochran-Mantel-Haenszel test without and with continuity correction.
    breslow_day, tarone, woolf : Test
        Homogeneity of the odds ratios: Breslow-Day, with Tarone's correction, Woolf.
    """

    odds_ratio: Estimate
    risk_ratio: Estimate
    risk_difference: float
    association: Test
    corrected: Test
    breslow_day: Test
    tarone: Test
    woolf: Test


def mantel_haenszel(tables: Sequence[Any], conf_level: float = 0.95) -> MantelHaenszel:
    """Pool 2 x 2 tables over strata.

    Parameters
    ----------
    tables : sequence of array_like, shape (2, 2)
        One table a stratum: rows are groups, columns with and without the event. A stratum in
        which nobody or everybody has the event says nothing about the odds ratio and the tests, but
        counts in the risk difference and, with events only, in the risk ratio; one in which a group
        is empty has no weight anywhere.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    MantelHaenszel

    References
    ----------
    Robins, J., Breslow, N. and Greenland, S. (1986). Biometrics 42, 311-323. Greenland, S. and
    Robins, J. M. (1985). Biometrics 41, 55-68.

    Examples
    --------
    >>> found = mantel_haenszel([[[9, 8], [4, 7]], [[5, 5], [3, 9]]])
    >>> [round(v, 3) for v in found.odds_ratio], round(found.association.p, 3)
    ([2.354, 0.727, 7.62], 0.157)
    """
    level = conf_level_of(conf_level)
    if not len(tables):
        raise ValueError("tables is empty; give one 2 x 2 table for each stratum")
    checked = [table_of(table) for table in tables]
    both = np.array([t for t in checked if t.sum(axis=1).all()]).reshape(-1, 2, 2)  # patients in both groups
    a = both[both.sum(axis=1).all(axis=1)]
    ratio, difference = _risk_ratio(both, level), _risk_difference(both)
    if not len(a):
        nothing = Test(_NAN, 0, _NAN)
        return MantelHaenszel((_NAN, _NAN, _NAN), ratio, difference, *[nothing] * 5)
    uses("statsmodels")
    pooled = StratifiedTable(np.moveaxis(a, 0, 2), shift_zeros=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = float(pooled.oddsratio_pooled)
        low, high = (float(v) for v in pooled.oddsratio_pooled_confint(alpha=1 - level))
    between = len(a) - 1
    usable = 0 < odds < np.inf
    return MantelHaenszel(
        odds_ratio=(odds, low, high) if usable else (odds, _NAN, _NAN),
        risk_ratio=ratio,
        risk_difference=difference,
        association=Test.of(float(pooled.test_null_odds(correction=False).statistic), 1),
        corrected=Test.of(float(pooled.test_null_odds(correction=True).statistic), 1),
        breslow_day=Test.of(
            float(pooled.test_equal_odds(adjust=False).statistic) if usable else _NAN, between
        ),
        tarone=Test.of(float(pooled.test_equal_odds(adjust=True).statistic) if usable else _NAN, between),
        woolf=_woolf(a),
    )


def _margins(a: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Events and patients of both groups, and all patients, of each stratum."""
    n, m = a[:, 0].sum(axis=1), a[:, 1].sum(axis=1)
    return a[:, 0, 0], n, a[:, 1, 0], m, n + m


def _risk_difference(a: Floats) -> float:
    """Mantel-Haenszel risk difference; NaN without a stratum."""
    if not len(a):
        return _NAN
    x, n, y, m, total = _margins(a)
    return float(((x * m - y * n) / total).sum() / (n * m / total).sum())


def _risk_ratio(a: Floats, conf_level: float) -> Estimate:
    """Mantel-Haenszel risk ratio with Greenland-Robins limits."""
    x, n, y, m, total = _margins(a)
    above, below = float((x * m / total).sum()), float((y * n / total).sum())
    if not above or not below:
        return above / below if below else np.inf if above else _NAN, _NAN, _NAN
    variance = float(((n * m * (x + y) - x * y * total) / total**2).sum()) / (above * below)
    half = stats.norm.ppf(0.5 + conf_level / 2) * np.sqrt(variance)
    ratio = above / below
    return ratio, float(ratio * np.exp(-half)), float(ratio * np.exp(half))


def _woolf(a: Floats) -> Test:
    """Woolf's test; half a patient is added to every cell where a cell of a stratum is empty."""
    shifted = a + 0.5 * (a == 0).any(axis=(1, 2))[:, None, None]
    logs = np.log(shifted[:, 0, 0] * shifted[:, 1, 1] / (shifted[:, 0, 1] * shifted[:, 1, 0]))
    weights = 1 / (1 / shifted).sum(axis=(1, 2))
    mean = (weights * logs).sum() / weights.sum()
    return Test.of(float((weights * (logs - mean) ** 2).sum()), len(a) - 1)


def stratified(
    data: pd.DataFrame,
    variable: str,
    by: str,
    strata: str,
    event: str = "yes",
    *,
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Compare a feature between the last and the first group, pooled over strata.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient; patients with a missing value in any of the three are left out.
    variable, by, strata : str
        Columns of the feature, of groups and of strata.
    event : str
        Value of the feature that counts.
    conf_level : float
        Level of the intervals.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "mantel_haenszel": ``odds_ratio``, ``risk_ratio``,
        ``risk_difference``, ``p_value`` (Cochran-Mantel-Haenszel, not corrected, as the tests of
        single tables) and ``p_homogeneity`` (Breslow-Day, Tarone); level is
        ``<last> vs <first>``.

    Examples
    --------
    >>> data = pd.DataFrame({"pcr": list("ynyynyny"), "arm": list("aabbaabb"), "er": list("nnnnpppp")})
    >>> stratified(data, "pcr", "arm", "er", "y").query("statistic == 'risk_difference'")["value"].tolist()
    [0.25]
    """
    check_columns(data, [variable, by, strata])
    known = data.loc[data[[variable, by, strata]].notna().all(axis=1)]
    groups = [level for level in levels_of(data[by]) if (known[by] == level).any()]
    if len(groups) < 2:
        raise ValueError(
            f"{by} has known patients in {list(map(str, groups))} only; name a column of two groups"
        )
    if event not in [str(level) for level in levels_of(data[variable])]:
        raise ValueError(f"{variable} never has the value {event!r}; it has {levels_of(data[variable])}")
    yes = known[variable].astype(str) == event
    tables = []
    for layer in [known[strata] == level for level in levels_of(data[strata])]:
        arms = [layer & (known[by] == level) for level in (groups[-1], groups[0])]
        tables.append([[(arm & yes).sum(), (arm & ~yes).sum()] for arm in arms])
    pooled = mantel_haenszel(tables, conf_level)
    used = known[by].isin([groups[0], groups[-1]])
    place: dict[str, Any] = {"variable": variable, "level": f"{groups[-1]} vs {groups[0]}"}
    place |= {"n": int(used.sum()), "n_events": int((used & yes).sum()), "population": population}
    over = f"Mantel-Haenszel over {strata}"
    values: dict[str, tuple[Estimate, str]] = {
        "odds_ratio": (pooled.odds_ratio, f"{over}, Robins-Breslow-Greenland interval"),
        "risk_ratio": (pooled.risk_ratio, f"{over}, Greenland-Robins interval"),
        "risk_difference": ((pooled.risk_difference, _NAN, _NAN), over),
        "p_value": ((pooled.association.p, _NAN, _NAN), f"Cochran-Mantel-Haenszel over {strata}"),
        "p_homogeneity": ((pooled.tarone.p, _NAN, _NAN), "Breslow-Day, Tarone's correction"),
    }
    rows = []
    for statistic, ((value, low, high), method) in values.items():
        limits: dict[str, Any] = {"conf_low": low, "conf_high": high, "method": method}
        limits["conf_level"] = conf_level if statistic.endswith("ratio") else _NAN
        rows.append(row("mantel_haenszel", statistic, value, **limits, **place))
    return frame(rows)

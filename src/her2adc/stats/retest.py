"""How much discordance two readings of one and the same specimen would give.

Two pathologists, or one pathologist on two days, do not always give one specimen the same class.
If their agreement beyond chance is Cohen's kappa, and both read from the same distribution of
classes, they agree in p_o = p_e + kappa (1 - p_e) of specimens, where p_e is the sum of the squared
frequencies of the classes. The frequencies are those of both stages of the pairs taken together.
Pairs that differ more often than 1 - p_o differ by more than reading.

What the model leaves out: errors may be commoner at some borders (0 against 1+) than at others, which
one kappa does not say; a biopsy samples a tumour that is not the same throughout, so that what exceeds
the reading error is sampling as well as change; and frequencies and kappa are taken as known. Of pairs
that have one class only at a stage, chosen by it, the model says nothing: their frequencies differ by
choice, and reading again only leads away from that class.

References
----------
Scott, W. A. (1955). Reliability of content analysis: the case of nominal scale coding. Public
Opinion Quarterly 19, 321-325. Solved for kappa, the model gives Scott's pi of the pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.config import Retest
from her2adc.results import frame, row
from her2adc.stats.agreement import square_table
from her2adc.stats.evolution import count_pairs
from her2adc.stats.proportions import CLOPPER_PEARSON, clopper_pearson

__all__ = ["ASSUMED", "Null", "explaining_kappa", "retest", "retest_null"]

ASSUMED = (0.6, 0.7, 0.8, 0.9)
"""Values of kappa that are shown beside the published ones."""
ASSUMED_SOURCE = "assumed"
_NAN = float("nan")


@dataclass(frozen=True)
class Null:
    """Discordance from reading alone, and how far the pairs are from it.

    Attributes
    ----------
    expected : float
        Fraction of pairs that reading alone would make discordant.
    excess, low, high : float
        Observed less expected, with limits.
    p : float
        Exact two-sided binomial p-value of the discordant pairs against ``expected``.
    """

    expected: float
    excess: float
    low: float
    high: float
    p: float


def _chance(counts: Any) -> tuple[int, int, float]:
    """Pairs, discordant pairs, and agreement by chance from the pooled margins."""
    table = square_table(counts)
    n = float(table.sum())
    if not n:
        return 0, 0, _NAN
    share = (table.sum(axis=0) + table.sum(axis=1)) / (2 * n)
    return int(n), int(n - np.trace(table)), float((share**2).sum())


def retest_null(counts: Any, kappa: float, conf_level: float = 0.95) -> Null:
    """Compare the discordance of pairs with what reading alone would give.

    Parameters
    ----------
    counts : array_like, shape (k, k)
        Pairs.
    kappa : float
        Agreement of two readings of one specimen.
    conf_level : float
        Level of the interval.

    Returns
    -------
    Null
        NaN without pairs. The interval is Clopper and Pearson's of the discordance, less the
        expected one.

    Examples
    --------
    >>> found = retest_null([[40, 10], [10, 40]], 0.8)
    >>> round(found.expected, 3), round(found.excess, 3), round(found.p, 4)
    (0.1, 0.1, 0.0023)
    """
    if not -1 <= kappa <= 1:
        raise ValueError(f"kappa is {kappa}; give a value from -1 to 1")
    n, discordant, chance = _chance(counts)
    if not n:
        return Null(*[_NAN] * 5)
    expected = float(np.clip((1 - kappa) * (1 - chance), 0, 1))
    value, low, high = clopper_pearson(discordant, n, conf_level)
    p = float(stats.binomtest(discordant, n, expected).pvalue)
    return Null(expected, value - expected, low - expected, high - expected, p)


def explaining_kappa(counts: Any, conf_level: float = 0.95) -> tuple[float, float, float]:
    """Return the kappa at which reading alone would explain all discordance, with its limits.

    Parameters
    ----------
    counts : array_like, shape (k, k)
        Pairs.
    conf_level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Scott's pi of the pairs; limits from those of the discordance. NaN without pairs, and where
        all pairs have one class.

    Examples
    --------
    >>> [round(v, 3) for v in explaining_kappa([[40, 10], [10, 40]])]
    [0.6, 0.416, 0.747]
    """
    n, discordant, chance = _chance(counts)
    if not n or np.isclose(chance, 1.0, rtol=0, atol=1e-14):
        return _NAN, _NAN, _NAN
    value, low, high = (1 - d / (1 - chance) for d in clopper_pearson(discordant, n, conf_level))
    return value, high, low


def retest(
    data: pd.DataFrame,
    before: str,
    after: str,
    published: Sequence[Retest] = (),
    *,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Compare the discordance with reading error, for published and for assumed agreement.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient; patients without both classes are left out.
    before, after : str
        Columns of the two stages.
    published : sequence of Retest
        Agreement of two readings with its source; :data:`ASSUMED` values follow.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "her2_retest": by kappa (level) and source (group) ``expected``,
        ``excess`` (observed less expected, with interval) and ``p_value``; and ``explaining_kappa``.
        NaN where a stage has fewer than two classes.

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    >>> data = pd.DataFrame({"a": ["zero", "low"], "b": ["low", "zero"]}).astype(levels)
    >>> retest(data, "a", "b").query("statistic == 'expected'")["value"].round(3).tolist()
    [0.2, 0.15, 0.1, 0.05]
    """
    table = count_pairs(data, before, after)
    n, discordant, _ = _chance(table)
    shared: dict[str, Any] = {"n": n, "n_events": discordant}
    mixed = all((table.sum(axis=axis) > 0).sum() > 1 for axis in (0, 1))
    known = [(r.kappa, r.source) for r in published]
    rows = []
    for kappa, source in [*known, *((k, ASSUMED_SOURCE) for k in ASSUMED)]:
        null = retest_null(table, kappa, conf_level) if mixed else Null(*[_NAN] * 5)
        place = {**shared, "group": source, "level": f"{kappa:g}"}
        model = "(1 - kappa) (1 - chance agreement), pooled margins"
        rows.append(row("her2_retest", "expected", null.expected, method=model, **place))
        rows.append(
            row("her2_retest", "excess", null.excess, conf_low=null.low, conf_high=null.high,
                conf_level=conf_level, method=f"{CLOPPER_PEARSON} of the discordance, less expected", **place)
        )  # fmt: skip
        rows.append(row("her2_retest", "p_value", null.p, method="exact binomial test", **place))
    value, low, high = explaining_kappa(table, conf_level) if mixed else (_NAN, _NAN, _NAN)
    method = f"Scott's pi; {CLOPPER_PEARSON} of the discordance"
    rows.append(
        row("her2_retest", "explaining_kappa", value, conf_low=low, conf_high=high, conf_level=conf_level,
            method=method if mixed else "not estimable: one class only at a stage", **shared)
    )  # fmt: skip
    return frame(rows)

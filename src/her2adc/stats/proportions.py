"""Proportions: Clopper-Pearson intervals, Newcombe's difference."""

from __future__ import annotations

from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from her2adc.software import uses
from her2adc.stats.inputs import conf_level_of

__all__ = ["CLOPPER_PEARSON", "NEWCOMBE", "clopper_pearson", "newcombe"]

CLOPPER_PEARSON = "Clopper-Pearson interval"
NEWCOMBE = "Newcombe interval"
_NAN = float("nan")


def _check(count: int, total: int) -> None:
    """Refuse counts that are no part of their total."""
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is not a proportion; give 0 <= count <= total")


def clopper_pearson(count: int, total: int, conf_level: float = 0.95) -> tuple[float, float, float]:
    """Proportion with its exact confidence interval, as R's ``binom.test``.

    Parameters
    ----------
    count, total : int
        Patients with the feature, and all patients.
    conf_level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Proportion and limits, fractions; NaN without patients.

    Examples
    --------
    >>> [round(v, 4) for v in clopper_pearson(39, 98)]
    [0.398, 0.3004, 0.5018]
    >>> [round(v, 4) for v in clopper_pearson(0, 15)]
    [0.0, 0.0, 0.218]
    """
    _check(count, total)
    if total == 0:
        return _NAN, _NAN, _NAN
    alpha = 1 - conf_level_of(conf_level)
    uses("statsmodels")
    low, high = proportion_confint(count, total, alpha=alpha, method="beta")
    return count / total, float(low) if count else 0.0, float(high) if count < total else 1.0


def newcombe(
    count: int, total: int, count_other: int, total_other: int, conf_level: float = 0.95
) -> tuple[float, float, float]:
    """Difference of two proportions, first less other, with Newcombe's hybrid score interval.

    Parameters
    ----------
    count, total, count_other, total_other : int
        Patients with the feature and all patients, of both groups.
    conf_level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Difference and limits, fractions; NaN where a group has no patients.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent
    proportions. Statistics in Medicine 17, 873-890 (method 10).

    Examples
    --------
    >>> [round(v, 4) for v in newcombe(39, 98, 38, 81)]
    [-0.0712, -0.2123, 0.073]
    """
    _check(count, total)
    _check(count_other, total_other)
    if total == 0 or total_other == 0:
        return _NAN, _NAN, _NAN
    uses("statsmodels")
    low, high = confint_proportions_2indep(
        count,
        total,
        count_other,
        total_other,
        method="newcomb",
        alpha=1 - conf_level_of(conf_level),
    )
    difference = count / total - count_other / total_other
    return difference, max(-1.0, float(low)), min(1.0, float(high))

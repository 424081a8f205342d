"""Intervals for one proportion and for the difference of two, by name.

Clopper-Pearson and Newcombe are the defaults of the book and live in
:mod:`her2adc.stats.proportions`; the others are here for journals and studies that ask for them.
statsmodels leaves Jeffreys' limits open at 0 and at 1, and its score limits of a difference are
wrong (and fail on empty cells); both are closed here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from her2adc.results import frame, row
from her2adc.software import uses
from her2adc.stats.inputs import conf_level_of
from her2adc.stats.proportions import clopper_pearson, newcombe

__all__ = ["DIFFERENCES", "PROPORTIONS", "difference", "proportion", "proportion_rows"]

Limits = tuple[float, float]
_NAN = float("nan")
_EDGE = 1e-12


def _wilson(x: int, n: int, alpha: float) -> Limits:
    """Wilson's score interval; exactly 0 without and 1 with all events."""
    uses("statsmodels")
    low, high = proportion_confint(x, n, alpha, method="wilson")
    return (float(low) if x else 0.0), (float(high) if x < n else 1.0)


def _wilson_corrected(x: int, n: int, alpha: float) -> Limits:
    """Wilson's interval with continuity correction (Newcombe 1998, method 4)."""
    z = float(stats.norm.ppf(1 - alpha / 2))
    p, q = x / n, 1 - x / n
    below = z * np.sqrt(max(z**2 - 2 - 1 / n + 4 * p * (n * q + 1), 0.0))
    above = z * np.sqrt(max(z**2 + 2 - 1 / n + 4 * p * (n * q - 1), 0.0))
    low = (2 * x + z**2 - 1 - below) / (2 * (n + z**2))
    high = (2 * x + z**2 + 1 + above) / (2 * (n + z**2))
    return (max(float(low), 0.0) if x else 0.0), (min(float(high), 1.0) if x < n else 1.0)


def _agresti_coull(x: int, n: int, alpha: float) -> Limits:
    """Agresti and Coull's interval, not beyond 0 and 1."""
    z2 = float(stats.norm.ppf(1 - alpha / 2)) ** 2
    centre = (x + z2 / 2) / (n + z2)
    half = float(np.sqrt(z2 * centre * (1 - centre) / (n + z2)))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _jeffreys(x: int, n: int, alpha: float) -> Limits:
    """Jeffreys' interval; 0 without and 1 with all events, after Brown, Cai and DasGupta (2001)."""
    low, high = stats.beta.ppf([alpha / 2, 1 - alpha / 2], x + 0.5, n - x + 0.5)
    return (float(low) if x else 0.0), (float(high) if x < n else 1.0)


def _wald(x: int, n: int, alpha: float) -> Limits:
    """Simple asymptotic interval, not beyond 0 and 1."""
    p, z = x / n, float(stats.norm.ppf(1 - alpha / 2))
    half = z * float(np.sqrt(p * (1 - p) / n))
    return max(p - half, 0.0), min(p + half, 1.0)


def _logit(x: int, n: int, alpha: float) -> Limits:
    """Asymptotic interval on the logit scale; NaN without and with all events."""
    if x in (0, n):
        return _NAN, _NAN
    centre, half = np.log(x / (n - x)), stats.norm.ppf(1 - alpha / 2) * np.sqrt(n / (x * (n - x)))
    return float(1 / (1 + np.exp(half - centre))), float(1 / (1 + np.exp(-half - centre)))


def _mid_p(x: int, n: int, alpha: float) -> Limits:
    """Exact interval that counts half of the probability of what was seen."""

    def tail(p: float) -> float:
        return float(stats.binom.cdf(x - 1, n, p) + stats.binom.pmf(x, n, p) / 2)

    low = optimize.brentq(lambda p: tail(p) - (1 - alpha / 2), 0, 1, xtol=1e-14) if x else 0.0
    high = optimize.brentq(lambda p: tail(p) - alpha / 2, 0, 1, xtol=1e-14) if x < n else 1.0
    return float(low), float(high)


def _exact(x: int, n: int, alpha: float) -> Limits:
    """Clopper and Pearson's interval."""
    return clopper_pearson(x, n, 1 - alpha)[1:]


PROPORTIONS: dict[str, Callable[[int, int, float], Limits]] = {
    "clopper-pearson": _exact,
    "wilson": _wilson,
    "wilson-cc": _wilson_corrected,
    "jeffreys": _jeffreys,
    "agresti-coull": _agresti_coull,
    "mid-p": _mid_p,
    "logit": _logit,
    "wald": _wald,
}
"""Intervals for one proportion by name."""


def _checked(count: int, total: int) -> tuple[int, int]:
    """Counts as whole numbers, refused when they are no part of their total."""
    if int(count) != count or int(total) != total or not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is not a proportion; give whole numbers, 0 <= count <= total")
    return int(count), int(total)


def _chosen(method: str, known: dict[str, Any]) -> Any:
    """Interval of that name."""
    if method not in known:
        raise ValueError(f"unknown method {method!r}; use one of {list(known)}")
    return known[method]


def proportion(
    count: int, total: int, method: str = "clopper-pearson", conf_level: float = 0.95
) -> tuple[float, float, float]:
    """Proportion with a confidence interval.

    Parameters
    ----------
    count, total : int
        Patients with the feature, and all patients.
    method : str
        One of :data:`PROPORTIONS`.
    conf_level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Proportion and limits, fractions; NaN without patients.

    Examples
    --------
    >>> [round(v, 4) for v in proportion(39, 98, "wilson")]
    [0.398, 0.3067, 0.497]
    >>> [round(v, 4) for v in proportion(0, 15, "jeffreys")]
    [0.0, 0.0, 0.1518]
    """
    x, n = _checked(count, total)
    limits = _chosen(method, PROPORTIONS)
    alpha = 1 - conf_level_of(conf_level)
    return (x / n, *limits(x, n, alpha)) if n else (_NAN, _NAN, _NAN)


def _difference_exact(x: int, n: int, y: int, m: int, alpha: float) -> Limits:
    """Newcombe's hybrid score interval."""
    return newcombe(x, n, y, m, 1 - alpha)[1:]


def _difference_corrected(x: int, n: int, y: int, m: int, alpha: float) -> Limits:
    """Newcombe's hybrid score interval with continuity correction (method 11)."""
    (low, high), (low_other, high_other) = _wilson_corrected(x, n, alpha), _wilson_corrected(y, m, alpha)
    p, q = x / n, y / m
    below = np.hypot(p - low, high_other - q)
    above = np.hypot(high - p, q - low_other)
    return max(p - q - float(below), -1.0), min(p - q + float(above), 1.0)


def _difference_by_statsmodels(name: str) -> Callable[[int, int, int, int, float], Limits]:
    """Intervals where statsmodels agrees with R."""

    def limits(x: int, n: int, y: int, m: int, alpha: float) -> Limits:
        uses("statsmodels")
        low, high = confint_proportions_2indep(x, n, y, m, method=name, compare="diff", alpha=alpha)
        return max(float(low), -1.0), min(float(high), 1.0)

    return limits


def _score(corrected: bool) -> Callable[[int, int, int, int, float], Limits]:
    """Inverted score test with Miettinen and Nurminen's (or without: Mee's) variance."""

    def limits(x: int, n: int, y: int, m: int, alpha: float) -> Limits:
        inflation = (n + m) / (n + m - 1) if corrected else 1.0
        z, seen = float(stats.norm.ppf(1 - alpha / 2)), x / n - y / m

        def excess(delta: float) -> float:
            q = _restricted(x, n, y, m, delta)
            p = min(max(q + delta, 0.0), 1.0)
            spread = (p * (1 - p) / n + q * (1 - q) / m) * inflation
            return float((seen - delta) / np.sqrt(max(spread, 1e-300)))

        ends = (-1 + _EDGE, 1 - _EDGE)
        low, high = -1.0, 1.0
        if seen > ends[0] and excess(ends[0]) > z:
            low = float(optimize.brentq(lambda d: excess(d) - z, ends[0], seen, xtol=1e-14))
        if seen < ends[1] and excess(ends[1]) < -z:
            high = float(optimize.brentq(lambda d: excess(d) + z, seen, ends[1], xtol=1e-14))
        return low, high

    return limits


def _restricted(x: int, n: int, y: int, m: int, delta: float) -> float:
    """Most likely second proportion when the first is ``delta`` larger: the root of a cubic."""
    total = n + m
    c2 = (n + 2 * m) * delta - total - (x + y)
    c1 = (m * delta - total - 2 * y) * delta + x + y
    c0 = y * delta * (1 - delta)
    cubic = (c2 / (3 * total)) ** 3 - c1 * c2 / (6 * total**2) + c0 / (2 * total)
    size = np.sqrt(max((c2 / (3 * total)) ** 2 - c1 / (3 * total), 0.0))
    root = size if cubic >= 0 else -size
    angle = 0.0 if root == 0 else (np.pi + np.arccos(np.clip(cubic / root**3, -1, 1))) / 3
    return float(np.clip(2 * root * np.cos(angle) - c2 / (3 * total), 0, 1))


DIFFERENCES: dict[str, Callable[[int, int, int, int, float], Limits]] = {
    "newcombe": _difference_exact,
    "newcombe-cc": _difference_corrected,
    "miettinen-nurminen": _score(True),
    "mee": _score(False),
    "agresti-caffo": _difference_by_statsmodels("agresti-caffo"),
    "wald": _difference_by_statsmodels("wald"),
}
"""Intervals for the difference of two proportions by name."""


def difference(
    count: int,
    total: int,
    count_other: int,
    total_other: int,
    method: str = "newcombe",
    conf_level: float = 0.95,
) -> tuple[float, float, float]:
    """Difference of two proportions, first less other, with a confidence interval.

    Parameters
    ----------
    count, total, count_other, total_other : int
        Patients with the feature and all patients, of both groups.
    method : str
        One of :data:`DIFFERENCES`.
    conf_level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Difference and limits, fractions; NaN where a group has no patients.

    Examples
    --------
    >>> [round(v, 4) for v in difference(15, 15, 9, 17, "miettinen-nurminen")]
    [0.4706, 0.2219, 0.6933]
    """
    (x, n), (y, m) = _checked(count, total), _checked(count_other, total_other)
    limits = _chosen(method, DIFFERENCES)
    alpha = 1 - conf_level_of(conf_level)
    return (x / n - y / m, *limits(x, n, y, m, alpha)) if n and m else (_NAN, _NAN, _NAN)


def proportion_rows(
    count: int,
    total: int,
    methods: Sequence[str] = ("clopper-pearson",),
    conf_level: float = 0.95,
    **place: Any,
) -> pd.DataFrame:
    """One results row for each interval of a proportion.

    Parameters
    ----------
    count, total, conf_level
        See :func:`proportion`.
    methods : sequence of str
        Intervals, of :data:`PROPORTIONS`.
    **place
        ``population``, ``group``, ``variable`` and ``level`` of the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "proportion", statistic ``proportion``; method names the interval.

    Examples
    --------
    >>> proportion_rows(3, 10, ["wilson", "jeffreys"], variable="ORR")["conf_low"].round(3).tolist()
    [0.108, 0.093]
    """
    rows = []
    for method in methods:
        value, low, high = proportion(count, total, method, conf_level)
        limits: dict[str, Any] = {
            "conf_low": low,
            "conf_high": high,
            "conf_level": conf_level,
            "method": f"{method} interval",
        }
        rows.append(row("proportion", "proportion", value, n=total, n_events=count, **limits, **place))
    return frame(rows)

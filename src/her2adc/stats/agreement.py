"""Cohen's kappa of two readings of the same patients, as R's ``vcd::Kappa``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from her2adc.stats.inputs import Floats, conf_level_of

__all__ = ["WEIGHTS", "Kappa", "kappa", "square_table"]

WEIGHTS = ("unweighted", "linear", "quadratic")
"""Weights of disagreement for kappa; linear are Cicchetti-Allison's, quadratic Fleiss-Cohen's."""

_NAN = float("nan")


def square_table(counts: Any) -> Floats:
    """Check a square table of counts.

    Examples
    --------
    >>> square_table([[5, 1], [8, 9]]).sum()
    np.float64(23.0)
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.shape[0] < 2:
        raise ValueError("counts is not square; give the same two or more levels in rows and columns")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("counts has negative or missing cells; give counts of 0 or more")
    return table


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa.

    Attributes
    ----------
    value, low, high : float
        Estimate and limits.
    error : float
        Large-sample standard error (Fleiss, Cohen and Everitt 1969), as ``vcd::Kappa``.
    z, p : float
        Test of no agreement beyond chance, with the standard error under that hypothesis.
    """

    value: float
    low: float
    high: float
    error: float
    z: float
    p: float


def kappa(counts: Any, weights: str = "unweighted", conf_level: float = 0.95) -> Kappa:
    """Cohen's kappa with its confidence interval.

    Parameters
    ----------
    counts : array_like, shape (k, k)
        Pairs.
    weights : {"unweighted", "linear", "quadratic"}
        Weights of disagreement.
    conf_level : float
        Level of the interval.

    Returns
    -------
    Kappa
        NaN where chance alone agrees fully: everybody in one level in both readings.

    Examples
    --------
    >>> found = kappa([[20, 25, 6], [31, 83, 11], [2, 19, 50]], "linear")
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.4383, 0.3449, 0.5317)
    """
    if weights not in WEIGHTS:
        raise ValueError(f"unknown weights {weights!r}; use one of {list(WEIGHTS)}")
    table, level = square_table(counts), conf_level_of(conf_level)
    n, k = float(table.sum()), len(table)
    away = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    w = {"unweighted": np.eye(k), "linear": 1 - away, "quadratic": 1 - away**2}[weights]
    share = table / n if n else table
    first, second = share.sum(axis=1), share.sum(axis=0)
    seen, chance = float((w * share).sum()), float(first @ w @ second)
    if not n or np.isclose(chance, 1.0, rtol=0, atol=1e-14):
        return Kappa(*[_NAN] * 6)
    value = (seen - chance) / (1 - chance)
    marginal = (w @ second)[:, None] + (w.T @ first)[None, :]
    spread = float((share * (w - marginal * (1 - value)) ** 2).sum())
    error = np.sqrt(max(spread - (value - chance * (1 - value)) ** 2, 0.0) / n) / (1 - chance)
    null = float((np.outer(first, second) * (w - marginal) ** 2).sum()) - chance**2
    null_error = np.sqrt(max(null, 0.0) / n) / (1 - chance)
    half = float(stats.norm.ppf(0.5 + level / 2) * error)
    z = value / null_error if null_error > 0 else _NAN
    return Kappa(value, value - half, value + half, float(error), float(z), float(2 * stats.norm.sf(abs(z))))

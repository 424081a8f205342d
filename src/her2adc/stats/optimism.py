"""How much of the effect of a cut-off is due to its having been chosen, by bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from her2adc.stats.cox_model import Estimates, Model, estimates
from her2adc.stats.cutpoint import SHARE, logrank_scores, maximum
from her2adc.stats.design import Column, Design
from her2adc.stats.inputs import Bools, Floats

__all__ = ["Optimism", "effect_above", "optimism"]

_NAN = float("nan")


@dataclass(frozen=True)
class Optimism:
    """What bootstrap samples say of a chosen cut-off.

    Attributes
    ----------
    log_ratio : float
        Mean log hazard ratio in the patients left out, signed as where it was chosen: positive where
        the effect goes the same way.
    low, high : float
        Limits between which 95% of the chosen cut-offs lie.
    used : int
        Samples that gave a result.
    """

    log_ratio: float
    low: float
    high: float
    used: int


def effect_above(above: Bools, times: Floats, events: Bools, conf_level: float = 0.95) -> Estimates:
    """Hazard ratio above a cut-off against below, penalised where one side has no events.

    Examples
    --------
    >>> above = np.array([False, True, False, True])
    >>> effect_above(above, np.array([1.0, 2, 3, 4]), np.ones(4, dtype=bool)).ratio.round(3).tolist()
    [0.39]
    """
    everybody = np.ones(above.size, dtype=bool)
    columns = [Column("marker", "above", 0, above)]
    model = Model(Design(everybody, columns, above.astype(np.float64)[:, None]), times, events)
    return estimates(model, conf_level)[1]


def optimism(
    values: Floats, times: Floats, events: Bools, replicates: int = 500, seed: int = 1, share: float = SHARE
) -> Optimism:
    """Effect of a chosen cut-off in patients who had no part in choosing it, by bootstrap.

    Parameters
    ----------
    values, times, events : ndarray
        Marker, times and events.
    replicates, seed
        Bootstrap samples, and where they start.
    share : float
        Least share of a sample on either side of a cut-off.

    Returns
    -------
    Optimism

    References
    ----------
    Schumacher, M., Holländer, N. and Sauerbrei, W. (1997). Resampling and cross-validation techniques: a
    tool to reduce bias caused by model building? Statistics in Medicine 16, 2813-2827.
    """
    order = np.lexsort((events, times, values))  # so that the order of the rows does not matter
    values, times, events = values[order], times[order], events[order]
    rng, n = np.random.default_rng(seed), values.size
    effects, cuts = [], []
    for _ in range(replicates):
        drawn = rng.integers(0, n, n)
        found = maximum(values[drawn], logrank_scores(times[drawn], events[drawn]), share)
        left = np.bincount(drawn, minlength=n) == 0
        above = values[left] > found.cut
        if np.isnan(found.cut) or above.all() or not above.any() or not events[left].any():
            continue
        effect = float(np.log(effect_above(above, times[left], events[left]).ratio[0]))
        if np.isfinite(effect):
            effects.append(effect if found.above else -effect)
            cuts.append(found.cut)
    if not effects:
        return Optimism(_NAN, _NAN, _NAN, 0)
    low, high = np.quantile(cuts, [0.025, 0.975], method="inverted_cdf")
    return Optimism(float(np.mean(effects)), float(low), float(high), len(effects))

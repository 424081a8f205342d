"""What the comparisons of sequences should find in simulated patients, and how far they are from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import concat
from her2adc.simulate import SimulationParameters, analysis_data, simulate
from her2adc.stats.sequences import order, second_adc
from her2adc.stats.sequences_methods import ORDER_ANALYSIS, SECOND_ANALYSIS

__all__ = ["performance", "replicates", "truth"]

GRACE = 2.0
"""Grace period, in months from progression, of the simulation study."""
LANDMARKS = {ORDER_ANALYSIS: (6, 12), SECOND_ANALYSIS: (3, 6)}
_PFS1 = "progression_time"


def _adjustment(parameters: SimulationParameters) -> list[str]:
    """Covariates that are measured."""
    return [covariate.name for covariate in parameters.covariates]


def _compared(data: pd.DataFrame, parameters: SimulationParameters, grace: float) -> pd.DataFrame:
    """Both comparisons of one sample."""
    known = _adjustment(parameters)
    orders = order(
        data,
        "OS",
        "arm",
        "adc2_time",
        covariates=known,
        landmarks=LANDMARKS[ORDER_ANALYSIS],
        progression_time=_PFS1,
        grace=grace,
    )
    second = second_adc(
        data,
        "OS",
        "adc2_time",
        origin=_PFS1,
        covariates=[*known, _PFS1],
        landmarks=LANDMARKS[SECOND_ANALYSIS],
        grace=grace,
    )
    return concat([orders, second])


def truth(
    parameters: SimulationParameters, n: int = 100_000, seed: int = 2026, grace: float = GRACE
) -> dict[tuple[str, str], float]:
    """Hazard ratio of death that each method should find, by analysis and level.

    Parameters
    ----------
    parameters : SimulationParameters
        The model.
    n : int
        Size of the samples that are simulated.
    seed : int
        Seed.
    grace : float
        Time after progression within which ADC2 has to begin in the strategies.

    Returns
    -------
    dict
        1 throughout where no effect is in the model. Otherwise by intention: the Cox model of a sample
        whose ADC1 is drawn by lot, crude (the marginal ratio; for every method that is not listed
        below, too) and adjusted (the conditional one); ``per_protocol``: the same where all who
        progress start ADC2 in time; ``clone_censor_weight``: the same patients from progression, all
        starting ADC2 in time against nobody; after ADC2 (landmarks, time-dependent): the ratio of the
        model, which is conditional on the frailty, too.

    Examples
    --------
    >>> set(truth(SimulationParameters()).values())
    {1.0}
    """
    p = replace(parameters, n=n)
    after = p.order_hazard_ratio * p.order_hazard_ratio_after_second
    levels = _levels()
    effects = (p.order_hazard_ratio, p.second_hazard_ratio, p.order_hazard_ratio_after_second)
    if all(effect == 1 for effect in effects) and p.death_after_progression == 1:
        return dict.fromkeys(levels, 1.0)
    by_lot, adjusted = (_by_lot(p, seed, None, known) for known in ((), _adjustment(p)))
    forced = _by_lot(p, seed, grace, ())
    known: dict[str, float] = dict.fromkeys(("naive_both", "intention_crude", "intention_iptw"), by_lot)
    known |= {"intention_adjusted": adjusted, "per_protocol": forced}
    cloned = _all_or_nobody(p, seed, grace)
    found = {(ORDER_ANALYSIS, level): known.get(level, after) for a, level in levels if a == ORDER_ANALYSIS}
    for level in (level for a, level in levels if a == SECOND_ANALYSIS):
        whole = level in ("naive_ever", "clone_censor_weight")
        found[SECOND_ANALYSIS, level] = cloned if whole else p.second_hazard_ratio
    return found


def _levels() -> list[tuple[str, str]]:
    """Analysis and level of every row."""
    sample = SimulationParameters(n=60, covariates=())
    rows = _compared(analysis_data(simulate(sample, 0, tables=False), sample), sample, GRACE)
    return list(dict.fromkeys(zip(rows["analysis"], rows["level"], strict=True)))


def _by_lot(p: SimulationParameters, seed: int, within: float | None, covariates: Sequence[str]) -> float:
    """Hazard ratio by intention where ADC1 is drawn by lot."""
    data = analysis_data(simulate(p, seed, by_lot=True, second=within, tables=False), p)
    method = "intention_adjusted" if covariates else "intention_crude"
    rows = order(data, "OS", "arm", "adc2_time", covariates=covariates, methods=[method])
    return float(rows["value"].iloc[0])


def _all_or_nobody(p: SimulationParameters, seed: int, grace: float) -> float:
    """Hazard ratio from progression of ADC2 in time for everyone against nobody."""
    parts = []
    for within in (0.0, grace):
        data = analysis_data(simulate(p, seed, second=within, tables=False), p)
        reached = data[data[_PFS1] < data["OS_time"]]
        parts.append(
            reached.assign(arm="all" if within else "nobody", OS_time=reached["OS_time"] - reached[_PFS1])
        )
    data = pd.concat(parts, ignore_index=True)
    data["arm"] = pd.Categorical(data["arm"], ["nobody", "all"], ordered=True)
    return float(order(data, "OS", "arm", "adc2_time", methods=["intention_crude"])["value"].iloc[0])


def replicates(
    parameters: SimulationParameters, count: int, seed: int = 1, grace: float = GRACE
) -> pd.DataFrame:
    """Both comparisons of overall survival in many simulated samples.

    Parameters
    ----------
    parameters : SimulationParameters
        The model; covariates are adjusted or weighed for, the frailty is not known.
    count : int
        Samples.
    seed : int
        Seed; sample i is drawn from ``[seed, i]``.
    grace : float
        Time after progression within which ADC2 has to begin in the strategies.

    Returns
    -------
    pandas.DataFrame
        ``replicate, analysis, level, value, conf_low, conf_high``.
    """
    parts = []
    for i in range(count):
        random = np.random.default_rng([seed, i])
        data = analysis_data(simulate(parameters, random, tables=False), parameters)
        rows = _compared(data, parameters, grace)
        ratios = rows.loc[rows["statistic"] == "hazard_ratio"]
        parts.append(ratios[["analysis", "level", "value", "conf_low", "conf_high"]].assign(replicate=i))
    return pd.concat(parts, ignore_index=True)


def performance(
    found: pd.DataFrame, true: Mapping[tuple[str, str], float], level: float = 0.95
) -> pd.DataFrame:
    """Bias and coverage of each method over replicates, on the scale of the log hazard ratio.

    Parameters
    ----------
    found : pandas.DataFrame
        What :func:`replicates` returned.
    true : mapping
        What :func:`truth` returned.
    level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a method: ``analysis, level, truth`` (hazard ratio), ``replicates`` (with an estimate),
        ``failed``, ``mean`` (log hazard ratio), ``bias`` with its Monte-Carlo standard error
        ``bias_se``, ``empirical_se``, ``model_se``, ``coverage`` and ``coverage_se``.

    References
    ----------
    Morris, T. P. et al. (2019). Using simulation studies to evaluate statistical methods. Statistics in
    Medicine 38, 2074-2102.

    Examples
    --------
    >>> found = pd.DataFrame({"analysis": "a", "level": "m", "value": [0.5, 2.0], "conf_low": [0.2, 1.1],
    ...                       "conf_high": [1.2, 4.0]})
    >>> performance(found, {("a", "m"): 1.0})[["bias", "coverage"]].values.tolist()
    [[0.0, 0.5]]
    """
    z = stats.norm.ppf(0.5 + level / 2)
    out = []
    for (analysis, key), part in found.groupby(["analysis", "level"], sort=False):
        target = true[str(analysis), str(key)]
        log = np.log(part[["value", "conf_low", "conf_high"]].to_numpy(dtype=np.float64))
        log = log[np.isfinite(log).all(axis=1)]
        m, spread = len(log), float(log[:, 0].std(ddof=1)) if len(log) > 1 else float("nan")
        coverage = (
            float(((log[:, 1] <= np.log(target)) & (log[:, 2] >= np.log(target))).mean()) if m else np.nan
        )
        mean = float(log[:, 0].mean()) if m else np.nan
        out.append(
            {
                "analysis": analysis,
                "level": key,
                "truth": target,
                "replicates": m,
                "failed": len(part) - m,
                "mean": mean,
                "bias": mean - np.log(target),
                "bias_se": spread / np.sqrt(m) if m else np.nan,
                "empirical_se": spread,
                "model_se": float((log[:, 2] - log[:, 1]).mean() / (2 * z)) if m else np.nan,
                "coverage": coverage,
                "coverage_se": float(np.sqrt(coverage * (1 - coverage) / m)) if m else np.nan,
            }
        )
    return pd.DataFrame(out)

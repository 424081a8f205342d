"""E-values: how strong an unmeasured confounder would have to be to explain an estimate away.

The E-value of a risk ratio is the least association, on the scale of risk ratios, that a confounder
must have with both the treatment and the outcome, beyond the measured covariates, to move the estimate
to the null. It speaks of confounding only: neither of immortal time nor of selection.
"""

from __future__ import annotations

import math

import pandas as pd

from her2adc.results import frame, row

__all__ = ["COMMON", "e_value", "e_value_limit", "e_values", "risk_ratio_of"]

COMMON = 0.15
"""Share of patients with the event from which an outcome is common."""


def risk_ratio_of(hazard_ratio: float, common: bool = True) -> float:
    """Risk ratio that a hazard ratio stands for.

    Parameters
    ----------
    hazard_ratio : float
        Hazard ratio.
    common : bool
        Whether the outcome is common (above 15%) at the end of follow-up: the ratio is then
        ``(1 - 0.5 ** sqrt(HR)) / (1 - 0.5 ** sqrt(1 / HR))``; the hazard ratio itself otherwise.

    Returns
    -------
    float

    References
    ----------
    VanderWeele, T. J. and Ding, P. (2017). Sensitivity analysis in observational research:
    introducing the E-value. Annals of Internal Medicine 167, 268-274.

    Examples
    --------
    >>> round(risk_ratio_of(0.5), 4), risk_ratio_of(0.5, common=False)
    (0.6201, 0.5)
    """
    if not hazard_ratio > 0 or math.isinf(hazard_ratio):
        return float("nan")
    if not common:
        return float(hazard_ratio)
    root = math.sqrt(hazard_ratio)
    return math.expm1(-root * math.log(2)) / math.expm1(-math.log(2) / root)


def e_value(risk_ratio: float) -> float:
    """E-value of a risk ratio.

    Parameters
    ----------
    risk_ratio : float
        Risk ratio.

    Returns
    -------
    float
        ``RR + sqrt(RR (RR - 1))`` of the ratio, or of its inverse below 1; NaN without a ratio.

    Examples
    --------
    >>> round(e_value(3.9), 2), round(e_value(0.8), 2), e_value(1.0)
    (7.26, 1.81, 1.0)
    """
    if not risk_ratio > 0 or math.isinf(risk_ratio):
        return float("nan")
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


def e_value_limit(low: float, high: float) -> float:
    """E-value of the confidence limit that is nearer to 1; 1 when the interval holds 1.

    Parameters
    ----------
    low, high : float
        Limits of the risk ratio.

    Returns
    -------
    float

    Examples
    --------
    >>> round(e_value_limit(1.8, 8.7), 2), e_value_limit(0.8, 1.2)
    (3.0, 1.0)
    """
    if math.isnan(low) or math.isnan(high):
        return float("nan")
    if low <= 1 <= high:
        return 1.0
    return e_value(low if low > 1 else high)


def e_values(rows: pd.DataFrame, common: bool | None = None) -> pd.DataFrame:
    """E-values beside hazard ratios.

    Parameters
    ----------
    rows : pandas.DataFrame
        Results rows; those with statistic ``hazard_ratio`` that are not a reference are read.
    common : bool, optional
        Whether the outcome is common; by default where more than 15% of the row's patients had it.

    Returns
    -------
    pandas.DataFrame
        For each, the rows ``e_value`` and ``e_value_limit`` in the same place.

    Examples
    --------
    >>> rows = frame([row("cox", "hazard_ratio", 0.5, conf_low=0.3, conf_high=0.8, n=100, n_events=60)])
    >>> e_values(rows)[["statistic", "value"]].round(2).values.tolist()
    [['e_value', 2.61], ['e_value_limit', 1.61]]
    """
    out = []
    ratios = rows.loc[(rows["statistic"] == "hazard_ratio") & (rows["method"] != "reference")]
    for _, found in ratios.iterrows():
        n, events = (0 if pd.isna(found[c]) else int(found[c]) for c in ("n", "n_events"))
        often = events > COMMON * n if common is None else common
        point, low, high = (risk_ratio_of(found[c], often) for c in ("value", "conf_low", "conf_high"))
        how = "risk ratio from the hazard ratio" if often else "hazard ratio taken as risk ratio"
        outcome = "common" if often else "rare"
        place = {c: found[c] for c in ("population", "group", "variable", "level")}
        values = {"e_value": e_value(point), "e_value_limit": e_value_limit(low, high)}
        out += [
            row(
                found["analysis"],
                name,
                value,
                **place,
                method=f"E-value, {outcome} outcome: {how}",
                n=n,
                n_events=events,
            )
            for name, value in values.items()
        ]
    return frame(out)

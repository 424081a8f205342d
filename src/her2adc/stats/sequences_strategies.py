"""Weights of the sound comparisons: of the choice of ADC1, and of keeping to the sequence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from her2adc.stats.cloning import CLONE, WEIGHT, begin_of, chance_to_stay, keep_to
from her2adc.stats.inputs import check_columns, endpoint_of
from her2adc.stats.sequences_compare import EXPOSED
from her2adc.stats.weighting import propensity, weigh

__all__ = ["kept_sequences", "stabilised_weights"]


def stabilised_weights(data: pd.DataFrame, arm: str, covariates: Sequence[str]) -> pd.DataFrame:
    """Patients with complete covariates and their stabilised inverse-probability-of-treatment weights.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    arm : str
        Column of two groups, 0 and 1.
    covariates : sequence of str
        Variables of the propensity score; without them all weights are 1.

    Returns
    -------
    pandas.DataFrame
        The patients with column ``clone_weight``.

    Examples
    --------
    >>> data = pd.DataFrame({"arm": [0, 0, 0, 1, 1, 1], "age": [50.0, 50, 60, 50, 60, 60]})
    >>> stabilised_weights(data, "arm", ["age"])["clone_weight"].round(2).tolist()
    [0.75, 0.75, 1.5, 1.5, 0.75, 0.75]
    """
    if not covariates:
        return data.assign(**{WEIGHT: 1.0})
    try:
        score = propensity(data, arm, covariates)
    except ValueError as error:
        why = (
            f"no weights of the choice of ADC1 from {', '.join(covariates)}: it is certain for some patients"
        )
        raise ValueError(why) from error
    made = data.assign(**{WEIGHT: weigh(score, (data[arm] == 1).to_numpy(dtype=bool))})
    return made.loc[made[WEIGHT].notna()]


def kept_sequences(
    data: pd.DataFrame,
    endpoint: str,
    second_time: str,
    progression_time: str,
    grace: float,
    covariates: Sequence[str],
) -> pd.DataFrame:
    """Follow-up of patients for as long as they keep to the sequence that ADC1 began, weighted.

    The first drug tells which sequence a patient is in, so nobody is copied. A patient who has not
    begun the other ADC ``grace`` after progression is censored there; those who have stand for them,
    by logistic regression in each arm. The weight is that of the choice of ADC1 times this one.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with the arm as 0 and 1 in :data:`her2adc.stats.sequences_compare.EXPOSED`.
    endpoint, second_time, progression_time, grace, covariates
        See :func:`her2adc.stats.sequences.order`.

    Returns
    -------
    pandas.DataFrame
        Intervals: ``clone_of``, the arm, entry, time, event, ``clone_weight``.
    """
    if not grace >= 0:
        raise ValueError(f"grace is {grace}; give a time of 0 or later")
    check_columns(data, [progression_time])
    weighted = stabilised_weights(data, EXPOSED, covariates)
    kept, times, events = endpoint_of(weighted, endpoint)
    begin = begin_of(kept, second_time, times)
    progressed = kept[progression_time].to_numpy(dtype=np.float64, na_value=np.nan)
    decision = np.where(np.isnan(progressed), np.inf, progressed + grace)
    decision = np.where(decision < times, decision, np.inf)
    stays, later = begin <= decision, np.ones(times.size)
    arm = kept[EXPOSED].to_numpy(dtype=np.float64)
    for group in (0.0, 1.0):
        asked = np.isfinite(decision) & (arm == group)
        later[asked] = chance_to_stay(kept.loc[asked], stays[asked], covariates)
    patient, entry, time, event, weight = keep_to(times, events, decision, stays, later)
    return pd.DataFrame(
        {
            CLONE: patient,
            EXPOSED: arm[patient],
            f"{endpoint}_entry": entry,
            f"{endpoint}_time": time,
            f"{endpoint}_event": event,
            WEIGHT: weight * kept[WEIGHT].to_numpy()[patient],
        }
    )

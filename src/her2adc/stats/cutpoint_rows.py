"""A cut-off that the data choose, and what is left of it once the choosing is paid for.

Trying every cut-off and keeping the best makes the p-value too small and the effect too large. The
p-value is corrected by permutation and by the formula of Lausen and Schumacher. The effect is corrected
by bootstrap: each sample chooses its own cut-off, whose effect is taken in the patients that the
sample left out. Subtracting the optimism found in all patients leaves about a third of it where there
is no effect, for the patients of the sample are among them. Where there is none, the corrected effect
can fall on the other side of 1: what a sample has by chance, the patients it left out lack.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import frame, row
from her2adc.stats.cutpoint import Maximum, lausen_schumacher, logrank_scores, maximum, permutation_p
from her2adc.stats.inputs import Bools, Floats, check_columns, conf_level_of, endpoint_of
from her2adc.stats.observed_expected import logrank_test
from her2adc.stats.optimism import effect_above, optimism

__all__ = ["cutpoint"]

_NAN = float("nan")


def cutpoint(
    data: pd.DataFrame,
    endpoint: str,
    marker: str,
    *,
    permutations: int = 9999,
    replicates: int = 500,
    seed: int = 1,
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Find the cut-off of a marker with the largest log-rank statistic, and correct what it claims.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``, all observed from the start.
    endpoint, marker : str
        Name of the endpoint; column of the marker, a number.
    permutations, replicates, seed
        See :func:`permutation_p` and :func:`optimism`.
    conf_level : float
        Level of the apparent interval.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "cutpoint", variable the marker, level the endpoint: ``cut`` (largest
        value of the lower side, with the limits of 95% of the bootstrap samples), ``candidates``,
        ``statistic``; ``p_apparent`` (log-rank at that cut-off), ``p_corrected`` (permutation) and
        ``p_lausen_schumacher``; ``hazard_ratio_apparent`` with interval, and
        ``hazard_ratio_corrected``, without one; ``samples``, those of the bootstrap that gave a result.
        Hazard ratios are above against at or below.

    Examples
    --------
    >>> data = pd.DataFrame({"m": [3, 4, 2, 1, 8, 9, 7, 6, 5, 10], "OS_time": range(1, 11)})
    >>> rows = cutpoint(data.assign(OS_event=True), "OS", "m", permutations=99, replicates=50)
    >>> rows.set_index("statistic").loc[["cut", "candidates"], "value"].tolist()
    [9.0, 9.0]
    """
    check_columns(data, [marker])
    kept, times, events = endpoint_of(data[data[marker].notna()], endpoint)
    values = kept[marker].to_numpy(dtype=np.float64)
    found = maximum(values, logrank_scores(times, events))
    place: dict[str, Any] = {"analysis": "cutpoint", "variable": marker, "level": endpoint}
    place |= {"population": population, "n": values.size, "n_events": int(events.sum())}
    if np.isnan(found.cut):
        why = "no events" if not events.any() else "no cut-off leaves a tenth of the patients on either side"
        return frame([row(**place, statistic="cut", value=_NAN, method=f"not estimable: {why}")])
    draws = (permutations, replicates, seed)
    cells = _cells(values, times, events, found, draws, conf_level_of(conf_level))
    return frame(row(**place, statistic=s, value=v, method=m, **more) for s, v, m, more in cells)


def _cells(
    values: Floats,
    times: Floats,
    events: Bools,
    found: Maximum,
    draws: tuple[int, int, int],
    conf_level: float,
) -> list[tuple[str, float, str, dict[str, Any]]]:
    """Statistic, value, method and limits of each row."""
    permutations, replicates, seed = draws
    above = values > found.cut
    effect = effect_above(above, times, events, conf_level)
    out = optimism(values, times, events, replicates, seed)
    corrected = np.exp(out.log_ratio if found.above else -out.log_ratio)
    limits = {"conf_low": effect.low[0], "conf_high": effect.high[0], "conf_level": conf_level}
    spread = {"conf_low": out.low, "conf_high": out.high, "conf_level": 0.95}
    permuted = permutation_p(values, logrank_scores(times, events), permutations, seed)
    boot = f"{replicates} bootstrap samples"
    return [
        ("cut", found.cut, f"maximally selected log-rank statistic, limits from {boot}", spread),
        ("candidates", found.candidates, "count", {}),
        ("statistic", found.statistic, "standardised log-rank statistic", {}),
        ("p_apparent", logrank_test(times, events, above.astype(np.intp))[2], "log-rank", {}),
        ("p_corrected", permuted, f"{permutations} permutations", {}),
        ("p_lausen_schumacher", lausen_schumacher(found.statistic), "Lausen and Schumacher 1992", {}),
        ("hazard_ratio_apparent", effect.ratio[0], effect.method[0], limits),
        ("hazard_ratio_corrected", corrected, f"Cox, mean in the patients left out of {boot}", {}),
        ("samples", out.used, "bootstrap samples that gave a cut-off and an effect", {}),
    ]

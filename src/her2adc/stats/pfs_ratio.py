"""PFS2 over PFS1 (growth modulation index): each patient as her own control, censoring taken into account.

The ratio is known where both progressions were seen. PFS1 is one (nobody starts ADC2 for progression
without it); PFS2 may be censored, and the ratio is then at least what has been seen of it. Leaving such
patients out, or counting them as below the threshold, makes the ratio look worse than it is, so the share
at or above it is given in four ways [1]_ [2]_:

* ``lowest`` and ``highest``: those whose side is not known counted below, and above (exact intervals);
* ``kaplan_meier``: Kaplan-Meier of the ratio. It takes the censoring of the *ratio* as independent of it,
  which fails when PFS1 and PFS2 are related: a long PFS1 gives both a low ratio and an early censoring;
* ``weighted``: a patient whose side is known counts for the inverse of the chance to be followed for as
  long as that took (Kaplan-Meier of the censoring of PFS2), which takes only the censoring of PFS2
  itself as independent. Its interval is a jackknife's on the logit scale.

The two periods are also compared within patients, by a Cox model with a stratum for each patient (the
hazard ratio of progression on ADC2 against ADC1; the order within pairs is all that counts) and by the
exact sign test on the same pairs.

References
----------
.. [1] Von Hoff, D. D. (1998). There are no bad anticancer agents, only bad clinical trial designs.
   Clinical Cancer Research 4, 1079-1086.
.. [2] Texier, M. et al. (2018). Evaluation of treatment effect with paired failure times in a
   single-arm phase II trial in oncology. Computational and Mathematical Methods in Medicine 2018, 1672176.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.cox_model import estimates, model_of
from her2adc.stats.inputs import (
    TIE_TOLERANCE,
    Bools,
    Floats,
    check_columns,
    conf_level_of,
    conf_type_of,
    groups_with_all,
    tied,
)
from her2adc.stats.kaplan_meier import km, median
from her2adc.stats.proportions import CLOPPER_PEARSON, clopper_pearson
from her2adc.stats.weighted_share import weighted_share

__all__ = ["pfs_ratio", "ratios"]

ANALYSIS = "pfs_ratio"
_NAN = float("nan")
Estimate = tuple[float, float, float]


@dataclass(frozen=True)
class _Pairs:
    """Patients with PFS1 observed and a PFS2."""

    first: Floats
    second: Floats
    progressed: Bools
    left_out: int

    @property
    def ratio(self) -> Floats:
        """PFS2 over PFS1, as far as it was seen."""
        return np.asarray(self.second / self.first)


def _pairs(data: pd.DataFrame, first: str, second: str) -> _Pairs:
    """Patients whose ratio can be formed."""
    columns = [f"{name}_{part}" for name in (first, second) for part in ("time", "event")]
    check_columns(data, columns)
    have = data.loc[data[columns].notna().all(axis=1)]
    numbers = {c: have[c].to_numpy(dtype=np.float64) for c in columns}
    usable = (numbers[columns[1]] > 0) & (numbers[columns[0]] > 0)
    t1, t2, event = (numbers[c][usable] for c in (columns[0], columns[2], columns[3]))
    return _Pairs(t1, t2, event > 0, int(data[columns[2]].notna().sum()) - int(usable.sum()))


def ratios(data: pd.DataFrame, first: str = "PFS1", second: str = "PFS2") -> pd.DataFrame:
    """Ratio of each patient, to draw.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``_time`` and ``_event`` of both endpoints.
    first, second : str
        Endpoints; the clock of the second starts with the second treatment.

    Returns
    -------
    pandas.DataFrame
        ``first, second, ratio, event``, lowest ratio first; patients without the second treatment or
        whose first progression was not observed are left out.

    Examples
    --------
    >>> data = pd.DataFrame({"PFS1_time": [4.0, 5.0], "PFS1_event": [True, True],
    ...                      "PFS2_time": [8.0, None], "PFS2_event": [False, None]})
    >>> ratios(data).values.tolist()
    [[4.0, 8.0, 2.0, False]]
    """
    pairs = _pairs(data, first, second)
    table = {"first": pairs.first, "second": pairs.second, "ratio": pairs.ratio, "event": pairs.progressed}
    return pd.DataFrame(table).sort_values("ratio", kind="stable").reset_index(drop=True)


def pfs_ratio(
    data: pd.DataFrame,
    first: str = "PFS1",
    second: str = "PFS2",
    by: str | None = None,
    *,
    threshold: float = 1.3,
    conf_type: str = "log-log",
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Compare two successive times to progression within patients.

    Parameters
    ----------
    data, first, second
        See :func:`ratios`.
    by : str, optional
        Column of groups.
    threshold : float
        Ratio from which the second treatment counts as better.
    conf_type : {"log-log", "log", "plain"}
        Scale of the Kaplan-Meier intervals.
    conf_level : float
        Level of the intervals.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "pfs_ratio", all patients first: ``share_at_least`` (level the way, see
        above, variable the threshold), ``unknown`` (patients whose side is not known), ``n_left_out``
        (with a second time, but without an observed first one), ``median`` (Kaplan-Meier of the
        ratio), ``hazard_ratio`` and ``p_value`` (Cox model with a stratum a patient), ``longer`` and
        ``shorter`` (pairs) and ``p_sign``. n is the patients with a ratio, n_events those whose
        second progression was seen.

    Examples
    --------
    >>> data = pd.DataFrame({"PFS1_time": [4.0, 5, 6, 8], "PFS1_event": [True] * 4,
    ...                      "PFS2_time": [6.0, 4, 3, 6], "PFS2_event": [True, True, True, False]})
    >>> rows = pfs_ratio(data)
    >>> rows.loc[rows.statistic == "share_at_least", ["level", "value"]].round(3).values.tolist()
    [['lowest', 0.25], ['highest', 0.5], ['kaplan_meier', 0.375], ['weighted', 0.333]]
    """
    conf_type_of(conf_type), conf_level_of(conf_level)
    if not threshold > 0:
        raise ValueError(f"threshold is {threshold}; give a ratio above 0")
    rows: list[dict[str, Any]] = []
    for label, part in groups_with_all(data, by):
        pairs = _pairs(part, first, second)
        n, events = pairs.first.size, int(pairs.progressed.sum())
        common: dict[str, Any] = {"group": label, "population": population, "n": n, "n_events": events}
        records = [*_shares(pairs, threshold, conf_type, conf_level), *_within(pairs, conf_level)]
        value, low, high = median(
            km(pairs.ratio, pairs.progressed, conf_type=conf_type, conf_level=conf_level)
        )
        limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level}
        method = f"Kaplan-Meier of the ratio, {conf_type} interval"
        records.append({"statistic": "median", "value": value, **limits, "method": method})
        records.append({"statistic": "n_left_out", "value": pairs.left_out, "method": "count"})
        rows += [row(**{"analysis": ANALYSIS, **common, **record}) for record in records]
    return frame(rows)


def _sides(pairs: _Pairs, threshold: float) -> tuple[Bools, Bools]:
    """Who is known to be at or above the threshold, and who is known to be below."""
    above = pairs.ratio >= threshold * (1 - TIE_TOLERANCE)
    return above, ~above & pairs.progressed


def _shares(pairs: _Pairs, threshold: float, conf_type: str, conf_level: float) -> list[dict[str, Any]]:
    """Share at or above the threshold, in four ways."""
    above, below = _sides(pairs, threshold)
    n, unknown = above.size, int((~above & ~below).sum())
    yes = int(above.sum())
    found: dict[str, tuple[Estimate, str]] = {}
    for name, count in (("lowest", yes), ("highest", yes + unknown)):
        counted = "below" if name == "lowest" else "above"
        estimate = clopper_pearson(count, n, conf_level) if n else (_NAN, _NAN, _NAN)
        found[name] = (estimate, f"unknown counted {counted}, {CLOPPER_PEARSON}")
    found["kaplan_meier"] = (
        _beyond(pairs, threshold, conf_type, conf_level),
        f"Kaplan-Meier of the ratio, {conf_type} interval",
    )
    found["weighted"] = (
        weighted_share(pairs.first, pairs.second, pairs.progressed, threshold, conf_level),
        "inverse probability of censoring of the second time, jackknife, logit interval",
    )
    common = {"variable": f"{threshold:g}"}
    rows = [
        {"statistic": "share_at_least", "level": name, "value": value, "conf_low": low, "conf_high": high}
        | {"conf_level": conf_level, "method": method, **common}
        for name, ((value, low, high), method) in found.items()
    ]
    return [*rows, {"statistic": "unknown", "value": unknown, "method": "count", **common}]


def _beyond(pairs: _Pairs, threshold: float, conf_type: str, conf_level: float) -> Estimate:
    """Kaplan-Meier chance of a ratio of the threshold or more; NaN beyond the longest follow-up."""
    if not pairs.first.size:
        return _NAN, _NAN, _NAN
    table = km(pairs.ratio, pairs.progressed, conf_type=conf_type, conf_level=conf_level)
    before = table.loc[table["time"] < threshold * (1 - TIE_TOLERANCE)].iloc[-1]
    if before["survival"] > 0 and pairs.ratio.max() < threshold * (1 - TIE_TOLERANCE):
        return _NAN, _NAN, _NAN
    return float(before["survival"]), float(before["conf_low"]), float(before["conf_high"])


def _within(pairs: _Pairs, conf_level: float) -> list[dict[str, Any]]:
    """Comparison of the two times within patients."""
    n = pairs.first.size
    shorter = pairs.progressed & (pairs.second < pairs.first * (1 - TIE_TOLERANCE))
    longer = pairs.second > pairs.first * (1 + TIE_TOLERANCE)
    a, b = int(longer.sum()), int(shorter.sum())
    long = pd.DataFrame(
        {
            "P_time": tied(np.concatenate([pairs.first, pairs.second])),
            "P_event": np.concatenate([np.ones(n, dtype=bool), pairs.progressed]),
            "period": np.repeat([0.0, 1.0], n),
            "patient": np.tile(np.arange(n), 2),
        }
    )
    ratio, low, high, p, method = _NAN, _NAN, _NAN, _NAN, "not estimable: no pair with an order"
    if a and b:
        _, found = estimates(model_of(long, "P", ["period"], strata=["patient"]), conf_level)
        ratio, low, high, p = (float(v[0]) for v in (found.ratio, found.low, found.high, found.p))
        method = "Cox with a stratum for each patient, Wald interval"
    elif a or b:
        method = "not estimable: every pair has the same order"
    sign = float(stats.binomtest(a, a + b).pvalue) if a + b else _NAN
    limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level}
    return [
        {"statistic": "hazard_ratio", "value": ratio, **limits, "method": method},
        {"statistic": "p_value", "value": p, "method": method},
        {"statistic": "longer", "value": a, "method": "pairs known to be longer on the second"},
        {"statistic": "shorter", "value": b, "method": "pairs known to be shorter on the second"},
        {"statistic": "p_sign", "value": sign, "method": "exact sign test"},
    ]

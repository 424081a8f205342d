"""HER2 at two stages of the disease: pairs, discordance, eligibility for an ADC.

A pair is a patient with a class at both of two stages. Classes are ordered categories with the same
levels at every stage; rows of tables are the first stage, columns the second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import ALL_PATIENTS, frame, row
from her2adc.stats.contingency import association
from her2adc.stats.inputs import Floats, check_columns, levels_of
from her2adc.stats.paired import mcnemar_exact
from her2adc.stats.proportions import CLOPPER_PEARSON, clopper_pearson

__all__ = [
    "ELIGIBLE",
    "NOT_ELIGIBLE",
    "clock",
    "count_pairs",
    "discordance",
    "eligibility",
    "pairs_of",
    "rate_row",
]

ELIGIBLE, NOT_ELIGIBLE = "eligible before", "not eligible before"
"""Populations of loss and of gain of eligibility."""


def pairs_of(data: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Select the patients with a class at both stages.

    Raises
    ------
    ValueError
        When the two columns do not have the same levels.
    """
    check_columns(data, [before, after])
    if levels_of(data[before]) != levels_of(data[after]):
        raise ValueError(
            f"{before} has the levels {levels_of(data[before])} and {after} {levels_of(data[after])}; "
            "give both the same categories"
        )
    return data.loc[data[[before, after]].notna().all(axis=1)]


def count_pairs(data: pd.DataFrame, before: str, after: str) -> Floats:
    """Count pairs: rows are the first stage, columns the second, empty levels too.

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    >>> data = pd.DataFrame({"a": ["zero", "low"], "b": ["low", None]}).astype(levels)
    >>> count_pairs(data, "a", "b").tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    kept = pairs_of(data, before, after)
    names = levels_of(data[before])
    table = pd.crosstab(kept[before], kept[after]).reindex(index=names, columns=names, fill_value=0)
    return np.asarray(table.to_numpy(), dtype=np.float64).reshape(len(names), len(names))


def rate_row(
    analysis: str, statistic: str, count: int, total: int, conf_level: float = 0.95, **place: Any
) -> dict[str, Any]:
    """Row of a proportion with its exact interval."""
    value, low, high = clopper_pearson(count, total, conf_level)
    limits: dict[str, Any] = {"conf_low": low, "conf_high": high, "conf_level": conf_level}
    return row(
        analysis, statistic, value, n=total, n_events=count, method=CLOPPER_PEARSON, **limits, **place
    )


def discordance(
    data: pd.DataFrame,
    before: str,
    after: str,
    strata: Iterable[str] = (),
    *,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Estimate how many pairs differ in class, overall and by stratum.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient; patients without both classes are left out.
    before, after : str
        Columns of the two stages.
    strata : iterable of str
        Columns of groups; pairs whose group is not known are left out there and counted.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "her2_discordance", fractions with Clopper-Pearson intervals:
        ``discordant``, ``to_higher`` and ``to_lower`` of all pairs; ``discordant`` by variable and
        level; ``p_value`` by variable (Pearson's chi-square, Fisher's exact test where a cell
        expects under 5) and ``n_missing``.

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    >>> data = pd.DataFrame({"a": ["zero", "zero"], "b": ["low", "zero"]}).astype(levels)
    >>> discordance(data, "a", "b")["value"].tolist()
    [0.5, 0.5, 0.0]
    """
    kept, strata = pairs_of(data, before, after), list(strata)
    check_columns(data, strata)
    step = kept[after].cat.codes.astype(int) - kept[before].cat.codes.astype(int)
    name = "her2_discordance"
    rows = [
        rate_row(name, statistic, int(which.sum()), len(kept), conf_level)
        for statistic, which in {"discordant": step != 0, "to_higher": step > 0, "to_lower": step < 0}.items()
    ]
    for variable in strata:
        known = kept[variable].notna()
        parts = {str(v): step[kept[variable].eq(v) & known] != 0 for v in levels_of(data[variable])}
        counts = [(int(part.sum()), int((~part).sum())) for part in parts.values()]
        rows += [
            rate_row(name, "discordant", yes, yes + no, conf_level, variable=variable, level=level)
            for level, (yes, no) in zip(parts, counts, strict=True)
        ]
        test = association(np.array(counts, dtype=np.float64).reshape(-1, 2))
        n = int(known.sum())
        rows.append(row(name, "p_value", test.p, variable=variable, method=test.method, n=n))
        rows.append(row(name, "n_missing", len(kept) - n, variable=variable, method="count", n=len(kept)))
    return frame(rows)


def eligibility(
    data: pd.DataFrame, before: str, after: str, eligible: Collection[str], *, conf_level: float = 0.95
) -> pd.DataFrame:
    """Estimate who gains and who loses eligibility for a treatment between two stages.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient; patients without both classes are left out.
    before, after : str
        Columns of the two stages.
    eligible : collection of str
        Classes for which the treatment is an option.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "her2_eligibility": of all pairs ``eligible_before``,
        ``eligible_after``, ``kept``, ``gained``, ``lost`` and ``never``; ``gain`` of those not eligible
        before and ``loss`` of those eligible before (populations), all with Clopper-Pearson intervals;
        ``biopsies_per_gain``, the reciprocal of the gain with the interval inverted (infinite where
        nobody gained, NaN where nobody could); ``p_value`` of McNemar's exact test.

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    >>> data = pd.DataFrame({"a": ["zero", "zero"], "b": ["low", "zero"]}).astype(levels)
    >>> rows = eligibility(data, "a", "b", ["low"])
    >>> rows.set_index("statistic").loc[["gain", "biopsies_per_gain"], "value"].tolist()
    [0.5, 2.0]
    """
    kept = pairs_of(data, before, after)
    first, second = (kept[c].isin(list(eligible)) for c in (before, after))
    both, gained, lost = (int(who.sum()) for who in (first & second, ~first & second, first & ~second))
    n, yes = len(kept), both + lost
    of_all = {"eligible_before": yes, "eligible_after": both + gained, "kept": both, "gained": gained,
              "lost": lost, "never": n - yes - gained}  # fmt: skip
    name = "her2_eligibility"
    rows = [rate_row(name, statistic, count, n, conf_level) for statistic, count in of_all.items()]
    gain = rate_row(name, "gain", gained, n - yes, conf_level, population=NOT_ELIGIBLE)
    rows += [gain, rate_row(name, "loss", lost, yes, conf_level, population=ELIGIBLE)]
    inverse = [np.inf if gain[c] == 0 else 1 / gain[c] for c in ("value", "conf_high", "conf_low")]
    rows.append(
        row(name, "biopsies_per_gain", inverse[0], conf_low=inverse[1], conf_high=inverse[2],
            conf_level=conf_level, population=NOT_ELIGIBLE, group=ALL_PATIENTS, n=n - yes, n_events=gained,
            method=f"reciprocal of the gain, {CLOPPER_PEARSON} inverted")
    )  # fmt: skip
    p = mcnemar_exact([[both, lost], [gained, n - yes - gained]])
    rows.append(row(name, "p_value", p, method="McNemar's exact test", n=n, n_events=gained + lost))
    return frame(rows)


def interval(data: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Describe the time from the first to the second specimen of the pairs.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``her2_interval_months``; patients without both classes are left out.
    before, after : str
        Columns of the two stages.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "her2_interval": ``median``, ``q1`` and ``q3`` in months (quantiles of
        R's type 7) of the pairs whose interval is known (n); NaN without any.

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    >>> data = pd.DataFrame({"a": ["zero"] * 2, "b": ["low"] * 2}).astype(levels)
    >>> interval(data.assign(her2_interval_months=[10.0, 21.0]), "a", "b")["value"].tolist()
    [15.5, 12.75, 18.25]
    """
    known = pairs_of(data, before, after)["her2_interval_months"].dropna()
    place: dict[str, Any] = {"variable": f"{before} -> {after}", "n": len(known)}
    quantiles = {"median": 0.5, "q1": 0.25, "q3": 0.75}
    return frame(
        row("her2_interval", name, float(known.quantile(q)), method="quantiles, R type 7", **place)
        for name, q in quantiles.items()
    )


def clock(pairs: pd.DataFrame, start: str, specimen: str) -> pd.DataFrame:
    """Count the pairs whose second specimen was taken after the clock of an endpoint had started.

    Such patients could not have the event before that specimen, or they would not be a pair.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Pairs, as :func:`pairs_of` selects them.
    start, specimen : str
        Columns of the dates of the start of the clock and of the second specimen.

    Returns
    -------
    pandas.DataFrame
        One results row of analysis "her2_clock": ``specimen_after_start``, a count of the pairs
        with both dates.

    Examples
    --------
    >>> dates = pd.DataFrame({"start": ["2020-01-01"] * 2, "biopsy": ["2020-01-01", "2020-02-01"]})
    >>> clock(dates.apply(pd.to_datetime), "start", "biopsy")[["value", "n"]].values.tolist()
    [[1.0, 2]]
    """
    known = pairs[[start, specimen]].dropna()
    late = int((known[specimen] > known[start]).sum())
    place: dict[str, Any] = {"method": "count", "n": len(known), "n_events": late}
    return frame([row("her2_clock", "specimen_after_start", late, **place)])

"""Table 1: counts, quantiles, missing values, standardised mean differences, tests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import ALL_PATIENTS, frame, row
from her2adc.stats.contingency import association
from her2adc.stats.inputs import Bools, Floats, check_columns, groups_of, levels_of, sums_by, weights_of
from her2adc.stats.smd import smd_categorical, smd_continuous, weighted_moments

__all__ = ["SMD", "VariableLike", "compare_continuous", "table_one"]

SMD = "SMD"
"""Group of the rows that hold standardised mean differences."""

_EXACT_BELOW = 50


class VariableLike(Protocol):
    """What Table 1 needs to know of a variable."""

    @property
    def name(self) -> str:
        """Column of the data."""

    @property
    def kind(self) -> str:
        """Either "continuous" or "categorical"."""

    @property
    def levels(self) -> Sequence[str]:
        """Levels in order; empty to take those of the data."""


def table_one(
    data: pd.DataFrame,
    variables: Sequence[VariableLike],
    by: str | None = None,
    tests: bool = False,
    parametric: Collection[str] = (),
    population: str = "",
    weights: str | None = None,
) -> pd.DataFrame:
    """Describe the patients, overall and by group.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    variables : sequence of Variable
        Rows of the table: objects with ``name``, ``kind`` and ``levels``.
    by : str, optional
        Column of groups.
    tests : bool
        Whether to compare the groups: Pearson's chi-square or Fisher's exact test, Wilcoxon or
        Kruskal-Wallis.
    parametric : collection of str
        Names of continuous variables to compare by t test (equal variances) or ANOVA.
    population : str
        Name of the population, kept in the rows.
    weights : str, optional
        Column of case weights; values are then weighted, the columns ``n`` and ``n_events`` stay
        numbers of patients. There are no weighted tests.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "baseline". First the size of every group (statistic ``n``,
        variable empty). For a categorical variable ``count`` and ``percent`` (a fraction of the
        patients whose value is known) per level; for a continuous one ``median, q1, q3, mean,
        sd, min, max``; for both ``missing``. With groups one ``smd`` (group "SMD") and, on
        request, one ``p_value`` a variable. Quantiles are R's type 7.

    Notes
    -----
    Counts, percentages, means and quantiles are those of the Python package tableone, and a test
    holds them together. It does not make the table, because its defaults are not those of the
    book: it counts missing values as a level in percentages, tests and SMD, corrects 2 x 2 tables
    for continuity, compares two means by Welch's test, gives the SMD a sign and for more than two
    groups no overall SMD.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> age = SimpleNamespace(name="age", kind="continuous", levels=[])
    >>> rows = table_one(pd.DataFrame({"age": [50.0, 60.0, None]}), [age])
    >>> rows.loc[rows.statistic.isin(["median", "missing"]), "value"].tolist()
    [55.0, 1.0]
    """
    check_columns(data, [v.name for v in variables] + [c for c in (by, weights) if c])
    if weights and tests:
        raise ValueError("there are no tests of a weighted table; set tests=False and read the SMD")
    own = weights_of(data[weights].to_numpy(), len(data)) if weights else None
    everyone = np.ones(len(data), dtype=bool)
    parts = [(ALL_PATIENTS, everyone), *groups_of(data, by)]
    rows: list[dict[str, Any]] = []
    for label, part in parts:
        size, n = (part if own is None else own[part]).sum(), int(part.sum())
        rows.append({"statistic": "n", "value": size, "group": label, "n": n})
    for variable in variables:
        levels = _levels(data, variable)
        samples = [_sample(data[variable.name], own, part, levels) for _, part in parts]
        for (label, _), sample in zip(parts, samples, strict=True):
            described = _categorical(sample, levels) if levels is not None else _continuous(sample)
            rows += [{"group": label, "variable": variable.name, **record} for record in described]
        if by is not None:
            filled = [sample for sample in samples[1:] if sample.size]
            rows += _comparison(variable.name, filled, levels, tests, variable.name in parametric)
    common: dict[str, Any] = {"analysis": "baseline", "population": population}
    return frame(row(**{**common, **record}) for record in rows)


def _levels(data: pd.DataFrame, variable: VariableLike) -> list[str] | None:
    """Levels of a categorical variable, None for a continuous one."""
    values = data[variable.name]
    if variable.kind == "continuous":
        if not pd.api.types.is_numeric_dtype(values.dtype):
            raise ValueError(
                f"{variable.name} is continuous but holds {values.dtype}; make it numeric or "
                "call it categorical"
            )
        return None
    if variable.kind != "categorical":
        raise ValueError(f"{variable.name} is {variable.kind!r}; say continuous or categorical")
    levels = [str(v) for v in variable.levels] or [str(v) for v in levels_of(values)]
    unknown = sorted({str(v) for v in values.dropna().unique()} - set(levels))
    if unknown:
        raise ValueError(f"{variable.name} has {unknown}, which are not among its levels {levels}")
    return levels


@dataclass(frozen=True)
class _Sample:
    """Known values of a variable in one group: numbers, or places among the levels."""

    size: int
    values: Floats
    weights: Floats | None
    missing: float

    def counts(self, levels: Sequence[str]) -> Floats:
        """Weight of each level."""
        return sums_by(self.values.astype(np.intp), self.weights, len(levels))


def _sample(values: pd.Series, weights: Floats | None, part: Bools, levels: list[str] | None) -> _Sample:
    """Known values of the patients of a group."""
    mine = values if part.all() else values.loc[part]
    own = None if weights is None else weights[part]
    known = mine.notna().to_numpy(dtype=bool)
    missing = float((~known).sum() if own is None else own[~known].sum())
    if levels is None:
        numbers = mine.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        codes, found = pd.factorize(mine)
        place = np.array([levels.index(str(level)) for level in found], dtype=np.float64)
        numbers = np.append(place, np.nan)[codes]
    if not known.all():
        numbers, own = numbers[known], None if own is None else own[known]
    return _Sample(len(mine), numbers, own, missing)


def _missing(sample: _Sample) -> dict[str, Any]:
    """Patients whose value is not known."""
    shared = {"n": sample.size, "n_events": sample.size - sample.values.size}
    return {**shared, "statistic": "missing", "value": sample.missing}


def _categorical(sample: _Sample, levels: Sequence[str]) -> list[dict[str, Any]]:
    """Count levels, with fractions of the known, and missing values."""
    plain = np.bincount(sample.values.astype(np.intp), minlength=len(levels))
    counts = sample.counts(levels)
    rows: list[dict[str, Any]] = []
    for level, number, count in zip(levels, plain, counts, strict=True):
        shared = {"level": level, "n": sample.values.size, "n_events": int(number)}
        rows.append({**shared, "statistic": "count", "value": count})
        share = count / counts.sum() if sample.values.size else np.nan
        rows.append({**shared, "statistic": "percent", "value": share})
    return [*rows, _missing(sample)]


def _continuous(sample: _Sample) -> list[dict[str, Any]]:
    """Quantiles, mean, standard deviation, range and missing."""
    known = sample.values
    found = dict.fromkeys(("median", "q1", "q3", "mean", "sd", "min", "max"), float("nan"))
    if known.size:
        q1, median, q3 = weighted_quantiles(known, sample.weights, (0.25, 0.5, 0.75))
        mean, variance = float(np.average(known, weights=sample.weights)), np.nan
        if known.size > 1:
            mean, variance = weighted_moments(known, sample.weights)
        values = (median, q1, q3, mean, np.sqrt(variance), known.min(), known.max())
        found = dict(zip(found, values, strict=True))
    rows: list[dict[str, Any]] = [
        {"n": known.size, "statistic": statistic, "value": value} for statistic, value in found.items()
    ]
    return [*rows, _missing(sample)]


def weighted_quantiles(values: Floats, weights: Floats | None, at: Sequence[float]) -> Floats:
    """Quantiles of type 7; with weights as R's ``survey::svyquantile(qrule = "hf7")``.

    Examples
    --------
    >>> weighted_quantiles(np.array([4.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0]), [0.5, 0.75]).tolist()
    [2.0, 3.0]
    """
    if weights is None or values.size == 1:
        return np.asarray(np.quantile(values, at), dtype=np.float64)
    order = np.argsort(values, kind="stable")
    before = np.cumsum(weights[order][:-1])
    return np.interp(at, np.append(0.0, before) / before[-1], values[order])


def _comparison(
    name: str, samples: Sequence[_Sample], levels: list[str] | None, tests: bool, parametric: bool
) -> list[dict[str, Any]]:
    """Standardised mean difference and, on request, p-value."""
    if levels is None:
        values = [sample.values for sample in samples]
        distance = smd_continuous(values, [sample.weights for sample in samples])
        p, method = compare_continuous(values, parametric) if tests else (np.nan, "")
    else:
        table = np.array([sample.counts(levels) for sample in samples]).reshape(-1, len(levels))
        distance = smd_categorical(table)
        test = association(table) if tests else None
        p, method = (test.p, test.method) if test else (np.nan, "")
    shared = {"variable": name, "n": sum(sample.values.size for sample in samples)}
    pairs = "" if len(samples) == 2 else ", mean of the pairs of groups"
    note = f"absolute standardised mean difference{pairs}"
    rows = [{**shared, "group": SMD, "statistic": "smd", "value": distance, "method": note}]
    if tests:
        rows.append({**shared, "statistic": "p_value", "value": p, "method": method})
    return rows


def compare_continuous(samples: Sequence[Floats], parametric: bool = False) -> tuple[float, str]:
    """Compare a continuous variable between groups.

    Parameters
    ----------
    samples : sequence of ndarray
        Values of each group, without missing values; empty groups are ignored.
    parametric : bool
        t test with equal variances or ANOVA, instead of Wilcoxon or Kruskal-Wallis.

    Returns
    -------
    tuple
        P-value and name of the test. Wilcoxon's test is exact below 50 patients a group without
        ties, as in R, and otherwise normal with continuity correction.

    Examples
    --------
    >>> compare_continuous([np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])])
    (0.1, 'Wilcoxon (exact)')
    """
    filled = [np.asarray(sample, dtype=np.float64) for sample in samples if len(sample)]
    if len(filled) < 2:
        return float("nan"), "not estimable: one group only"
    pooled = np.concatenate(filled)
    if np.ptp(pooled) == 0:
        return float("nan"), "not estimable: one value only"
    if parametric:
        name = "t test" if len(filled) == 2 else "ANOVA"
        if min(map(len, filled)) < 2:
            return float("nan"), f"not estimable: {name} with one patient in a group"
        return float(stats.f_oneway(*filled).pvalue), name
    if len(filled) > 2:
        return float(stats.kruskal(*filled).pvalue), "Kruskal-Wallis"
    exact = max(map(len, filled)) < _EXACT_BELOW and np.unique(pooled).size == pooled.size
    method = "exact" if exact else "asymptotic"
    p = float(stats.mannwhitneyu(*filled, method=method).pvalue)
    return p, "Wilcoxon (exact)" if exact else "Wilcoxon"

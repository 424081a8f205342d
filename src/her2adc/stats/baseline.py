"""Table 1: counts, quantiles, missing values, standardised mean differences, tests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.contingency import association
from her2adc.stats.inputs import Floats, check_columns, groups_of, groups_with_all, levels_of
from her2adc.stats.smd import smd_categorical, smd_continuous

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

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "baseline". First the size of every group (statistic ``n``,
        variable empty). For a categorical variable ``count`` and ``percent`` (a fraction of the
        patients whose value is known) per level; for a continuous one ``median, q1, q3, mean,
        sd, min, max``; for both ``missing``. With groups one ``smd`` (group "SMD") and, on
        request, one ``p_value`` a variable. Quantiles are R's type 7.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> age = SimpleNamespace(name="age", kind="continuous", levels=[])
    >>> rows = table_one(pd.DataFrame({"age": [50.0, 60.0, None]}), [age])
    >>> rows.loc[rows.statistic.isin(["median", "missing"]), "value"].tolist()
    [55.0, 1.0]
    """
    check_columns(data, [v.name for v in variables] + ([by] if by else []))
    parts = list(groups_with_all(data, by))
    rows: list[dict[str, Any]] = [
        {"statistic": "n", "value": len(p), "group": g, "n": len(p)} for g, p in parts
    ]
    for variable in variables:
        levels = _levels(data, variable)
        for label, part in parts:
            describe = _categorical if levels is not None else _continuous
            rows += [{"group": label, **record} for record in describe(part[variable.name], levels or [])]
        if by is not None:
            rows += _comparison(data, variable, levels, by, tests, variable.name in parametric)
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
    unknown = sorted({str(v) for v in values.dropna()} - set(levels))
    if unknown:
        raise ValueError(f"{variable.name} has {unknown}, which are not among its levels {levels}")
    return levels


def _counts(values: pd.Series, levels: Sequence[str]) -> Floats:
    """Count each level."""
    known = values.dropna().astype(str)
    return np.array([(known == level).sum() for level in levels], dtype=np.float64)


def _categorical(values: pd.Series, levels: Sequence[str]) -> list[dict[str, Any]]:
    """Count levels, with fractions of the known, and missing values."""
    counts = _counts(values, levels)
    known = int(values.notna().sum())
    name = str(values.name)
    rows: list[dict[str, Any]] = []
    for level, count in zip(levels, counts, strict=True):
        shared = {"variable": name, "level": level, "n": known, "n_events": int(count)}
        rows.append({**shared, "statistic": "count", "value": count})
        share = count / known if known else np.nan
        rows.append({**shared, "statistic": "percent", "value": share})
    return [*rows, _missing(values)]


def _missing(values: pd.Series) -> dict[str, Any]:
    """Patients whose value is not known."""
    count = int(values.isna().sum())
    shared = {"variable": str(values.name), "n": len(values), "n_events": count}
    return {**shared, "statistic": "missing", "value": count}


def _continuous(values: pd.Series, _: Sequence[str]) -> list[dict[str, Any]]:
    """Quantiles, mean, standard deviation, range and missing."""
    known = values.dropna().to_numpy(dtype=np.float64)
    found = dict.fromkeys(("median", "q1", "q3", "mean", "sd", "min", "max"), float("nan"))
    if known.size:
        q1, median, q3 = np.quantile(known, (0.25, 0.5, 0.75))
        sd = known.std(ddof=1) if known.size > 1 else np.nan
        ends = (known.min(), known.max())
        found = dict(zip(found, (median, q1, q3, known.mean(), sd, *ends), strict=True))
    shared = {"variable": str(values.name), "n": known.size}
    rows: list[dict[str, Any]] = [
        {**shared, "statistic": statistic, "value": value} for statistic, value in found.items()
    ]
    return [*rows, _missing(values)]


def _comparison(
    data: pd.DataFrame,
    variable: VariableLike,
    levels: list[str] | None,
    by: str,
    tests: bool,
    parametric: bool,
) -> list[dict[str, Any]]:
    """Standardised mean difference and, on request, p-value."""
    parts = [data.loc[rows, variable.name] for _, rows in groups_of(data, by) if rows.any()]
    known = sum(int(part.notna().sum()) for part in parts)
    if levels is None:
        samples = [part.dropna().to_numpy(dtype=np.float64) for part in parts]
        distance = smd_continuous(samples)
        p, method = compare_continuous(samples, parametric) if tests else (np.nan, "")
    else:
        table = np.array([_counts(part, levels) for part in parts]).reshape(-1, len(levels))
        distance = smd_categorical(table)
        test = association(table) if tests else None
        p, method = (test.p, test.method) if test else (np.nan, "")
    shared = {"variable": variable.name, "n": known}
    pairs = "" if len(parts) == 2 else ", mean of the pairs of groups"
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

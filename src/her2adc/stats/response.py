"""Best response, response rates on both denominators, and their difference between groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import frame, row
from her2adc.stats.contingency import association, cross_table
from her2adc.stats.inputs import Bools, check_columns, groups_with_all, levels_of
from her2adc.stats.proportions import CLOPPER_PEARSON, NEWCOMBE, clopper_pearson, newcombe

__all__ = ["CATEGORIES", "EVALUABLE", "MEASURES", "difference", "rates", "responders"]

CATEGORIES = ("CR", "PR", "SD", "PD", "NE")
"""Best responses by RECIST 1.1, in order; NE is not evaluable."""
EVALUABLE = CATEGORIES[:4]
"""Best responses that count as evaluable."""
MEASURES = ("ORR", "DCR", "CBR")
"""Objective response, disease control, clinical benefit."""
POPULATIONS = ("treated", "evaluable")

_POSITIVE = {"ORR": ("CR", "PR"), "DCR": ("CR", "PR", "SD")}


def responders(
    data: pd.DataFrame,
    measure: str,
    population: str = "treated",
    best: str = "best_response",
    benefit: str = "clinical_benefit",
) -> pd.Series:
    """Who counts as a responder.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    measure : {"ORR", "DCR", "CBR"}
        Rate.
    population : {"treated", "evaluable"}
        ``treated`` counts everybody, without a response when it is missing or not evaluable;
        ``evaluable`` leaves these patients out (and, for CBR, those whose benefit is unknown).
    best, benefit : str
        Columns of the best response and of clinical benefit (boolean).

    Returns
    -------
    pandas.Series
        Nullable boolean, missing for patients outside the population.

    Examples
    --------
    >>> data = pd.DataFrame({"best_response": ["CR", "SD", "NE", None]})
    >>> responders(data, "DCR").tolist(), responders(data, "DCR", "evaluable").tolist()
    ([True, True, False, False], [True, True, <NA>, <NA>])
    """
    if measure not in MEASURES:
        raise ValueError(f"unknown measure {measure!r}; use one of {list(MEASURES)}")
    if population not in POPULATIONS:
        raise ValueError(f"unknown population {population!r}; use one of {list(POPULATIONS)}")
    check_columns(data, [best, benefit] if measure == "CBR" else [best])
    response = _responses(data, best)
    counted = response.isin(EVALUABLE)
    if measure == "CBR":
        gained = _flags(data[benefit], benefit)
        positive, counted = gained.fillna(False).astype(bool), counted & gained.notna()
    else:
        positive = response.isin(_POSITIVE[measure])
    out = positive.astype("boolean")
    return out if population == "treated" else out.where(counted, pd.NA)


def _responses(data: pd.DataFrame, best: str) -> pd.Series:
    """Best responses as text, refused when not of the five categories."""
    check_columns(data, [best])
    response = data[best].astype(object)
    unknown = sorted({str(v) for v in response.dropna()} - set(CATEGORIES))
    if unknown:
        raise ValueError(f"{best} has {unknown}; map these to {list(CATEGORIES)}")
    return response


def _flags(values: pd.Series, name: str) -> pd.Series:
    """Yes/no column as nullable booleans."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean")
    texts = values.astype(object)
    flags = texts.map({"yes": True, "no": False, True: True, False: False})
    if flags.isna().sum() > texts.isna().sum():
        raise ValueError(f"{name} has values other than yes, no, True and False; map these")
    return flags.astype("boolean")


def rates(
    data: pd.DataFrame,
    best: str = "best_response",
    by: str | None = None,
    population: str | Sequence[str] = POPULATIONS,
    benefit: str = "clinical_benefit",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Best responses and response rates.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    best : str
        Column of the best response (CR, PR, SD, PD, NE).
    by : str, optional
        Column of groups.
    population : str or sequence of str
        Denominators: ``treated``, ``evaluable``, or both.
    benefit : str
        Column of clinical benefit; without it there is no CBR.
    conf_level : float
        Level of the exact intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows, all patients first. variable ``best_response``: ``count`` and ``percent``
        (a fraction) per level, and ``missing``; variable ORR, DCR, CBR: ``rate`` (a fraction)
        with its interval. n is the denominator, n_events the numerator.

    Examples
    --------
    >>> data = pd.DataFrame({"best_response": ["CR", "PR", "SD", "PD", "NE"]})
    >>> found = rates(data, population="evaluable")
    >>> found.loc[found.variable == "ORR", ["value", "n"]].values.tolist()
    [[0.5, 4]]
    """
    wanted = [population] if isinstance(population, str) else list(population)
    measures = [m for m in MEASURES if m != "CBR" or benefit in data.columns]
    rows: list[dict[str, Any]] = []
    for denominator in wanted:
        for label, part in groups_with_all(data, by):
            rows += _categories(part, best, denominator, label)
            for measure in measures:
                counted = responders(part, measure, denominator, best, benefit).dropna()
                n, n_events = len(counted), int(counted.sum())
                value, low, high = clopper_pearson(n_events, n, conf_level)
                rows.append(
                    row(
                        "response",
                        "rate",
                        value,
                        population=denominator,
                        group=label,
                        variable=measure,
                        conf_low=low,
                        conf_high=high,
                        conf_level=conf_level,
                        method=CLOPPER_PEARSON,
                        n=n,
                        n_events=n_events,
                    )
                )
    return frame(rows)


def _categories(part: pd.DataFrame, best: str, population: str, label: str) -> list[dict[str, Any]]:
    """Count each best response."""
    response = _responses(part, best)
    missing = int(response.isna().sum())
    evaluable = population == "evaluable"
    levels = EVALUABLE if evaluable else CATEGORIES
    n = int(response.isin(EVALUABLE).sum()) if evaluable else len(response)
    common: dict[str, Any] = {"population": population, "group": label, "variable": best, "n": n}
    rows = []
    for level in levels:
        count = int((response == level).sum())
        share = count / n if n else np.nan
        for statistic, value in (("count", float(count)), ("percent", share)):
            rows.append(row("response", statistic, value, level=level, n_events=count, **common))
    if population == "treated":
        rows.append(row("response", "missing", missing, n_events=missing, **common))
    return rows


def difference(
    data: pd.DataFrame,
    measure: str,
    by: str,
    population: str = "treated",
    best: str = "best_response",
    benefit: str = "clinical_benefit",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Difference of a response rate between groups, with a test.

    Parameters
    ----------
    data, measure, population, best, benefit
        See :func:`responders`.
    by : str
        Column of groups.
    conf_level : float
        Level of Newcombe's interval.

    Returns
    -------
    pandas.DataFrame
        Results rows ``difference`` (last less first group with patients, a fraction; level says
        which) and ``p_value`` of the test over all groups.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"best_response": ["CR", "PD", "PR", "PR"], "arm": ["a", "a", "b", "b"]}
    ... )
    >>> difference(data, "ORR", "arm")[["statistic", "level", "value"]].values.tolist()
    [['difference', 'b - a', 0.5], ['p_value', 'arm', 1.0]]
    """
    check_columns(data, [by])
    counted = responders(data, measure, population, best, benefit)
    have: Bools = (counted.notna() & data[by].notna()).to_numpy(dtype=bool)
    flags, groups = counted[have].astype(bool), data.loc[have, by]
    sizes = {level: int((groups == level).sum()) for level in levels_of(data[by])}
    filled = [level for level, size in sizes.items() if size]
    common: dict[str, Any] = {"population": population, "variable": measure, "n": len(flags)}
    common["n_events"] = int(flags.sum())
    value, low, high, level = np.nan, np.nan, np.nan, ""
    if len(filled) > 1:
        first, last = filled[0], filled[-1]
        hits = [int(flags[groups == level].sum()) for level in (last, first)]
        value, low, high = newcombe(hits[0], sizes[last], hits[1], sizes[first], conf_level)
        level = f"{last} - {first}"
    limits: dict[str, Any] = {"conf_low": low, "conf_high": high, "conf_level": conf_level}
    test = association(cross_table(flags, groups))
    return frame(
        [
            row("response", "difference", value, level=level, method=NEWCOMBE, **limits, **common),
            row("response", "p_value", test.p, level=by, method=test.method, **common),
        ]
    )

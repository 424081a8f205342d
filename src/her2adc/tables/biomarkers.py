"""Tables of biomarkers: associations, cut-offs, alterations, alterations gained and lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from her2adc.format import MISSING, NOT_ESTIMABLE, count_percent, number, pvalue
from her2adc.results import ALL_PATIENTS
from her2adc.tables.models import ratio_cell
from her2adc.tables.table import LEVEL, VARIABLE, Builder, Table, columns_of, pick

__all__ = ["alteration_changes", "alterations", "chosen_cutoffs", "marker_associations", "marker_levels"]

_RATIOS = {"hazard_ratio": "HR", "odds_ratio": "OR"}
_HEADS = {"per SD": "Higher by one standard deviation", "Altered": "Altered against wild type"}
_LONG = {"OR": "odds ratio", "PH": "proportional hazards", "BH": "Benjamini and Hochberg"}
_FEW_EVENTS = 10


def marker_associations(rows: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Ratio of every marker, alone and adjusted, with p-values corrected for the number of markers.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``marker_<kind>`` and, where there are any, ``marker_<kind>_adjusted``
        of one kind. The corrected p-values are those of the last.
    labels : mapping
        Printed names of markers and genes.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> at = {"variable": "ESR1", "level": "Altered", "n": 50, "n_events": 30}
    >>> rows = frame([row("marker_survival", "hazard_ratio", 1.9, conf_low=1.2, conf_high=2.9, **at),
    ...     row("marker_survival", "p_value", 0.004, **at), row("marker_survival", "p_holm", 0.028, **at),
    ...     row("marker_survival", "n_missing", 12, **at)])
    >>> marker_associations(rows, {}).frame.iloc[1].tolist()
    ['ESR1', '50', '30', '12', '1.90 (1.20 to 2.90)', '0.004', '0.028', '–']
    """
    analyses = list(dict.fromkeys(rows["analysis"]))
    ratio = next(s for s in _RATIOS if (rows["statistic"] == s).any())
    survival = ratio == "hazard_ratio"
    heads = []
    for analysis in analyses:
        before = ("Adjusted\n" if analysis.endswith("_adjusted") else "Alone\n") if len(analyses) > 1 else ""
        heads += [f"{before}{_RATIOS[ratio]} (95% CI)", f"{before}p"]
    tested = (rows["statistic"] == "p_proportional").any()
    counts = ["Patients", "Events" if survival else "With\nresponse", "Missing"]
    build = Builder(["Marker", *counts, *heads, "p (Holm)", "p (BH)", *(["PH test\np"] if tested else [])])
    last = rows[rows["analysis"] == analyses[-1]]
    for level, head in _HEADS.items():
        names = list(dict.fromkeys(rows.loc[rows["level"] == level, "variable"]))
        if names:
            build.row(head, role=VARIABLE)
        for name in names:
            cells = _marker_cells(build, rows[rows["variable"] == name], analyses, ratio)
            tests = ["p_holm", "p_bh", *(["p_proportional"] if tested else [])]
            build.row(_label(last, name, labels), [*cells, *(_p(last, name, s) for s in tests)], LEVEL)
    few = last[(last["statistic"] == "events_per_variable") & (last["value"] < _FEW_EVENTS)]
    if len(few):
        names = [labels.get(v, v) for v in dict.fromkeys(few["variable"])]
        build.remark(f"Fewer than 10 events a variable, estimates may be unstable: {', '.join(names)}")
    return build.table(_LONG)


def _label(rows: pd.DataFrame, name: str, labels: Mapping[str, str]) -> str:
    """Name of a marker, of a gene with the number of patients in whom it is altered."""
    found = pick(rows, variable=name, statistic="altered")
    label = labels.get(name, name)
    return label if found is None else f"{label} ({int(found['value'])} altered)"


def _marker_cells(build: Builder, rows: pd.DataFrame, analyses: Sequence[str], ratio: str) -> list[str]:
    """Patients, events, missing, and ratio with p of every model."""
    first = rows[rows["analysis"] == analyses[0]]
    found, lost = pick(first, statistic=ratio), pick(first, statistic="n_missing")
    counts = [MISSING] * 2 if found is None else [str(int(found[c])) for c in ("n", "n_events")]
    cells = [*counts, MISSING if lost is None else str(int(lost["value"]))]
    for analysis in analyses:
        mine = rows[rows["analysis"] == analysis]
        test = pick(mine, statistic="p_value")
        cells.append(ratio_cell(build, pick(mine, statistic=ratio)))
        cells.append(MISSING if test is None else pvalue(float(test["value"])))
    return cells


def _p(rows: pd.DataFrame, name: str, statistic: str) -> str:
    """P-value of a marker."""
    found = pick(rows, variable=name, statistic=statistic)
    return MISSING if found is None else pvalue(float(found["value"]))


def marker_levels(rows: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Levels of markers between cut-offs laid down before, against survival and response.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``marker_cut_survival`` and ``marker_cut_response``.
    labels : mapping
        Printed names of markers.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("marker_cut_survival", "hazard_ratio", 1, variable="trop2", level="<100",
    ...     method="reference", n=9, n_events=4)])
    >>> marker_levels(rows, {"trop2": "TROP2"}).frame.values.tolist()
    [['TROP2', '', '', '', ''], ['<100', '9', '4', '1 (reference)', '']]
    """
    kinds = {"marker_cut_survival": "hazard_ratio", "marker_cut_response": "odds_ratio"}
    shown = {a: ratio for a, ratio in kinds.items() if (rows["analysis"] == a).any()}
    heads = []
    for ratio in shown.values():
        heads += ["Events" if ratio == "hazard_ratio" else "With\nresponse", f"{_RATIOS[ratio]} (95% CI)",
                  f"p ({_RATIOS[ratio]})" if len(shown) > 1 else "p"]  # fmt: skip
    build = Builder(["Marker", "Patients", *heads])
    for name in dict.fromkeys(rows["variable"]):
        mine = rows[(rows["variable"] == name) & rows["statistic"].isin(_RATIOS)]
        build.row(labels.get(name, name), role=VARIABLE)
        for level in dict.fromkeys(mine["level"]):
            own = rows[(rows["variable"] == name) & (rows["level"] == level)]
            n = int(own.loc[own["statistic"].isin(_RATIOS), "n"].max())
            build.row(level or "All", [str(n), *_level_cells(build, own, shown)], LEVEL)
    return build.table(_LONG)


def _level_cells(build: Builder, rows: pd.DataFrame, shown: Mapping[str, str]) -> list[str]:
    """Events, ratio and p of a level."""
    cells = []
    for analysis, statistic in shown.items():
        mine = rows[rows["analysis"] == analysis]
        found, test = pick(mine, statistic=statistic), pick(mine, statistic="p_value")
        events = MISSING if found is None else str(int(found["n_events"]))
        p = "" if test is None else pvalue(float(test["value"]))
        cells += [events, ratio_cell(build, found), p]
    return cells


def chosen_cutoffs(rows: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Cut-offs chosen in the data: what they claim, and what is left once the choice is paid for.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``cutpoint``.
    labels : mapping
        Printed names of markers.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("cutpoint", "cut", np.nan, variable="m", method="not estimable: no events")])
    >>> chosen_cutoffs(rows, {"m": "TROP2"}).frame.iloc[0, 1]
    'NE†'
    """
    build = Builder(["Marker", "Cut-off (95% of\nthe samples)", "Cut-offs\ntried", "Apparent\nHR (95% CI)",
                     "Apparent\np", "Corrected\nHR", "Corrected\np"])  # fmt: skip
    for name in dict.fromkeys(rows["variable"]):
        mine = rows[rows["variable"] == name].set_index("statistic")
        cut = mine.loc["cut"]
        label = labels.get(name, name)
        if not np.isfinite(cut["value"]):
            build.row(label, [NOT_ESTIMABLE + build.mark(str(cut["method"]))])
            continue
        limits = " to ".join(_plain(float(cut[c])) for c in ("conf_low", "conf_high"))
        apparent, corrected = (mine.loc[f"hazard_ratio_{s}"] for s in ("apparent", "corrected"))
        p = [pvalue(float(mine.loc[f"p_{s}", "value"])) for s in ("apparent", "corrected")]
        tried = str(int(mine.loc["candidates", "value"]))
        cells = [f">{_plain(float(cut['value']))} ({limits})", tried, ratio_cell(build, apparent), p[0]]
        build.row(label, [*cells, number(float(corrected["value"]), 2, NOT_ESTIMABLE), p[1]])
    return build.table()


def _plain(value: float) -> str:
    """Cut-off as measured."""
    return f"{value:.4g}" if np.isfinite(value) else NOT_ESTIMABLE


def alterations(
    rows: pd.DataFrame, labels: Mapping[str, str], points: Mapping[str, str], groups: Sequence[str]
) -> Table:
    """Altered of those tested, by time point, overall and by group.

    Parameters
    ----------
    rows : DataFrame
        Results rows of :func:`her2adc.stats.alterations.frequencies`.
    labels, points : mapping
        Printed names of genes and of time points.
    groups : sequence of str
        Groups in order.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> at = {"variable": "ESR1", "level": "t"}
    >>> rows = frame([row("alterations", "altered", 0.25, n=4, n_events=1, **at),
    ...     row("alterations", "not_tested", 2, n=6, **at)])
    >>> alterations(rows, {}, {"t": "Before"}, []).frame.values.tolist()
    [['Before', '', ''], ['ESR1', '2', '1/4 (25.0%)']]
    """
    shown = columns_of(rows, groups)
    tested = (rows["statistic"] == "p_value").any()
    build = Builder(["Gene", "Not\ntested", *shown, *(["p", "p (Holm)", "p (BH)"] if tested else [])])
    for point in [p for p in points if (rows["level"] == p).any()]:
        mine = rows[rows["level"] == point]
        build.row(points[point], role=VARIABLE)
        for gene in dict.fromkeys(mine["variable"]):
            own = mine[mine["variable"] == gene]
            lost = pick(own, statistic="not_tested", group=ALL_PATIENTS)
            cells = [MISSING if lost is None else str(int(lost["value"]))]
            cells += [_share(pick(own, statistic="altered", group=group)) for group in shown]
            tests = [_test(build, own), *(_p(own, gene, s) for s in ("p_holm", "p_bh"))] if tested else []
            build.row(labels.get(gene, gene), [*cells, *tests], LEVEL)
    return build.table(_LONG)


def _share(row: pd.Series | None) -> str:
    """Altered of those tested, with the percentage."""
    if row is None or not row["n"]:
        return MISSING
    count, of = int(row["n_events"]), int(row["n"])
    return count_percent(count, of).replace(f"{count} ", f"{count}/{of} ", 1)


def _test(build: Builder, rows: pd.DataFrame) -> str:
    """P-value with the name of its test."""
    test = pick(rows, statistic="p_value")
    if test is None:
        return MISSING
    value = pvalue(float(test["value"])) if np.isfinite(test["value"]) else NOT_ESTIMABLE
    return value + build.mark(str(test["method"]))


def alteration_changes(rows: pd.DataFrame, labels: Mapping[str, str], points: Mapping[str, str]) -> Table:
    """Alterations gained and lost between two time points, of the patients tested at both.

    Parameters
    ----------
    rows : DataFrame
        Results rows of :func:`her2adc.stats.alterations.changes`.
    labels, points : mapping
        Printed names of genes and of time points.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> at = {"variable": "ESR1", "level": "a -> b"}
    >>> rows = frame([row("x", "before", 0.5, n=4, n_events=2, **at),
    ...     row("x", "gained", 0.5, n=2, n_events=1, **at), row("x", "p_value", 1, n=4, **at)])
    >>> alteration_changes(rows, {}, {"a": "Before", "b": "After"}).frame.iloc[:, :5].values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['Before, then after', '', '', '', ''], ['ESR1', '4', '2 (50.0%)', '–', '1/2 (50.0%)']]
    """
    build = Builder(["Gene", "Tested\nat both", "Altered\nbefore", "Altered\nafter", "Gained", "Lost", "p",
                     "p (Holm)", "p (BH)"])  # fmt: skip
    for pair in dict.fromkeys(rows["level"]):
        first, second = (points.get(p, p) for p in str(pair).split(" -> "))
        mine = rows[rows["level"] == pair]
        build.row(f"{first}, then {second[:1].lower()}{second[1:]}", role=VARIABLE)
        for gene in dict.fromkeys(mine["variable"]):
            own = mine[mine["variable"] == gene]
            found = {s: pick(own, statistic=s) for s in ("before", "after", "gained", "lost", "p_value")}
            n = MISSING if found["p_value"] is None else str(int(found["p_value"]["n"]))
            of_all = [_of(found[s]) for s in ("before", "after")]
            moved = [_share(found[s]) for s in ("gained", "lost")]
            tests = [_p(own, gene, s) for s in ("p_value", "p_holm", "p_bh")]
            build.row(labels.get(gene, gene), [n, *of_all, *moved, *tests], LEVEL)
    return build.table(_LONG)


def _of(row: pd.Series | None) -> str:
    """Count with the percentage."""
    return MISSING if row is None or not row["n"] else count_percent(int(row["n_events"]), int(row["n"]))

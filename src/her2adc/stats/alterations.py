"""Alterations of genes: how often, in whom, and gained or lost between two time points.

Only patients with a result count; who was not tested is neither altered nor wild type.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd

from her2adc.config import ALTERED, Biomarkers, Study
from her2adc.results import frame, row
from her2adc.stats.biomarkers import corrected
from her2adc.stats.contingency import association, cross_table
from her2adc.stats.evolution import rate_row
from her2adc.stats.inputs import groups_with_all
from her2adc.stats.paired import mcnemar_exact

__all__ = ["NOT_RESISTANT", "RESISTANT", "changes", "frequencies", "resistance"]

NOT_RESISTANT, RESISTANT = "No progression", "Progression"


def resistance(study: Study, data: pd.DataFrame) -> pd.Series | None:
    """Who was resistant, as the study says; None where it does not.

    Parameters
    ----------
    study
        A study with ``biomarkers``.
    data
        One row a patient.

    Returns
    -------
    pandas.Series or None
        Of a date column progression or none; of a variable its levels.
    """
    rule = study.biomarkers
    named = rule.resistance if rule else None
    name = named or ("adc1_progression" if study.sequencing else None)
    if name is None:
        return None
    values = data[name]
    if not pd.api.types.is_datetime64_any_dtype(values):
        return values
    at_risk = data["adc1_start"].notna() if named is None else pd.Series(True, index=data.index)
    found = values.notna().map({True: RESISTANT, False: NOT_RESISTANT}).where(at_risk)
    return pd.Series(pd.Categorical(found, [NOT_RESISTANT, RESISTANT], ordered=True), index=data.index)


def frequencies(
    data: pd.DataFrame,
    rule: Biomarkers,
    by: str | None = None,
    *,
    analysis: str = "alterations",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Count the altered of those tested, for each gene and time point, overall and by group.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<gene>_<time point>``.
    rule : Biomarkers
        Genes and time points.
    by : str, optional
        Column of groups.
    analysis : str
        Name of the analysis in the rows.
    conf_level : float
        Level of the Clopper-Pearson intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows, variable the gene and level the time point: ``altered`` (n are those tested),
        ``not_tested`` (a count); with groups ``p_value`` (Pearson's chi-square, Fisher's exact test
        where a cell expects under 5), ``p_holm`` and ``p_bh`` over all of them. Time points at which
        nobody was tested have no rows.

    Examples
    --------
    >>> from her2adc.config import WILD_TYPE
    >>> rule = Biomarkers(time_points={"t": {"label": "T", "names": ["t"]}}, genes=["ESR1"])
    >>> levels = pd.CategoricalDtype([WILD_TYPE, ALTERED], ordered=True)
    >>> data = pd.DataFrame({"ESR1_t": ["Altered", "Wild type", None]}).astype(levels)
    >>> frequencies(data, rule)[["statistic", "value", "n"]].values.tolist()
    [['altered', 0.5, 2], ['not_tested', 1.0, 3]]
    """
    rows: list[dict[str, Any]] = []
    for point in rule.time_points:
        columns = {gene: rule.column(gene, point) for gene in rule.genes}
        if not data[list(columns.values())].notna().any(axis=None):
            continue
        for gene, column in columns.items():
            for group, part in groups_with_all(data, by):
                place: dict[str, Any] = {"variable": gene, "level": point, "group": group}
                known = part[column].dropna()
                count, lost = int(known.eq(ALTERED).sum()), len(part) - len(known)
                rows.append(rate_row(analysis, "altered", count, len(known), conf_level, **place))
                rows.append(row(analysis, "not_tested", lost, **place, n=len(part), method="count"))
            if by is not None:
                both, place = data[[column, by]].dropna(), {"variable": gene, "level": point}
                test = association(cross_table(both[column], both[by]))
                rows.append(row(analysis, "p_value", test.p, **place, method=test.method, n=len(both)))
    return corrected(frame(rows)) if by is not None else frame(rows)


def changes(data: pd.DataFrame, rule: Biomarkers, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Count alterations gained and lost between consecutive time points, in patients tested at both.

    Parameters
    ----------
    data, rule, conf_level
        See :func:`frequencies`.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "alterations_paired", variable the gene and level
        ``<before> -> <after>``: ``before`` and ``after`` (fraction altered of those tested at both),
        ``gained`` (of those wild type before), ``lost`` (of those altered before), all with
        Clopper-Pearson intervals; ``p_value`` of McNemar's exact test, ``p_holm`` and ``p_bh`` over
        all of them. Pairs of time points at which nobody was tested twice have no rows.

    Examples
    --------
    >>> from her2adc.config import WILD_TYPE
    >>> points = {t: {"label": t, "names": [t]} for t in ("a", "b")}
    >>> rule = Biomarkers(time_points=points, genes=["ESR1"])
    >>> levels = pd.CategoricalDtype([WILD_TYPE, ALTERED], ordered=True)
    >>> data = pd.DataFrame({"ESR1_a": ["Wild type"] * 2, "ESR1_b": ["Altered", "Wild type"]})
    >>> changes(data.astype(levels), rule).set_index("statistic")["value"].loc[["gained", "p_value"]].tolist()
    [0.5, 1.0]
    """
    name = "alterations_paired"
    rows: list[dict[str, Any]] = []
    for first, second in pairwise(rule.time_points):
        pairs = {g: data[[rule.column(g, first), rule.column(g, second)]].dropna() for g in rule.genes}
        if not any(len(pair) for pair in pairs.values()):
            continue
        for gene, pair in pairs.items():
            before, after = (pair.iloc[:, j].eq(ALTERED) for j in (0, 1))
            kept, lost, gained = (int(w.sum()) for w in (before & after, before & ~after, ~before & after))
            n, altered = len(pair), kept + lost
            counts = {"before": (altered, n), "after": (kept + gained, n), "gained": (gained, n - altered),
                      "lost": (lost, altered)}  # fmt: skip
            place: dict[str, Any] = {"variable": gene, "level": f"{first} -> {second}"}
            rows += [rate_row(name, s, c, total, conf_level, **place) for s, (c, total) in counts.items()]
            p = mcnemar_exact([[kept, lost], [gained, n - altered - gained]])
            method = "McNemar's exact test"
            rows.append(row(name, "p_value", p, **place, method=method, n=n, n_events=lost + gained))
    return corrected(frame(rows))

"""Tables of HER2 over the specimens of a patient: pairs, transitions, agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from her2adc.format import (
    MISSING,
    NOT_ESTIMABLE,
    count_percent,
    estimate_short,
    percent_short,
    pvalue,
)
from her2adc.prose.words import lower_first
from her2adc.tables.table import LEVEL, PLAIN, VARIABLE, Builder, Table, pick

__all__ = ["her2_agreement", "her2_pairing", "her2_transitions"]

_AGREEMENT = {
    "unweighted": "Cohen's kappa",
    "linear": "Cohen's kappa, linear weights",
    "Bowker": "Bowker's test of symmetry",
    "Stuart-Maxwell": "Stuart-Maxwell test of equal frequencies",
    "McNemar exact": "McNemar's exact test",
}


def interval(row: pd.Series | None) -> str:
    """Fraction with its limits, in percent."""
    if row is None:
        return MISSING
    value, low, high = (float(row[c]) for c in ("value", "conf_low", "conf_high"))
    return percent_short(value, low, high)


def number_with_limits(row: pd.Series, digits: int) -> str:
    """Number with its limits."""
    value, low, high = (float(row[c]) for c in ("value", "conf_low", "conf_high"))
    return estimate_short(value, low, high, digits, not_reached=NOT_ESTIMABLE)


def her2_pairing(rows: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Specimens and classes at each stage, pairs, and who makes none.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``her2_pairing``.
    labels : mapping
        Printed names of the stages by their columns.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("her2_pairing", "patients", 9, n=9),
    ...     row("her2_pairing", "specimen", 6, variable="a", n=9)])
    >>> her2_pairing(rows, {"a": "Primary tumour"}).frame["Patients"].tolist()
    ['9', '', '6 (66.7%)']
    """
    names = {"specimen": "With a specimen", "classified": "With a HER2 class", "paired": "Class at both"}
    build = Builder(["", "Patients"])
    whole = pick(rows, statistic="patients")
    build.row("Analysed", [MISSING if whole is None else str(int(whole["value"]))], VARIABLE)
    for variable in [v for v in dict.fromkeys(rows["variable"]) if v]:
        build.row(labels.get(variable) or "Pairs", [""], VARIABLE)
        for _, found in rows[rows["variable"] == variable].iterrows():
            name = names.get(str(found["statistic"])) or _lost(str(found["level"]), labels)
            build.row(name, [count_percent(int(found["value"]), int(found["n"]))], LEVEL)
    return build.table()


def _lost(level: str, labels: Mapping[str, str]) -> str:
    """Why a specimen, or a patient, is left out."""
    known = [lower_first(labels[part]) for part in level.split(", ") if part in labels]
    return f"No class at {' and '.join(known)}" if known else f"No class: {level}"


def her2_transitions(rows: pd.DataFrame, before: str, after: str, classes: Sequence[str]) -> Table:
    """Counts of every transition with the percentage of the row.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``her2_transitions``, of two stages.
    before, after : str
        Printed names of the stages.
    classes : sequence of str
        Classes in order; those that nobody has are left out.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("her2_transitions", "row_fraction", 0.4, group="zero", level="zero", n=5,
    ...     n_events=2), row("her2_transitions", "margin", 5, group="zero", n=5),
    ...     row("her2_transitions", "margin", 2, level="zero", n=5)])
    >>> her2_transitions(rows, "Primary", "Recurrence", ["zero", "low"]).frame.values.tolist()
    [['zero', '2 (40.0%)', '5'], ['All', '2 (40.0%)', '5']]
    """
    total = rows.loc[rows["statistic"] == "margin", "n"].max()
    n = 0 if pd.isna(total) else int(total)
    firsts = {c: _margin(rows, group=c, level="") for c in classes}
    seconds = {c: _margin(rows, group="All patients", level=c) for c in classes}
    build = Builder([before, *(f"{after}:\n{c}" for c in classes if seconds[c]), "All"])
    for first in [c for c in classes if firsts[c]]:
        cells = [pick(rows, statistic="row_fraction", group=first, level=c) for c in classes if seconds[c]]
        counted = [MISSING if f is None else count_percent(int(f["n_events"]), int(f["n"])) for f in cells]
        build.row(first, [*counted, str(firsts[first])], PLAIN)
    build.row("All", [*(count_percent(seconds[c], n) for c in classes if seconds[c]), str(n)], VARIABLE)
    return build.table()


def _margin(rows: pd.DataFrame, group: str, level: str) -> int:
    """Patients of a class at one stage."""
    found = pick(rows, statistic="margin", group=group, level=level)
    return 0 if found is None else int(found["value"])


def her2_agreement(rows: pd.DataFrame) -> Table:
    """Agreement of two stages, kappa, and tests of change.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``paired``.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("paired", "kappa", 0.4, level="unweighted", conf_low=0.3, conf_high=0.5)])
    >>> her2_agreement(rows).frame.values.tolist()
    [["Cohen's kappa", '0.40 (0.30 to 0.50)', '']]
    """
    build = Builder(["", "Estimate (95% CI)", "p"])
    same = pick(rows, statistic="agreement")
    if same is not None:
        build.row("Same class", [interval(same)])
    for level, name in _AGREEMENT.items():
        found, test = (pick(rows, statistic=s, level=level) for s in ("kappa", "p_value"))
        if found is not None:
            build.row(name, [number_with_limits(found, 2)])
            if found["value"] == 0 and found["conf_low"] == found["conf_high"]:
                build.remark("Kappa is 0 whatever the changes are, because one stage has one class only")
        if test is not None:
            known = bool(np.isfinite(test["value"]))
            build.row(name, ["", pvalue(float(test["value"])) if known else NOT_ESTIMABLE])
    return build.table()

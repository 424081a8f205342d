"""Tables of eligibility at two stages, of reading error, and of other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from her2adc.format import MISSING, NOT_ESTIMABLE, number, p_equals, percent, pvalue
from her2adc.tables.evolution import interval, number_with_limits
from her2adc.tables.table import LEVEL, VARIABLE, Builder, Table, pick

__all__ = ["her2_eligibility", "her2_reclassification", "her2_retest", "her2_sensitivity"]


def her2_eligibility(rows: pd.DataFrame, before: str, after: str) -> Table:
    """Who keeps, gains, loses and never has eligibility, and the biopsies that find one gain.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``her2_eligibility``.
    before, after : str
        Printed names of the stages, in the middle of a sentence.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("her2_eligibility", "gained", 0.5, conf_low=0.1, conf_high=0.9, n=4, n_events=2)])
    >>> her2_eligibility(rows, "primary", "recurrence").frame.values.tolist()
    [['Of all pairs', '', ''], ['Gained: at recurrence only', '2/4', '50.0% (10.0 to 90.0)']]
    """
    parts = {
        "Of all pairs": {
            "eligible_before": f"Eligible at {before}",
            "eligible_after": f"Eligible at {after}",
            "kept": "Kept: at both",
            "gained": f"Gained: at {after} only",
            "lost": f"Lost: at {before} only",
            "never": "Never: at neither",
        },
        f"Of those not eligible at {before}": {"gain": "Gained"},
        f"Of those eligible at {before}": {"loss": "Lost"},
    }
    build = Builder(["", "Patients", "% (95% CI)"])
    for heading, names in parts.items():
        read = {name: pick(rows, statistic=s) for s, name in names.items()}
        found = {name: row for name, row in read.items() if row is not None and row["n"] > 0}
        if found:
            build.row(heading, (), VARIABLE)
        for name, row in found.items():
            build.row(name, [f"{int(row['n_events'])}/{int(row['n'])}", interval(row)], LEVEL)
        per = pick(rows, statistic="biopsies_per_gain") if "gain" in names else None
        if per is not None and per["n"] > 0:
            build.row("Biopsies to find one gain (95% CI)", ["", number_with_limits(per, 1)], LEVEL)
    test = pick(rows, statistic="p_value")
    if test is not None:
        build.remark(f"Gains against losses, {test['method']}: {p_equals(float(test['value']))}")
    return build.table()


def her2_retest(rows: pd.DataFrame) -> Table:
    """Discordance that reading alone would give, by the agreement of two readings.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``her2_retest``.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("her2_retest", "expected", 0.1, level="0.8", group="assumed")])
    >>> her2_retest(rows).frame.values.tolist()
    [['0.8', 'assumed', '10.0%', '–', '–']]
    """
    heads = ["Expected\ndiscordance", "Observed less expected,\npercentage points (95% CI)", "p"]
    build = Builder(["Kappa of two\nreadings", "Source", *heads])
    for _, expected in rows[rows["statistic"] == "expected"].iterrows():
        mine = rows[(rows["level"] == expected["level"]) & (rows["group"] == expected["group"])]
        test = pick(mine, statistic="p_value")
        build.row(
            str(expected["level"]),
            [
                "assumed" if expected["group"] == "assumed" else "published",
                percent(float(expected["value"])),
                _points(pick(mine, statistic="excess")),
                MISSING if test is None else pvalue(float(test["value"])),
            ],
        )
    whole = pick(rows, statistic="explaining_kappa")
    if whole is not None:
        build.remark(f"Kappa at which reading would explain all discordance: {number_with_limits(whole, 2)}")
    return replace(build.table(), texts=frozenset({"Source"}))


def _points(row: pd.Series | None) -> str:
    """Difference of two fractions in percentage points."""
    if row is None or not np.isfinite(row["value"]):
        return MISSING
    value, low, high = (number(100 * float(row[c])) for c in ("value", "conf_low", "conf_high"))
    return f"{value} ({low} to {high})"


def her2_sensitivity(rows: pd.DataFrame) -> Table:
    """Pairs, discordance, kappa and gain under every rule.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``her2_sensitivity``.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("her2_sensitivity", "pairs", 9, group="ASCO/CAP 2013")])
    >>> her2_sensitivity(rows).frame.values.tolist()
    [['ASCO/CAP 2013', '9', '–', 'NE', '–']]
    """
    heads = ["Discordant\n% (95% CI)", "Kappa\n(95% CI)", "Gain of eligibility\n% (95% CI)"]
    build = Builder(["Rule", "Pairs", *heads])
    for _, pairs in rows[rows["statistic"] == "pairs"].iterrows():
        mine = rows[rows["group"] == pairs["group"]]
        found = pick(mine, statistic="kappa")
        known = found is not None and np.isfinite(found["value"])
        cells = [
            str(int(pairs["value"])),
            interval(pick(mine, statistic="discordance")),
            number_with_limits(found, 2) if found is not None and known else NOT_ESTIMABLE,
            interval(pick(mine, statistic="gain")),
        ]
        build.row(str(pairs["group"]), cells)
    return build.table()


def her2_reclassification(rows: pd.DataFrame, classes: Sequence[str]) -> Table:
    """Specimens by class in the study and class under every other rule that changes any.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``her2_reclassification``.
    classes : sequence of str
        Classes in order; those that no specimen has are left out.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("her2_reclassification", "count", 2, group="ASCO/CAP 2013",
    ...     variable="HER2-low", level="HER2-positive")])
    >>> her2_reclassification(rows, ["HER2-zero", "HER2-low", "HER2-positive"]).frame.values.tolist()
    [['ASCO/CAP 2013', ''], ['HER2-low', '2']]
    """
    some = rows[rows["value"] > 0]
    firsts = [c for c in classes if (some["variable"] == c).any()]
    seconds = [c for c in classes if (some["level"] == c).any()]
    build = Builder(["On this page", *(f"Then\n{c}" for c in seconds)])
    for rule in dict.fromkeys(rows["group"]):
        build.row(str(rule), (), VARIABLE)
        for first in firsts:
            mine = rows[(rows["group"] == rule) & (rows["variable"] == first)]
            cells = [pick(mine, level=second) for second in seconds]
            build.row(first, [MISSING if c is None else str(int(c["value"])) for c in cells], LEVEL)
    return build.table()

"""Pieces of the subgroup page: forests, and groups compared within levels."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.markup import slugs
from her2adc.page import Page, Shown, joined
from her2adc.stats.groups import Comparison

Pair = tuple[str, str]


def definition(report: Page, name: str) -> dict[str, str]:
    """Return what an endpoint or an outcome is, for the fold."""
    if name in report.study.endpoints:
        return {"Endpoint": report.study.endpoints[name].definition}
    return {"Outcome": report.study.outcomes[name].definition}


def subgroup_sentence(
    report: Page, tests: pd.DataFrame, levels: pd.DataFrame, labels: Mapping[str, str]
) -> str:
    """Return the sentence that answers the question of the page."""
    return prose.subgroups(tests, labels) if levels.empty else prose.level_tests(levels, labels)


def forest_figures(
    report: Page,
    ask: Comparison,
    name: str,
    forests: Mapping[Pair, pd.DataFrame],
    labels: Mapping[str, str],
) -> Shown:
    """Show a forest for each group against the reference.

    Parameters
    ----------
    report, ask
        The page and its patients.
    name
        Endpoint or outcome.
    forests
        Rows by group and reference, as :func:`her2adc.stats.forests.forests` returns them.
    labels
        Printed names of the factors.

    Returns
    -------
    Shown
    """
    if not forests:
        return Shown("There are not two groups to compare.")
    several = len(ask.names) > 2
    shown = []
    short = slugs([group for group, _ in forests])
    for suffix, ((group, base), rows) in zip(short, forests.items(), strict=True):
        pair = [ask.names[base], ask.names[group]]
        statistic = rows["statistic"].iloc[0]
        printed = rows.assign(group=rows["group"].map(lambda g: ask.names.get(g, g)))
        shown.append(
            report.figure(
                f"forest-{suffix}" if several else "forest",
                figures.forest(printed, labels=labels, arm_labels=pair, statistic=statistic),
                rows,
                title=f"{report.study.label(name)} by subgroup"
                + (f": {pair[1]} against {pair[0]}" if several else ""),
                caption=prose.forest_caption(rows, pair),
                alt=prose.forest_alt(rows, labels, pair),
                details={**definition(report, name), "Method": prose.methods(rows)},
            )
        )
    return joined(shown)


def level_table(
    report: Page, ask: Comparison, name: str, rows: pd.DataFrame, labels: Mapping[str, str]
) -> Shown | None:
    """Show the test of all groups within each level; nothing for fewer than three groups."""
    if rows.empty:
        return None
    tests = results.select(rows, statistic="p_value")
    return report.table(
        "levels",
        tables.level_tests(rows, labels, ask.names),
        title=f"{report.study.label(name)}: all groups compared within each level",
        caption=f"Events and patients of each group. {prose.multiplicity(tests)}",
        details={**definition(report, name), "Method": prose.methods(rows)},
    )


def factor_table(
    report: Page, ask: Comparison, name: str, rows: pd.DataFrame, labels: Mapping[str, str]
) -> Shown:
    """Show the test of each factor among all patients and within each group."""
    timed = (rows["analysis"] == "subgroup_logrank").any()
    test = "log-rank p-value" if timed else "p-value"
    return report.table(
        "log-rank" if timed else "association",
        tables.subgroups(rows, labels, report.groups()),
        title=f"{report.study.label(name)}: {test} by factor within each group",
        caption=prose.multiplicity(rows),
        details={**definition(report, name), "Method": prose.methods(rows)},
    )


def populations_table(report: Page, rows: pd.DataFrame, name: str) -> Shown:
    """Show the outcomes of the named populations, or say that there are none."""
    if rows.empty:
        return Shown("The study names no populations of their own.")
    label = report.study.label(name)
    timed = name in report.study.endpoints
    return report.table(
        "populations",
        tables.populations(rows),
        title=f"Response and {prose.lower_first(label)} of named populations"
        if timed
        else f"{label} in named populations",
        caption="The populations overlap. Rates with exact 95% confidence intervals.",
        details={**definition(report, name), "Method": prose.methods(rows)},
    )

"""Pieces of the cohort page."""

from __future__ import annotations

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.blocks.common import her2_rule, unclassified_table
from her2adc.markup import Myst
from her2adc.page import Page, Shown, joined
from her2adc.stats import cohort, survival

HER2_AS_READ = Myst("""## How HER2 was read

Each text of the data files and the result it was read as. What cannot be classified is listed with its
reason and is never guessed.
""")
FOLLOW_UP = Myst("""## Follow-up

{reverse}
""")
REVERSE = """Reverse Kaplan-Meier takes the end of observation as the event, so that early events do not \
shorten the follow-up. The observed times stand beside it."""


def followed(report: Page) -> pd.DataFrame:
    """Return the estimates of follow-up: reverse Kaplan-Meier of the main endpoint, and observed times.

    Parameters
    ----------
    report
        The page.

    Returns
    -------
    pandas.DataFrame
        Results rows; none when the study has neither endpoints nor dates of follow-up.
    """
    study, endpoint = report.study, report.study.main_endpoint
    timed = [survival.follow_up(report.data, endpoint, report.by, study.conf_type)] if endpoint else []
    return results.concat([results.frame([]), *timed, cohort.observed_follow_up(report.data, report.by)])


def main_label(report: Page) -> str:
    """Return the label of the main endpoint, "" in a study without endpoints."""
    return report.study.label(report.study.main_endpoint) if report.study.main_endpoint else ""


def follow_up(report: Page, rows: pd.DataFrame) -> Shown | None:
    """Show the follow-up; nothing when the study has none.

    Parameters
    ----------
    report
        The page.
    rows
        Rows of :func:`followed`.

    Returns
    -------
    Shown or None
    """
    if rows.empty:
        return None
    table = report.table(
        "follow-up",
        tables.follow_up(rows, report.groups()),
        title="Follow-up, months",
        details={"Endpoint": main_label(report), "Method": prose.methods(rows)},
    )
    words = REVERSE if report.study.main_endpoint else "Observed times, from the dates of follow-up."
    return joined([Shown(FOLLOW_UP.format(reverse=words)), table])


def missing_values(report: Page, rows: pd.DataFrame) -> Shown:
    """Show the variables with missing values and how they are missing together; name those that have none.

    Parameters
    ----------
    report
        The page.
    rows
        Rows of :func:`her2adc.stats.cohort.missing_values`.

    Returns
    -------
    Shown
    """
    counts = results.select(rows, statistic="count", group=results.ALL_PATIENTS)
    lost = counts["value"].gt(0)
    labels = report.labels(list(counts["variable"]))
    whole = [prose.lower_first(labels[v]) for v in counts.loc[~lost, "variable"]]
    complete = f"Nothing is missing of {prose.listed(whole)}." if whole else ""
    if not lost.any():
        return Shown(complete)
    incomplete = list(counts.loc[lost, "variable"])
    mine = results.select(rows, variable=incomplete)
    table = report.table(
        "missing",
        tables.missing(mine, report.labels(incomplete), report.groups()),
        title="Missing values by variable",
        caption=f"Percentages of all analysed patients. {complete}",
    )
    if len(incomplete) == 1:
        return table
    patterns = report.add(cohort.missing_patterns(report.data, incomplete))
    both = results.concat([mine, patterns])
    figure = report.figure(
        "missing-pattern",
        figures.missing_pattern(both, labels=report.labels(incomplete)),
        both,
        title="Missing values, and how they are missing together",
        caption="Left, patients without a value of each variable. Right, the most frequent combinations: a "
        "filled cell is missing, and above it stands how many patients have exactly that combination.",
        alt=prose.missing(mine, report.labels(incomplete)),
        details={"Population": "all analysed patients"},
    )
    return joined([figure, table])


def her2_as_read(report: Page) -> Shown | None:
    """Show each HER2 text with the result it was read as; nothing when the study has no HER2 results."""
    if report.study.her2 is None:
        return None
    texts = report.table(
        "her2-texts",
        tables.listing(report.cohort.normalised, prose.HER2_TEXTS),
        title="HER2 results as found and as read",
        caption=her2_rule(report),
    )
    return joined([Shown(HER2_AS_READ), texts, unclassified_table(report)])

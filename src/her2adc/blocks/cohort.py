"""Pieces of the cohort page."""

from __future__ import annotations

from her2adc import prose, tables
from her2adc.blocks.common import her2_rule, unclassified_table
from her2adc.page import Page, Shown

HER2_AS_READ = """## How HER2 was read

Each text of the data files and the result it was read as. What cannot be classified is listed with its
reason and is never guessed.
"""


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
    left = unclassified_table(report)
    return Shown(f"{HER2_AS_READ}\n{texts.markdown}\n{left.markdown}", f"{texts.html}{left.html}")

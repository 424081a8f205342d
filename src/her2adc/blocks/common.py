"""Named pieces of pages: what a notebook shows with one call on its page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from her2adc import prose, results, tables
from her2adc.page import Page, Shown, one_line

DATA_KINDS = {
    "real": "Real patients.",
    "reconstructed": "Pseudo-cohort, reconstructed from published figures.",
    "simulated": "Pseudo-cohort, simulated from a protocol.",
}


def endpoint_details(
    report: Page, endpoint: str, population: str, rows: pd.DataFrame
) -> dict[str, str]:
    """Return population, n, events, clock and censoring of an endpoint, for the fold."""
    e = report.study.endpoints[endpoint]
    overall = results.one(
        rows, analysis="kaplan_meier", statistic="median", group=results.ALL_PATIENTS
    )
    horizon = f"; follow-up cut at {e.horizon_months:g} months" if e.horizon_months else ""
    return {
        "Population": population or "all analysed patients",
        "Patients": str(overall["n"]),
        "Events": str(overall["n_events"]),
        "Endpoint": f"{e.label}, {e.definition}{horizon}",
        "Method": prose.methods(rows),
    }


def response_details(report: Page, rows: pd.DataFrame) -> dict[str, str]:
    """Return how response was defined, for the fold."""
    rule = report.study.response
    assert rule is not None
    source = (
        f"best of the assessments by RECIST 1.1, {'' if rule.confirmed else 'not '}confirmed; stable "
        f"disease held at least {rule.sd_min_weeks:g} weeks"
        if rule.start
        else "as recorded in the data"
    )
    return {
        "Best response": source,
        "Clinical benefit": "complete or partial response, or stable disease for at least "
        f"{rule.cbr_weeks:g} weeks",
        "Method": prose.methods(rows),
    }


def about(report: Page) -> Shown:
    """Show what the study asks, and whose data these are."""
    s = report.study
    facts = {
        "Question": s.question,
        "Design": s.design,
        "Setting": s.setting,
        "Data": f"{DATA_KINDS[s.data_kind]} {s.source_note}",
        "Source": f"{{cite:t}}`{s.citation}`" if s.citation else "",
    }
    lines = [f"- **{k}:** {one_line(v)}" for k, v in facts.items() if v]
    lines += [f"- **{e.name}:** {e.label}, {one_line(e.definition)}" for e in s.endpoints.values()]
    return Shown("\n".join(lines))


def her2_rule(report: Page) -> str:
    """Return the rule by which HER2 was classified, for a caption."""
    rule = report.study.her2
    if rule is None:
        return ""
    split = (
        "HER2-ultralow is a class of its own"
        if rule.ultralow
        else "HER2-ultralow counts as HER2-zero"
    )
    return (
        f"Classes by ASCO/CAP {rule.edition}: HER2-positive is IHC 3+ or ISH amplified; "
        "HER2-low is IHC 1+, or IHC 2+ with ISH not amplified; HER2-zero is IHC 0. "
        f"{split}."
    )


def missing_table(report: Page, rows: pd.DataFrame) -> Shown:
    """Show the variables with missing values, and name those that have none."""
    counts = results.select(rows, statistic="count", group=results.ALL_PATIENTS)
    lost = counts["value"].gt(0)
    labels = report.labels(list(counts["variable"]))
    whole = [prose.lower_first(labels[v]) for v in counts.loc[~lost, "variable"]]
    complete = f"Nothing is missing of {prose.listed(whole)}." if whole else ""
    if not lost.any():
        return Shown(complete)
    incomplete = list(counts.loc[lost, "variable"])
    return report.table(
        "missing",
        tables.missing(
            results.select(rows, variable=incomplete), report.labels(incomplete), report.groups()
        ),
        title="Missing values by variable",
        caption=f"Percentages of all analysed patients. {complete}",
    )


def unclassified_table(report: Page) -> Shown:
    """Show eligible patients without a HER2 class, or say that there are none."""
    if report.cohort.unclassified.empty:
        return Shown("Every eligible patient has a HER2 class.")
    return report.table(
        "her2-unclassified",
        tables.listing(report.cohort.unclassified, prose.HER2_UNCLASSIFIED),
        title="Eligible patients whose HER2 class is not known",
        caption="They are not analysed.",
    )


def remarks(report: Page) -> Shown | None:
    """Show what was noticed in the data and did not stop the analysis."""
    remarks = [f"- {r}" for r in report.cohort.remarks]
    return Shown("\n".join(["**Noticed in the data.**", "", *remarks])) if remarks else None


def notes(report: Page) -> Shown | None:
    """Show the notes of the study, when it has some."""
    if not report.study.notes:
        return None
    return Shown((report.study.folder / report.study.notes).read_text(encoding="utf-8"))


def regression(
    report: Page, rows: pd.DataFrame, covariates: Sequence[str], endpoint: str, population: str
) -> Shown | None:
    """Show the Cox models under a heading; nothing when there is nothing to compare."""
    if rows.empty:
        return None
    table = report.table(
        "cox",
        tables.cox(rows, report.labels(covariates)),
        title=f"{report.study.label(endpoint)}: Cox regression",
        caption=prose.cox_caption(rows),
        details={
            "Population": population or "all analysed patients",
            "Method": prose.methods(rows),
        },
    )
    return Shown(f"{prose.REGRESSION}\n{table.markdown}", table.html)


def populations_table(report: Page, rows: pd.DataFrame, endpoint: str) -> Shown:
    """Show the outcomes of the named populations, or say that there are none."""
    if rows.empty:
        return Shown("The study names no populations of their own.")
    e = report.study.endpoints[endpoint]
    return report.table(
        "populations",
        tables.populations(rows),
        title=f"Response and {prose.lower_first(e.label)} of named populations",
        caption="The populations overlap. Rates with exact 95% confidence intervals.",
        details={"Endpoint": e.definition, "Method": prose.methods(rows)},
    )

"""Named pieces of pages: what a notebook shows with one call on its page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from her2adc import prose, results, tables
from her2adc.markup import cite
from her2adc.notes import read_notes
from her2adc.page import Page, Shown, bullets, facts
from her2adc.stats.groups import Comparison

DATA_KINDS = {
    "real": "Real patients.",
    "reconstructed": "Pseudo-cohort, reconstructed from published figures.",
    "simulated": "Pseudo-cohort, simulated from a protocol.",
}


def endpoint_named(report: Page, name: str = "") -> str:
    """Return the endpoint of a page: the one that is named, or the main endpoint of the study."""
    if not (found := name or report.study.main_endpoint):
        raise LookupError("the study file has no endpoints; add one, or leave the chapter out")
    return found


def outcome_named(report: Page, name: str = "") -> str:
    """Return the outcome of a page: the one that is named, or the first of the study."""
    if not (found := name or next(iter(report.study.outcomes), "")):
        raise LookupError("the study file has no outcomes; add one, or leave the chapter out")
    return found


def comparison(
    report: Page,
    by: str | None = None,
    reference: str | None = None,
    strata: str = "",
    where: str = "",
    population: str = "",
) -> Comparison:
    """Return the patients of a page, and how they are compared.

    Parameters
    ----------
    report
        The page.
    by
        Column of groups; None takes the group of the study, "" none.
    reference
        Group that the others are compared with; None takes that of the study (for its own group) or of
        the variable, else the first with patients.
    strata
        Column of strata, "" for none.
    where, population
        Expression that selects patients, and how to call them.

    Returns
    -------
    Comparison
    """
    patients = report.select(where)
    group = report.by if by is None else by or None
    if strata and strata == group:
        raise ValueError(f"{strata} is both the group and the stratum; name another column as strata")
    names = report.names(group, patients)
    layers = report.names(strata, patients) if strata else {}
    base = None if group is None else reference_of(report, group, list(names), reference)
    return Comparison(patients, group, base, strata, names, layers, population)


def reference_of(report: Page, variable: str, levels: Sequence[str], given: str | None = None) -> str | None:
    """Return the level that the others are compared with; None without levels."""
    if given is not None and given not in levels:
        raise ValueError(f"reference {given!r} of {variable} has no patients; those with are {list(levels)}")
    own = report.study.reference if variable == report.study.group else None
    wanted = given or own or report.study.variable(variable).reference
    return wanted if wanted in levels else next(iter(levels), None)


def references(report: Page, ask: Comparison, covariates: Sequence[str]) -> dict[str, str]:
    """Return the reference levels of a model: that of the groups, and those that variables name."""
    named = {c: ask.reference if c == ask.by else report.study.variable(c).reference for c in covariates}
    return {c: level for c, level in named.items() if level is not None}


def endpoint_details(
    report: Page, endpoint: str, population: str, rows: pd.DataFrame, ask: Comparison | None = None
) -> dict[str, str]:
    """Return population, n, events, clock and censoring of an endpoint, for the fold."""
    e = report.study.endpoints[endpoint]
    medians = results.select(
        rows, analysis="kaplan_meier", statistic="median", group=results.ALL_PATIENTS
    )
    overall = results.one(medians if ask is None else results.select(medians, population=population))
    horizon = f"; follow-up cut at {e.horizon_months:g} months" if e.horizon_months else ""
    return {
        "Population": population or "all analysed patients",
        "Patients": str(overall["n"]),
        "Events": str(overall["n_events"]),
        "Endpoint": f"{e.label}, {e.definition}{horizon}",
        "Observation": f"delayed entry at {entry_name(report, endpoint)}" if e.entry else "",
        "Strata": strata_details(report, ask) if ask is not None and ask.strata else "",
        "Method": prose.methods(rows),
    }


def entry_name(report: Page, endpoint: str) -> str:
    """Return what an endpoint's patients come under observation at, "" when from the start."""
    entry = report.study.endpoints[endpoint].entry
    return prose.lower_first(report.study.label(entry).replace("_", " ")) if entry else ""


def strata_details(report: Page, ask: Comparison) -> str:
    """Return the variable of the strata, and how many patients have no value of it."""
    lost = int(ask.data[ask.strata].isna().sum())
    name = report.study.label(ask.strata)
    return f"{name}; {lost} patient{'s' if lost > 1 else ''} without a value left out" if lost else name


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
    benefit = f"complete or partial response, or stable disease for at least {rule.cbr_weeks:g} weeks"
    if rule.column:
        benefit = "as recorded in the data" if rule.clinical_benefit else "not recorded, and no rate is given"
    return {
        "Best response": source,
        "Clinical benefit": benefit,
        "Method": prose.methods(rows),
    }


def about(report: Page) -> Shown:
    """Show what the study asks, and whose data these are."""
    s = report.study
    known = {
        "Question": s.question,
        "Design": s.design,
        "Setting": s.setting,
        "Data": f"{DATA_KINDS[s.data_kind]} {s.source_note}",
        "Source": cite(s.citation) if s.citation else "",
    }
    named = [(e.name.replace("_", " "), f"{e.label}, {e.definition}") for e in s.endpoints.values()]
    return facts([*known.items(), *named])


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
    remarks = report.cohort.remarks
    return bullets(remarks, "Noticed in the data.") if remarks else None


def notes(report: Page) -> Shown | None:
    """Show the notes of the study, when it has some: Markdown of the author, checked."""
    if not report.study.notes:
        return None
    return Shown(read_notes(report.study.folder, report.study.notes))

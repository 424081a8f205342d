"""Pieces of the page on biomarkers: what is tested, associations, curves, cut-offs, reporting items."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.page import Page, Shown, joined
from her2adc.stats import alterations, biomarker_models, biomarkers
from her2adc.stats.biomarkers import RESPONSE, SURVIVAL, Candidates
from her2adc.stats.splines import Spline

_FAVOURS = {SURVIVAL: ("Fewer events", "More events"), RESPONSE: ("Less response", "More response")}
_RATIOS = {SURVIVAL: "Hazard ratio", RESPONSE: "Odds ratio"}


def candidates(report: Page) -> Candidates:
    """Return the markers that the study tests, and what it tests them for."""
    return biomarkers.candidates(report.study, report.data, report.cohort.tables["measurements"])


def names(ask: Candidates) -> dict[str, str]:
    """Return the printed names of the markers and genes."""
    return {n: ask.rule.label(n) for n in ask.names}


def units(ask: Candidates, name: str) -> str:
    """Return the printed name of a marker with its unit."""
    unit = ask.rule.markers[name].unit
    return f"{ask.rule.label(name)} ({unit})" if unit else ask.rule.label(name)


def target(report: Page, ask: Candidates, kind: str) -> str:
    """Return the printed name of what the markers are tested for."""
    name = ask.targets[kind]
    return "Objective response" if name == biomarkers.RESPONDED else report.study.label(name)


def last(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the rows of the adjusted models, of those without other variables where there are none."""
    adjusted = results.select(rows, analysis=f"marker_{kind}_adjusted")
    return results.select(rows, analysis=f"marker_{kind}") if adjusted.empty else adjusted


def lead(report: Page, ask: Candidates, rows: pd.DataFrame, about: pd.DataFrame) -> Shown:
    """Show which markers go with the endpoint, and which alteration is gained most often."""
    if not ask.targets:
        return report.lead("The study names neither an endpoint nor a response to test the markers for.")
    kind = next(iter(ask.targets))
    size = results.select(about, statistic="with_endpoint" if kind == SURVIVAL else "any_known").iloc[0]
    events = f", {size['n_events']} events" if kind == SURVIVAL else ""
    population = f"{size['value']:.0f} patients{events}"
    text = prose.biomarkers(last(rows, kind), names(ask), target(report, ask, kind), population)
    changes = alterations.changes(report.data, ask.rule)
    more = prose.alterations_gained(changes, names(ask), points_of(ask))
    return report.lead(f"{text} {more}".strip())


def points_of(ask: Candidates) -> dict[str, str]:
    """Return the printed names of the time points."""
    return {name: point.label for name, point in ask.rule.time_points.items()}


def late(report: Page, ask: Candidates, about: pd.DataFrame) -> Shown | None:
    """Show which values were measured too late to be tested; nothing without any."""
    text = prose.late_markers(about, ask.rule.grace_days)
    return report.text(text) if text else None


def associations(report: Page, ask: Candidates, rows: pd.DataFrame, kind: str) -> Shown | None:
    """Show the forest and the table of the markers for survival or response; nothing without that."""
    if kind not in ask.targets:
        return None
    mine = results.select(rows, analysis=[f"marker_{kind}", f"marker_{kind}_adjusted"])
    label, labels = target(report, ask, kind), names(ask)
    others = [report.study.label(a) for a in ask.rule.adjustment]
    point = ask.rule.time_points[ask.rule.time_point]
    shown, drawn = last(rows, kind), _forest_rows(last(rows, kind), labels)
    details = {"Tested for": _definition(report, ask, kind), "Method": prose.methods(mine)}
    figure = report.figure(
        f"markers-{kind}",
        figures.estimates_forest(
            drawn, estimate_label=_RATIOS[kind], favours=_FAVOURS[kind], first="Marker"
        ),
        shown,
        title=f"Markers and {prose.lower_first(label)}",
        caption=prose.markers_caption(shown, others, point),
        alt=prose.markers_alt(shown, labels),
        details=details,
    )
    table = report.table(
        f"markers-{kind}",
        tables.marker_associations(mine, labels),
        title=f"Markers and {prose.lower_first(label)}",
        caption=prose.markers_caption(mine, others, point),
        details=details,
    )
    return joined([figure, table])


def _definition(report: Page, ask: Candidates, kind: str) -> str:
    """What the markers are tested for, and how it is defined."""
    name = ask.targets[kind]
    if name in report.study.endpoints:
        return f"{report.study.label(name)}, {report.study.endpoints[name].definition}"
    if name in report.study.outcomes:
        return f"{report.study.label(name)}, {report.study.outcomes[name].definition}"
    return "complete or partial response as best response; who was treated and is not evaluable has none"


def _forest_rows(rows: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """One line a marker: name, ratio, and the corrected p-value under the name."""
    found = results.select(rows, statistic=["hazard_ratio", "odds_ratio"])
    holm = results.select(rows, statistic="p_holm").set_index("variable")["value"]
    heads = {"per SD": "Higher by one standard deviation", "Altered": "Altered against wild type"}
    return found.assign(
        method=found["variable"].map(dict(labels)),
        heading=found["level"].map(heads),
        estimand=[prose.holm(float(holm[v])) for v in found["variable"]],
    )


def curves(report: Page, ask: Candidates, kind: str) -> Shown | None:
    """Show a curve for each marker that is a number; a sentence where there is none."""
    if kind not in ask.targets or not ask.rule.markers:
        return None
    found = biomarker_models.curves(ask, kind)
    return joined([_curve(report, ask, name, spline, kind) for name, spline in found.items()])


def _curve(report: Page, ask: Candidates, name: str, found: Spline, kind: str) -> Shown:
    """Curve of one marker."""
    rows = report.add(found.rows)
    label = target(report, ask, kind)
    if found.curve.empty:
        why = str(rows["method"].iloc[0]).removeprefix("not estimable: ")
        return Shown(f"No curve of {ask.rule.label(name)} and {prose.lower_first(label)}: {why}.")
    notes = prose.spline_notes(rows)
    return report.figure(
        f"spline-{kind}-{name.lower().replace('_', '-')}",
        figures.spline(
            found.curve,
            value_label=units(ask, name),
            ratio_label=_RATIOS[kind],
            reference=found.reference,
            knots=found.knots,
            values=ask.data.loc[_has(ask, kind), name].dropna().tolist(),
            notes=notes,
        ),
        found.curve,
        title=f"{ask.rule.label(name)} and {prose.lower_first(label)}",
        caption=prose.spline_caption(rows, [report.study.label(a) for a in ask.others(name)]),
        alt=f"{_RATIOS[kind]} along {ask.rule.label(name)}. {'; '.join(notes)}.",
        details={"Patients": str(rows["n"].iloc[0]), "Events": str(rows["n_events"].iloc[0]),
                 "Method": prose.methods(rows)},
    )  # fmt: skip


def _has(ask: Candidates, kind: str) -> pd.Series:
    """Who has what the markers are tested for."""
    name = ask.targets[kind]
    return ask.data[f"{name}_time" if kind == SURVIVAL else name].notna()


def cutoffs(report: Page, ask: Candidates) -> Shown | None:
    """Show the cut-offs laid down before, and those looked for in the data with a warning."""
    levels = report.add(biomarker_models.prespecified(ask))
    chosen = report.add(biomarker_models.cutpoints(ask))
    shown = []
    if not levels.empty:
        shown.append(
            report.table(
                "levels",
                tables.marker_levels(levels, names(ask)),
                title="Markers by cut-offs laid down before",
                caption=prose.LEVELS_CAPTION,
                details={"Method": prose.methods(levels)},
            )
        )
    if not chosen.empty:
        shown.append(Shown(prose.CUTOFF_WARNING))
        shown.append(
            report.table(
                "cut-offs",
                tables.chosen_cutoffs(chosen, names(ask)),
                title=f"Cut-offs looked for in the data: {prose.lower_first(target(report, ask, SURVIVAL))}",
                caption=prose.CUTOFF_CAPTION,
                details={"Method": prose.methods(chosen), "Seed": str(ask.rule.seed)},
            )
        )
    return joined(shown) if shown else None


def remark(report: Page, ask: Candidates, about: pd.DataFrame) -> Shown:
    """Show what a report of marker studies has to state."""
    made = set(report.results["analysis"])
    shown = {
        "response": RESPONSE in ask.targets,
        "splines": any(a.startswith("spline_") for a in made),
        "levels": any(a.startswith("marker_cut_") for a in made),
        "cutoffs": "cutpoint" in made,
        "proportional": "p_proportional" in set(report.results["statistic"]),
    }
    items = prose.remark_items(report.study, about, report.cohort.flow, shown)
    frame = pd.DataFrame(items, columns=["number", "item", "stated"])
    return report.table(
        "remark",
        tables.listing(frame, {"number": "REMARK item", "item": "What it asks", "stated": "This study"}),
        title="Reporting items of marker studies",
        caption=prose.REMARK_CAPTION,
    )

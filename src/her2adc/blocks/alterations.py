"""Pieces of the page on biomarkers: alterations of genes, and HER2 along the line of therapy."""

from __future__ import annotations

from itertools import pairwise

from her2adc import figures, prose, results, tables
from her2adc.blocks.biomarkers import names, points_of
from her2adc.blocks.common import her2_rule
from her2adc.markup import Myst, slugs
from her2adc.page import Page, Shown, joined
from her2adc.stats import alterations, her2_paths
from her2adc.stats.biomarkers import Candidates


def oncoprint(report: Page, ask: Candidates) -> Shown | None:
    """Show the alterations of every patient as an oncoprint; nothing without genes that were tested."""
    calls = report.cohort.tables["measurements"]
    calls = calls[calls["kind"].eq("gene")].rename(columns={"name": "gene", "patient_id": "patient"})
    points = {k: v for k, v in points_of(ask).items() if calls["time_point"].eq(k).any()}
    if not points:
        return None
    groups = report.groups()
    if groups:
        own = report.data.set_index("patient_id")[str(report.by)].astype(str)
        calls = calls.assign(group=calls["patient"].map(own))
    rows = alterations.frequencies(report.data, ask.rule)
    number = {p: str(i + 1) for i, p in enumerate(dict.fromkeys(calls["patient"]))}
    return report.figure(
        "oncoprint",
        figures.oncoprint(
            calls,
            genes={g: ask.rule.label(g) for g in ask.rule.genes},
            time_points=points,
            groups=groups or None,
            group_label=report.study.label(str(report.by)) if groups else "",
        ),
        calls.assign(patient=calls["patient"].map(number)).drop(columns=["kind", "number", "date"]),
        title="Alterations of every patient",
        caption=prose.alterations_caption(list(points.values())),
        alt=prose.alterations_alt(rows, names(ask), points),
        details={"Population": "analysed patients with a result of at least one gene"},
    )


def frequencies(report: Page, ask: Candidates) -> Shown | None:
    """Show how often genes are altered, by group and by resistance, and what is gained and lost."""
    if not ask.rule.genes:
        return None
    rows = report.add(alterations.frequencies(report.data, ask.rule, report.by))
    if rows.empty:
        return Shown("No gene was tested in an analysed patient.")
    shown = [
        report.table(
            "alterations",
            tables.alterations(rows, names(ask), points_of(ask), report.groups()),
            title="Altered genes of those tested",
            caption="Who was not tested counts neither as altered nor as wild type.",
            details={"Method": prose.methods(rows)},
        )
    ]
    shown += [part for part in (_by_resistance(report, ask), _changes(report, ask)) if part is not None]
    return joined(shown)


def _by_resistance(report: Page, ask: Candidates) -> Shown | None:
    """Alterations by resistance."""
    values = alterations.resistance(report.study, report.data)
    if values is None or values.nunique() < 2:
        return None
    data = report.data.assign(resistance=values)
    name = "alterations_resistance"
    rows = alterations.frequencies(data, ask.rule, "resistance", analysis=name)
    levels = [str(v) for v in values.cat.categories]
    tested = results.select(rows, statistic="altered", group=levels)
    tested = tested[tested["n"] > 0]
    both = tested.groupby("level")["group"].nunique()
    rows = report.add(results.select(rows, level=list(both.index[both > 1])))
    if rows.empty:
        return None
    return report.table(
        "resistance",
        tables.alterations(rows, names(ask), points_of(ask), levels),
        title="Altered genes by resistance",
        caption=prose.RESISTANCE_CAPTION,
        details={"Method": prose.methods(rows)},
    )


def _changes(report: Page, ask: Candidates) -> Shown | None:
    """Alterations gained and lost."""
    rows = report.add(alterations.changes(report.data, ask.rule))
    if rows.empty:
        return None
    return report.table(
        "gained-and-lost",
        tables.alteration_changes(rows, names(ask), points_of(ask)),
        title="Alterations gained and lost",
        caption=prose.TESTED_TWICE,
        details={"Method": prose.methods(rows)},
    )


def her2_over_time(report: Page, ask: Candidates) -> Shown | None:
    """Show HER2 along the line of therapy; nothing when no patient has a class at two time points."""
    columns = {ask.rule.her2_column(n): p.label for n, p in ask.rule.time_points.items()}
    if not set(columns) <= set(report.data) and report.study.evolution:
        evolution = report.study.evolution
        columns = {evolution.column(s.name): s.label for s in evolution.stages}
    columns = {c: text for c, text in columns.items() if c in report.data and report.data[c].notna().any()}
    if len(columns) < 2 or report.data[list(columns)].notna().sum(axis=1).max() < 2:
        return None
    stages, labels = list(columns), list(columns.values())
    known = report.data[report.data[stages].notna().any(axis=1)]
    flows = her2_paths.paths(known, stages, [])
    report.add(her2_paths.path_rows(flows, stages))
    levels = [str(c) for c in report.data[stages[0]].cat.categories]
    classes = [c for c in levels if known[stages].isin([c]).any(axis=None)]
    moves = [her2_paths.transitions(known, *pair) for pair in pairwise(stages)]
    figure = report.figure(
        "her2-over-time",
        figures.alluvial(flows, stages=stages, labels=labels, classes=classes, missing="No class"),
        flows,
        title="HER2 class along the line of therapy",
        caption=prose.her2_over_time(len(known), len(report.data)),
        alt=prose.alluvial_alt(moves[0], labels[0], labels[1], classes),
        details={"HER2": her2_rule(report)},
    )
    shown = [Shown(Myst("## HER2 along the line of therapy")), figure]
    for rows, first, second, short in zip(moves, labels[:-1], labels[1:], slugs(labels[1:]), strict=True):
        before, after = prose.lower_first(first), prose.lower_first(second)
        if results.select(rows, statistic="margin")["value"].sum() == 0:
            continue
        shown.append(
            report.table(
                f"her2-{short}",
                tables.her2_transitions(report.add(rows), first, second, classes),
                title=f"HER2 class {before} and {after}",
                caption=prose.her2_moves(before, after),
                details={"Patients": "all with a class at both", "Method": prose.methods(rows)},
            )
        )
    return joined(shown)

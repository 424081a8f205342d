"""Pieces of the page on HER2 over the specimens of a patient."""

from __future__ import annotations

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.blocks.her2_pairs import Her2Pairs
from her2adc.blocks.survival import regression, survival_figure, survival_sentence, survival_table
from her2adc.markup import Myst
from her2adc.page import Page, Shown, joined
from her2adc.stats import analyses, comparisons, evolution, her2_paths, reclassification
from her2adc.stats.groups import Comparison


def her2_alluvial(report: Page, her2: Her2Pairs) -> Shown:
    """Show how patients go from class to class over all stages drawn."""
    flows = her2_paths.paths(her2.patients, her2.columns, her2.pair)
    if flows.empty:
        return Shown(f"No patient has a HER2 class both at {her2.names[0]} and at {her2.names[1]}.")
    report.add(her2_paths.path_rows(flows, her2.columns))
    moves = her2_paths.transitions(her2.patients, *her2.pair)
    labels, n = [s.label for s in her2.stages], int(flows["n"].sum())
    later = prose.interval(report.add(evolution.interval(her2.patients, *her2.pair)))
    notes = ["", later] if later else []
    return report.figure(
        "alluvial",
        figures.alluvial(
            flows,
            stages=her2.columns,
            labels=labels,
            classes=her2.classes,
            notes=[*notes, *[""] * (len(labels) - 2)] if notes else (),
            missing="No class known",
        ),
        flows,
        title=f"HER2 class from {her2.names[0]} to {prose.lower_first(labels[-1])}",
        caption=prose.alluvial_caption(flows, labels, len(her2.patients) - n),
        alt=prose.alluvial_alt(moves, her2.before.label, her2.after.label, her2.classes),
        details={"Patients": str(n), "Pairs": prose.pairing_rule(her2.stages)},
    )


def her2_rules(her2: Her2Pairs) -> Shown:
    """Show which specimen stands for each stage, how results are read, and what was odd in them."""
    assert her2.study.her2 is not None
    stood = her2.tests["stage"].isin([s.name for s in her2.stages])
    parts = [
        prose.pairing_rule(her2.stages),
        prose.reading_rule(her2.study.her2),
        prose.reading_notes(her2.tests.loc[stood, "her2_note"]),
    ]
    return Shown(" ".join(part for part in parts if part))


def her2_transitions(report: Page, her2: Her2Pairs) -> Shown:
    """Show a transition table for each two consecutive stages drawn."""
    shown = []
    for first, second in zip(her2.stages[:-1], her2.stages[1:], strict=True):
        pair = her2.rule.column(first.name), her2.rule.column(second.name)
        rows = report.add(her2_paths.transitions(her2.patients, *pair))
        before, after = prose.lower_first(first.label), prose.lower_first(second.label)
        shown.append(
            report.table(
                f"transitions-{second.name.replace('_', '-')}",
                tables.her2_transitions(rows, first.label, second.label, her2.classes),
                title=f"HER2 class at {before} and at {after}",
                caption=prose.transitions_caption(before, after),
                details={"Patients": "all with a class at both", "Method": prose.methods(rows)},
            )
        )
    return joined(shown)


def her2_discordance(report: Page, her2: Her2Pairs, rows: pd.DataFrame) -> Shown:
    """Show discordance by stratum with its direction, or its direction alone without strata."""
    text = prose.her2_discordance(rows, report.labels(her2.strata))
    drawn = rows[rows["statistic"].isin(["discordant", "p_value"]) & rows["n"].gt(0)]
    if not drawn["variable"].any():
        return Shown(text)
    figure = report.figure(
        "discordance",
        figures.rates_forest(
            drawn,
            labels=her2.strata_labels,
            statistic="discordant",
            first="Pairs",
            overall="All pairs",
            estimate_label="Discordance",
            title="Pairs with another HER2 class (%)",
        ),
        drawn,
        title="Discordance by stratum",
        caption=prose.discordance_caption(rows),
        alt=text,
        details={"Method": prose.methods(rows)},
    )
    return joined([Shown(text), figure])


def her2_reading(report: Page, her2: Her2Pairs, rows: pd.DataFrame) -> Shown:
    """Show the discordance beside what reading alone would give, where the model says something."""
    text = prose.her2_retest(rows, her2.rule.retest)
    if pd.isna(results.one(rows, statistic="explaining_kappa")["value"]):
        return Shown(text)
    table = report.table(
        "retest",
        tables.her2_retest(rows),
        title="Discordance that reading alone would give",
        caption=prose.RETEST_CAPTION,
        details={"Method": prose.methods(rows)},
    )
    return joined([Shown(Myst("{} {}").format(text, prose.RETEST_LIMITS)), table])


def her2_outcome(report: Page, her2: Her2Pairs) -> Shown | None:
    """Show the outcome of concordant and discordant pairs; nothing when the study names no endpoint."""
    name = her2.rule.endpoint
    if name is None:
        return None
    endpoint, by = report.study.endpoints[name], "her2_change"
    pairs = evolution.pairs_of(her2.patients, *her2.pair)
    pairs = pairs[pairs[f"{name}_time"].notna()]
    names = {level: text for level, text in prose.OUTCOME_NAMES.items() if pairs[by].eq(level).any()}
    if not names:
        return joined([Shown(prose.OUTCOME), Shown(f"No pair has {prose.lower_first(endpoint.label)}.")])
    ask = Comparison(pairs, by, next(iter(names)), names=names, population=prose.PAIRS)
    conf_type = report.study.conf_type
    rows = report.add(analyses.endpoint(pairs, name, by, endpoint.landmarks, prose.PAIRS, conf_type))
    cox = report.add(analyses.hazard_ratios(pairs, name, [by], prose.PAIRS))
    clock = None
    if endpoint.start:
        clock = report.add(evolution.clock(pairs, endpoint.start, f"{her2.pair[1]}_date"))
    sentence = survival_sentence(report, ask, name, rows, results.frame([]))
    parts = [
        Shown(prose.OUTCOME),
        Shown(f"{sentence} {prose.outcome_note(endpoint, clock)}"),
        survival_figure(report, ask, name, comparisons.curves(ask, name, conf_type), rows, results.frame([])),
        survival_table(report, ask, name, rows, results.frame([]), results.frame([])),
    ]
    models = regression(report, ask, name, cox, results.frame([]), results.frame([]), [by])
    return joined([*parts, *([models] if models else [])])


def her2_sensitivity(report: Page, her2: Her2Pairs) -> Shown:
    """Show the main results under other rules and the specimens that they reclassify, or why none do."""
    rows = report.add(reclassification.sensitivity(her2.study, report.cohort.tables, *her2.pair))
    moved = report.add(reclassification.reclassified(her2.study, report.cohort.tables))
    parts = [Shown(prose.her2_sensitivity(rows))]
    if len(results.select(rows, statistic="pairs")) > 1:
        parts.append(
            report.table(
                "sensitivity",
                tables.her2_sensitivity(rows),
                title="The main results under other rules",
                caption=prose.HER2_SENSITIVITY_CAPTION,
                details={"Method": prose.methods(rows)},
            )
        )
    if not moved.empty:
        classes = [*her2.classes, reclassification.UNCLASSIFIED]
        parts.append(
            report.table(
                "reclassified",
                tables.her2_reclassification(moved, classes),
                title="Specimens that another rule puts in another class",
                caption=prose.RECLASSIFICATION_CAPTION,
            )
        )
    return joined(parts)

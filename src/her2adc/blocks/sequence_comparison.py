"""Pieces of the page that compares the order of two ADCs: target trial, balance, forest of methods."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.blocks.sequencing import LINES
from her2adc.config import SequenceComparison
from her2adc.markup import Myst
from her2adc.page import Page, Shown, joined
from her2adc.stats import sequences, sequences_methods, sequences_weighting, weighting
from her2adc.stats.sequence_times import ARM

QUESTIONS = {
    sequences_methods.ORDER_ANALYSIS: "Order of the two ADCs",
    sequences_methods.SECOND_ANALYSIS: "Second ADC or none, from progression",
}


VERDICTS = ("biased", "conditional", "sound")
"""Kinds of methods, in the order of the forest."""


def rule_of(report: Page) -> SequenceComparison:
    """Return how the study compares sequences, with the defaults where it says nothing."""
    return report.study.comparison or SequenceComparison()


def usable(patients: pd.DataFrame, covariates: Sequence[str]) -> list[str]:
    """Return the covariates with two values or more among the patients."""
    return [c for c in covariates if len(patients[c].dropna().unique()) > 1]


def target_trial(report: Page, patients: pd.DataFrame) -> Shown:
    """Show the trial that the comparison imitates, item by item, as the study file says it."""
    study, rule = report.study, rule_of(report)
    first, second = (str(g) for g in patients[ARM].cat.categories)
    endpoint = study.endpoints[rule.endpoint]
    excluded = [step.reason for step in study.inclusion]
    covariates = [prose.lower_first(study.label(c)) for c in rule.covariates]
    weighed = prose.listed(covariates) if covariates else "nothing"
    within = f"within {rule.grace_months:g} months of progression"
    rows = {
        "Eligibility": (
            f"{study.setting}; about to start a first ADC, {first} or {second}".lstrip("; "),
            "the same, as recorded" + (f"; left out: {prose.listed([prose.lower_first(e) for e in excluded])}"
                                       if excluded else ""),
        ),
        "Strategies": (
            f"{first} first, then {second} {within}; or {second} first, then {first} {within}",
            "the same; the dates of the exposures say who followed which",
        ),
        "Assignment": ("by lot, open label", f"by the physician; taken as random given {weighed}"),
        "Time zero": ("first dose of the first ADC", "the same"),
        "Outcome": (f"{prose.lower_first(endpoint.label)}, {endpoint.definition}", "the same"),
        "Estimand": (
            "hazard ratio of the orders as assigned (by intention), and as followed (per protocol)",
            "by intention: whatever came after; per protocol: had all who progressed gone on to the other",
        ),
        "Analysis": (
            "Cox model by assignment; per protocol, censored at deviation and weighted",
            "the same with stabilised weights (logistic model of the first ADC) and the sandwich variance",
        ),
    }  # fmt: skip
    said = {k.capitalize(): v for k, v in rule.target_trial.items()}
    frame = pd.DataFrame(
        [{"item": k, "trial": t, "data": said.get(k, d)} for k, (t, d) in rows.items()]
    )
    names = {"item": "", "trial": "The trial one would want", "data": "How these data imitate it"}
    return report.table(
        "target-trial",
        tables.listing(frame, names),
        title="The target trial",
        caption="What the comparison below imitates, and where it has to rest on assumptions.",
    )


def compare(report: Page, patients: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the hazard ratios of every method, and the words for each."""
    rule = rule_of(report)
    covariates = usable(patients, rule.covariates)
    found = results.concat([
        sequences.order(patients, rule.endpoint, ARM, "other_adc_time", covariates=covariates,
                        landmarks=rule.landmarks, progression_time="progression_time",
                        grace=rule.grace_months),
        sequences.second_adc(patients, rule.endpoint, "adc2_time", origin="progression_time",
                             covariates=[ARM, *covariates, "progression_time"], landmarks=rule.landmarks[:2],
                             grace=rule.grace_months),
    ])  # fmt: skip
    rows = report.add(found)
    return rows, sequences_methods.forest_table(rows, rule.grace_months)


def lead(report: Page, patients: pd.DataFrame, rows: pd.DataFrame, words: pd.DataFrame) -> Shown:
    """Show the sentence that answers the page's question."""
    groups = [str(g) for g in patients[ARM].cat.categories]
    label = report.study.label(rule_of(report).endpoint)
    return report.lead(prose.sequence_comparison(rows, words, groups, label))


def forest(report: Page, patients: pd.DataFrame, rows: pd.DataFrame, words: pd.DataFrame) -> Shown:
    """Show all methods on one axis, with what each estimates and its E-value."""
    first, second = (str(g) for g in patients[ARM].cat.categories)
    question, verdict = words["analysis"].map(list(QUESTIONS).index), words["verdict"].map(VERDICTS.index)
    ordered = words.assign(place=question * len(VERDICTS) + verdict).sort_values("place", kind="stable")
    drawn = ordered.assign(
        heading=[f"{QUESTIONS[a]}: {h[:1].lower()}{h[1:]}"
                 for a, h in zip(ordered["analysis"], ordered["heading"], strict=True)]
    )  # fmt: skip
    endpoint = report.study.label(rule_of(report).endpoint)
    return report.figure(
        "forest",
        figures.estimates_forest(drawn, favours=(f"Favours {second} first, or a second ADC",
                                                 f"Favours {first} first, or none")),
        drawn,
        title=f"{endpoint}: {second} first against {first} first, and a second ADC against none, by method",
        caption="Each row answers a question of its own. The E-value is how strongly an unmeasured "
        "confounder would have to be associated with both the choice and the outcome to explain it.",
        alt=prose.sequence_comparison(rows, words, [first, second], endpoint),
        details={**LINES, "Method": "; ".join(dict.fromkeys(words["how"]))},
    )  # fmt: skip


def methods(report: Page, words: pd.DataFrame) -> Shown:
    """Show what each method estimates and what would bias it."""
    return report.table(
        "methods",
        tables.comparison(words.drop_duplicates(["analysis", "method"])),
        title="What each method estimates, and what would bias it",
    )


def balance(report: Page, patients: pd.DataFrame) -> Shown | None:
    """Show balance before and after weighting, and whether weighting can answer at all."""
    rule = rule_of(report)
    covariates = usable(patients, rule.covariates)
    if not covariates:
        return report.text("The study file names no covariates: nothing can be adjusted or weighted for.")
    groups = [str(g) for g in patients[ARM].cat.categories]
    checks = report.add(sequences_weighting.positivity(patients, ARM, covariates))
    warning = prose.positivity_warning(checks)
    if results.select(checks, statistic="c_statistic").empty:
        return report.text(Myst(":::{{warning}}\n{}\n:::").format(warning))
    scores = sequences_weighting.scores(patients, ARM, covariates)
    weighted = patients.assign(_weight=scores["weight"])
    weights = report.add(weighting.balance(weighted, ARM, covariates, "_weight"))
    table = report.table(
        "positivity",
        tables.positivity(checks, weights, groups),
        title="Propensity of the first ADC, and weights",
        caption=f"Could patients of each group have been in the other? What do the weights cost? {warning}",
        details={**LINES, "Method": prose.methods(results.concat([checks, weights]))},
    )
    figure = report.figure(
        "balance",
        figures.balance(weights, labels=report.labels(covariates)),
        weights,
        title="Balance of the covariates before and after weighting",
        caption="Absolute standardised mean differences; below the line at 0.1 groups count as balanced.",
        alt="Standardised mean differences before and after weighting.",
        details={**LINES, "Method": "stabilised inverse probability weights, logistic regression"},
    )
    overlap = report.figure(
        "overlap",
        figures.propensity_overlap(scores, groups=groups),
        scores.reset_index(drop=True),
        title=f"Propensity of starting with {groups[1]}",
        caption="Patients of both groups by the chance of the second drug first, given their covariates. "
        "Where one side is empty, there is nobody to compare with.",
        alt="Histograms of the propensity score of both groups, mirrored.",
        details={**LINES, "Method": "logistic regression"},
    )
    return joined([figure, overlap, table])


def weighted_curves(report: Page, patients: pd.DataFrame) -> Shown | None:
    """Show Kaplan-Meier curves by first ADC after weighting; nothing when weighting cannot answer."""
    rule = rule_of(report)
    covariates = usable(patients, rule.covariates)
    try:
        curve = sequences_weighting.weighted_curve(patients, rule.endpoint, ARM, covariates)
    except ValueError:
        return None
    rows = report.add(weighting.iptw(patients, rule.endpoint, ARM, covariates))
    endpoint = report.study.endpoints[rule.endpoint]
    groups = [str(g) for g in patients[ARM].cat.categories]
    return report.figure(
        "weighted",
        figures.kaplan_meier(curve, results.frame([]), endpoint_label=endpoint.label, groups=groups,
                             clock=endpoint.clock),
        curve,
        title=f"{endpoint.label} by first ADC, weighted",
        caption="Kaplan-Meier estimates after inverse probability of treatment weighting, with 95% "
        "confidence bands (weights taken as known). Numbers below are weighted.",
        alt="Weighted Kaplan-Meier curves by first ADC.",
        details={**LINES, "Method": prose.methods(rows)},
    )  # fmt: skip

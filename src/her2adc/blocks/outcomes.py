"""Pieces of the page of an outcome that a patient has or has not."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.blocks.common import strata_details
from her2adc.blocks.survival import layers_of
from her2adc.page import Page, Shown
from her2adc.results import ALL_PATIENTS
from her2adc.stats.groups import Comparison


def outcome_sentence(
    report: Page, ask: Comparison, outcome: str, rows: pd.DataFrame, odds: pd.DataFrame
) -> str:
    """Return the sentence that answers the question of the page."""
    return prose.outcome(
        results.concat([rows, odds]),
        report.study.outcomes[outcome].label,
        ask.names,
        reference=ask.reference,
        strata=report.study.label(ask.strata),
        layers=layers_of(ask),
        population=ask.population,
    )


def outcome_details(
    report: Page, ask: Comparison, outcome: str, rows: pd.DataFrame, made: pd.DataFrame
) -> dict[str, str]:
    """Return population, patients, what the outcome is and how it was analysed, for the fold."""
    what = report.study.outcomes[outcome]
    whole = results.select(rows, population=ask.population, group=ALL_PATIENTS, analysis="outcome")
    rate, lost = (results.one(whole, statistic=s) for s in ("rate", "missing"))
    unknown = f"; {int(lost['value'])} without a known outcome left out" if lost["value"] else ""
    return {
        "Population": ask.population or "all analysed patients",
        "Patients": f"{rate['n']}, {rate['n_events']} with the outcome{unknown}",
        "Outcome": f"{what.label}, {what.definition}",
        "Strata": strata_details(report, ask) if ask.strata else "",
        "Method": prose.methods(made),
    }


def outcome_figure(
    report: Page, ask: Comparison, outcome: str, rows: pd.DataFrame, odds: pd.DataFrame
) -> Shown:
    """Show rates with their intervals by group, of all patients and of each stratum.

    Parameters
    ----------
    report, ask
        The page and its patients.
    outcome
        Name of the outcome.
    rows, odds
        What :func:`her2adc.stats.outcomes.rates` and ``odds`` return.

    Returns
    -------
    Shown
    """
    what = report.study.outcomes[outcome]
    strata = f" by {prose.lower_first(report.study.label(ask.strata))}" if ask.strata else ""
    drawn = results.select(rows, analysis="outcome", statistic="rate", group=list(ask.names))
    return report.figure(
        "rates",
        figures.outcome_rates(
            drawn,
            list(ask.names),
            layers={ask.population: ALL_PATIENTS, **layers_of(ask)},
            labels=dict(ask.names),
        ),
        drawn,
        title=prose.with_population(what.label, ask.population) + strata,
        caption=f"{what.label}: {what.definition}. Rates of those whose outcome is known, with exact 95% "
        "confidence intervals.",
        alt=outcome_sentence(report, ask, outcome, rows, odds),
        details=outcome_details(report, ask, outcome, rows, drawn),
    )


def outcome_table(
    report: Page,
    ask: Comparison,
    outcome: str,
    rows: pd.DataFrame,
    odds: pd.DataFrame,
    covariates: Sequence[str],
) -> Shown:
    """Show rates, differences and odds ratios: crude, within and over strata, adjusted."""
    label = report.study.outcomes[outcome].label
    everything = results.concat([rows, odds])
    model = set(results.select(odds, analysis="logistic", statistic="odds_ratio")["variable"])
    made = results.concat(
        [
            results.select(rows, statistic=["rate", "risk_difference", "p_value"]),
            results.select(odds, statistic=["odds_ratio", "odds_ratio_exact", "p_value", "p_homogeneity"]),
        ]
    )
    return report.table(
        "odds",
        tables.outcome(
            everything,
            layers_of(ask),
            ask.names,
            reference=ask.reference,
            population=ask.population,
            label=f"{label}\nn (%)",
            strata=prose.lower_first(report.study.label(ask.strata)),
            adjusted=[prose.lower_first(report.study.label(c)) for c in covariates if c in model - {ask.by}],
        ),
        title=f"{label}: rates{' and odds ratios' if ask.by else ''}",
        caption=prose.outcome_caption(everything, ask.names.get(ask.reference or "", "")),
        details=outcome_details(report, ask, outcome, rows, made),
    )


def logistic_table(
    report: Page, ask: Comparison, outcome: str, odds: pd.DataFrame, covariates: Sequence[str]
) -> Shown | None:
    """Show the logistic models; nothing when nothing is adjusted for."""
    models = results.select(
        odds, analysis=["logistic", "logistic_univariable"], population=ask.population
    )
    if models.empty or not (models["analysis"] == "logistic").any():
        return None
    labels = report.labels(list(dict.fromkeys([*([ask.by] if ask.by else []), *covariates])))
    return report.table(
        "logistic",
        tables.logistic(models, labels),
        title=f"{report.study.outcomes[outcome].label}: logistic regression",
        caption=prose.logistic_caption(models),
        details={"Population": ask.population or "all analysed patients", "Method": prose.methods(models)},
    )

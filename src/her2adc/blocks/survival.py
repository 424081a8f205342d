"""Pieces of the survival page: curves, estimates and models, of all patients or by stratum."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.blocks.common import endpoint_details, entry_name
from her2adc.page import Page, Shown, joined
from her2adc.stats import comparisons, survival
from her2adc.stats.groups import Comparison

PROPORTIONAL = 0.05
"""Below this p-value of the test of proportional hazards restricted means stand beside hazard ratios."""


def layers_of(ask: Comparison) -> dict[str, str]:
    """Return the populations of the strata and their printed names."""
    return {part.population: name for name, part in ask.parts().items()}


def survival_sentence(
    report: Page, ask: Comparison, endpoint: str, rows: pd.DataFrame, layers: pd.DataFrame
) -> str:
    """Return the sentence that answers the question of the page."""
    label = report.study.endpoints[endpoint].label
    if ask.strata:
        return prose.strata(
            layers, label, layers_of(ask), ask.names, reference=ask.reference, population=ask.population
        )
    return prose.survival(rows, label, ask.names, ask.population)


def survival_figure(
    report: Page,
    ask: Comparison,
    endpoint: str,
    curve: pd.DataFrame,
    rows: pd.DataFrame,
    layers: pd.DataFrame,
    time_max: float | None = None,
) -> Shown:
    """Show Kaplan-Meier curves, one panel a stratum where there are strata.

    Parameters
    ----------
    report, ask, endpoint
        The page, its patients and its endpoint.
    curve
        What :func:`her2adc.stats.comparisons.curves` returns.
    rows, layers
        Estimates of all patients and by stratum.
    time_max
        Months at which the axis ends; None draws all of follow-up.

    Returns
    -------
    Shown
    """
    what = report.study.endpoints[endpoint]
    panels = [figures.SurvivalPanel(curve, rows, at_risk=at_risk(ask, endpoint))]
    if ask.strata:
        panels = [_panel(part, endpoint, curve, layers, name) for name, part in ask.parts().items()]
    drawn = figures.kaplan_meier_panels(
        panels,
        endpoint_label=what.label,
        groups=list(ask.names),
        labels=dict(ask.names),
        clock=what.clock,
        time_max=time_max,
    )
    label = prose.with_population(what.label, ask.population)
    strata = f" by {prose.lower_first(report.study.label(ask.strata))}" if ask.strata else ""
    return report.figure(
        "kaplan-meier",
        drawn,
        curve,
        title=label + strata,
        caption=prose.curve_caption(
            rows, time_max, entry_name(report, endpoint), comparisons.thin_at_first(curve)
        ),
        alt=survival_sentence(report, ask, endpoint, rows, layers),
        details=endpoint_details(report, endpoint, ask.population, results.concat([rows, layers]), ask),
    )


def at_risk(ask: Comparison, endpoint: str) -> Callable[[Sequence[float]], pd.DataFrame]:
    """Return what asks the data for the numbers at risk at the ticks drawn."""
    return lambda times: survival.at_risk(ask.data, endpoint, ask.by, times)


def _panel(
    ask: Comparison, endpoint: str, curve: pd.DataFrame, layers: pd.DataFrame, name: str
) -> figures.SurvivalPanel:
    """Panel of a stratum, with the groups that have patients in it."""
    own = curve[curve["stratum"].eq(name)].drop(columns="stratum")
    groups = [group for group in ask.names if own["group"].eq(group).any()]
    rows = layers[layers["population"].eq(ask.population)]
    return figures.SurvivalPanel(own, rows, name, groups, at_risk(ask, endpoint))


def survival_table(
    report: Page,
    ask: Comparison,
    endpoint: str,
    rows: pd.DataFrame,
    layers: pd.DataFrame,
    risks: pd.DataFrame,
) -> Shown:
    """Show medians and rates of the groups, within strata where there are some.

    Parameters
    ----------
    report, ask, endpoint
        The page, its patients and its endpoint.
    rows, layers
        Estimates of all patients and by stratum.
    risks
        Cumulative incidences with competing events, empty without them.

    Returns
    -------
    Shown
    """
    label = report.study.endpoints[endpoint].label
    details = endpoint_details(report, endpoint, ask.population, results.concat([rows, layers]), ask)
    if not ask.strata:
        shown = report.table(
            "estimates",
            tables.survival(rows, list(ask.names), labels=dict(ask.names)),
            title=f"{label}: median and rates",
            details=details,
        )
        competing = prose.incidences(risks, ask.names)
        return joined([shown, Shown(competing)]) if competing else shown
    compared = "Hazard ratios of a Cox model within each stratum." if ask.by else ""
    return report.table(
        "estimates",
        tables.survival_strata(layers, layers_of(ask), ask.names),
        title=f"{label}: median and rates by {prose.lower_first(report.study.label(ask.strata))}",
        caption=compared,
        details=details,
    )


def regression(
    report: Page,
    ask: Comparison,
    endpoint: str,
    cox: pd.DataFrame,
    pairs: pd.DataFrame,
    means: pd.DataFrame,
    covariates: Sequence[str],
) -> Shown | None:
    """Show pairs of groups and the Cox models under a heading; nothing when there is nothing to compare.

    Parameters
    ----------
    report, ask, endpoint
        The page, its patients and its endpoint.
    cox, pairs, means
        Rows of the Cox models, of the pairs of groups (three groups or more) and of restricted means.
    covariates
        Variables of the models. Of the groups alone, pairs say all that a table of the model would.

    Returns
    -------
    Shown or None
    """
    if cox.empty:
        return None
    shown = [Shown(prose.REGRESSION)]
    if not pairs.empty:
        shown.append(_pairs(report, ask, endpoint, cox, pairs))
    if pairs.empty or (cox["analysis"] == "cox_univariable").any():
        shown.append(_models(report, ask, endpoint, cox, covariates))
    test = results.select(cox, analysis="ph_test", statistic="p_value", variable=ask.by)
    if len(test) and test["value"].iloc[0] < PROPORTIONAL and ask.reference is not None:
        shown.append(Shown(prose.restricted_means(means, ask.names, ask.reference)))
    return joined(shown)


def _model_details(ask: Comparison, rows: pd.DataFrame) -> dict[str, str]:
    """Population and methods of a model."""
    rows = rows[rows["statistic"] != "p_value_adjusted"]
    return {"Population": ask.population or "all analysed patients", "Method": prose.methods(rows)}


def _pairs(report: Page, ask: Comparison, endpoint: str, cox: pd.DataFrame, pairs: pd.DataFrame) -> Shown:
    """Table of the pairs of groups."""
    assert ask.by is not None
    alone = cox.drop(index=cox.index) if (cox["analysis"] == "cox_univariable").any() else cox
    return report.table(
        "pairs",
        tables.pairwise(pairs, alone, ask.names),
        title=f"{report.study.label(endpoint)}: groups compared in pairs",
        caption=prose.pairwise_caption(pairs, report.study.label(ask.strata) if ask.strata else ""),
        details=_model_details(ask, pairs),
    )


def _models(
    report: Page, ask: Comparison, endpoint: str, cox: pd.DataFrame, covariates: Sequence[str]
) -> Shown:
    """Table of the Cox models."""
    return report.table(
        "cox",
        tables.cox(cox, report.labels(covariates)),
        title=f"{report.study.label(endpoint)}: Cox regression",
        caption=prose.cox_caption(cox),
        details=_model_details(ask, cox),
    )

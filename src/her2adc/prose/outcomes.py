"""Sentences and captions of outcomes that a patient has or has not."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from her2adc import format as fmt
from her2adc.prose.words import listed, lower_first, rate
from her2adc.results import ALL_PATIENTS, one, select


def outcome(
    rows: pd.DataFrame,
    label: str,
    names: Mapping[str, str],
    *,
    reference: str | None = None,
    strata: str = "",
    layers: Mapping[str, str] | None = None,
    population: str = "",
) -> str:
    """Rate of the outcome in each group, what the groups differ by, and whether strata change that.

    Parameters
    ----------
    rows
        Rows of the rates and odds ratios of one outcome.
    label
        Name of the outcome.
    names
        Groups and how to print them.
    reference
        Group that the others are compared with.
    strata
        Name of the strata.
    layers
        Population of each stratum, and how to print it.
    population
        Whom the page is about, when not all patients.

    Returns
    -------
    str
    """
    mine = select(rows, population=population)
    who = f" in {lower_first(population)}" if population else ""
    found = {g: one(mine, analysis="outcome", statistic="rate", group=g) for g in names}
    text = f"The rate of {lower_first(label)}{who} was "
    if list(names) == [ALL_PATIENTS]:
        rates = select(rows, analysis="outcome", statistic="rate", group=ALL_PATIENTS)
        parts = [f"{rate(one(rates, population=p))} for {lower_first(t)}" for p, t in (layers or {}).items()]
        return f"{text}{rate(found[ALL_PATIENTS])}{': ' + listed(parts) if parts else ''}."
    text += listed([f"{rate(r)} for {lower_first(names[g])}" for g, r in found.items()])
    test = one(mine, analysis="outcome", statistic="p_value")["value"]
    if pd.notna(test):
        text += f" ({fmt.p_equals(test)})"
    return f"{text}{_difference(mine, names, reference)}.{_over_strata(mine, names, strata)}"


def _difference(rows: pd.DataFrame, names: Mapping[str, str], reference: str | None) -> str:
    """Difference of two groups as an end of a sentence."""
    found = select(rows, analysis="two_proportions", statistic="risk_difference").dropna(subset=["value"])
    if len(names) != 2 or len(found) != 1 or reference is None:
        return ""
    value, low, high = (100 * float(found[c].iloc[0]) for c in ("value", "conf_low", "conf_high"))
    other = next(name for name in names if name != reference)
    return (
        f", a difference of {fmt.estimate(value, low, high)} percentage points for "
        f"{lower_first(names[other])} less {lower_first(names[reference])}"
    )


def _over_strata(rows: pd.DataFrame, names: Mapping[str, str], strata: str) -> str:
    """Pooled odds ratio of two groups, and the interaction with the strata."""
    differs = select(rows, analysis="interaction", statistic="p_value")
    if not strata or differs.empty:
        return ""
    pooled = select(rows, analysis="mantel_haenszel", statistic="odds_ratio")
    text = f" Interaction with {lower_first(strata)}: {fmt.p_equals(differs['value'].iloc[0])}"
    if len(names) == 2 and len(pooled) == 1 and pooled["value"].notna().all():
        r = pooled.iloc[0]
        ratio = fmt.estimate(r["value"], r["conf_low"], r["conf_high"], 2)
        text = f" Stratified by {lower_first(strata)}, the odds ratio was {ratio}.{text}"
    return f"{text}."


def outcome_caption(rows: pd.DataFrame, reference: str = "") -> str:
    """Return how to read the table of rates and odds ratios.

    Parameters
    ----------
    rows
        Rows of the rates and odds ratios.
    reference
        Group that the others are compared with, "" without groups.

    Returns
    -------
    str
    """
    if not reference:
        return "Rates with exact (Clopper-Pearson) 95% confidence intervals."
    parts = ["Pearson's chi-square test, or Fisher's exact test (marked) where an expected count is below 5"]
    ratios = "Odds ratios are of logistic regression with profile-likelihood intervals"
    if not select(rows, analysis="mantel_haenszel").empty:
        ratios += ", those over the strata Mantel-Haenszel's"
        parts.append("Cochran-Mantel-Haenszel test over the strata")
    if not select(rows, analysis="logistic").empty:
        parts.append("likelihood-ratio test of the adjusted model")
    text = (
        f"Differences are in percentage points against {reference}. Intervals of rates are exact "
        f"(Clopper-Pearson), of differences Newcombe's. {ratios}. P-values: {'; '.join(parts)}."
    )
    if not select(rows, statistic="p_value_adjusted").empty:
        text += " The last column is adjusted after Holm for the comparisons with the reference."
    if rows["method"].str.contains("Firth").any():
        text += (
            " Where outcomes are separated, or there are fewer than 5 events per variable, the "
            "Firth-penalised estimate (marked) stands in place of the usual one."
        )
    return text


def logistic_caption(rows: pd.DataFrame) -> str:
    """Return how to read a table of logistic models, with a warning when events are few."""
    text = "Odds ratios with profile-likelihood 95% confidence intervals and likelihood-ratio p-values."
    if rows["method"].str.contains("Firth").any():
        text += " Where outcomes are separated, or events few, they are Firth-penalised (marked)."
    per = select(rows, statistic="events_per_variable", analysis="logistic")
    if len(per) and per["value"].iloc[0] < 10:
        text += (
            f" With {fmt.number(per['value'].iloc[0])} events of the rarer outcome per variable the adjusted "
            "model is unreliable (10 are commonly asked for)."
        )
    return text

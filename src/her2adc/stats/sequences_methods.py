"""What each way to compare sequences estimates, and what would bias it, in words a page can print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

__all__ = [
    "HEADINGS",
    "ORDER",
    "ORDER_ANALYSIS",
    "SECOND",
    "SECOND_ANALYSIS",
    "Method",
    "describe",
    "forest_table",
]

ORDER_ANALYSIS, SECOND_ANALYSIS = "sequence_comparison", "second_adc"
"""Names of the two comparisons in results rows."""

HEADINGS = {
    "biased": "Biased by design",
    "conditional": "Among patients picked after time zero",
    "sound": "Everyone, from time zero",
}
"""What stands above the methods of each verdict."""
_COLUMNS = (
    *("analysis", "variable", "level", "group", "heading", "method", "estimand", "value", "conf_low"),
    *("conf_high", "n", "n_events", "p_value", "e_value", "e_value_limit", "bias", "verdict", "how"),
)

_UNMEASURED = "unmeasured confounding of the choice of ADC1"
_SELECTION = "who reaches ADC2 is a result of ADC1 and of prognosis"


@dataclass(frozen=True)
class Method:
    """A way to compare.

    Attributes
    ----------
    label : str
        Short name.
    estimates : str
        What its hazard ratio is about.
    bias : str
        What would bias it as an answer to the question.
    verdict : {"biased", "conditional", "sound"}
        ``biased``: wrong even when everything is measured; ``conditional``: right about the patients
        whom it keeps, who are picked after time zero; ``sound``: right when what it names is measured.
    """

    label: str
    estimates: str
    bias: str
    verdict: str


ORDER: Mapping[str, Method] = {
    "naive_both": Method(
        "Received both, from ADC1 (naive)",
        "Hazard from the first dose of ADC1 in patients known to receive ADC2 later",
        "immortal time: nobody in it can die before ADC2, so the ADC1 with the longer way to ADC2 gains; "
        f"{_SELECTION}; confounding",
        "biased",
    ),
    "both_from_second": Method(
        "Received both, from ADC2",
        "Hazard from the first dose of ADC2 in patients who reach it",
        f"{_SELECTION}; the clock starts later in the disease after the longer ADC1; prognosis at ADC2",
        "conditional",
    ),
    "both_delayed_entry": Method(
        "Received both, from ADC1, counted from ADC2 on",
        "Hazard after ADC2, at the same time since ADC1, in patients who reach it",
        f"{_SELECTION}; {_UNMEASURED}",
        "conditional",
    ),
    "landmark": Method(
        "Landmark at {landmark} months, both received by then",
        "Hazard after the landmark in patients alive who have had both ADCs by then",
        f"{_SELECTION}; those who reach ADC2 later are left out; {_UNMEASURED}",
        "conditional",
    ),
    "time_dependent": Method(
        "ADC2 as time-dependent covariate",
        "Hazard after ADC2 by order, at the same time since ADC1, with all patients in the model",
        f"{_SELECTION}; {_UNMEASURED}",
        "conditional",
    ),
    "intention_crude": Method(
        "From ADC1 by intention, crude",
        "Hazard from the first dose of ADC1, whatever follows",
        "confounding of the choice of ADC1",
        "biased",
    ),
    "intention_adjusted": Method(
        "From ADC1 by intention, adjusted",
        "Hazard from the first dose of ADC1, whatever follows, between patients with equal covariates",
        f"{_UNMEASURED}; hazards that are not proportional in the covariates",
        "sound",
    ),
    "intention_iptw": Method(
        "From ADC1 by intention, weighted (IPTW)",
        "Hazard from the first dose of ADC1, whatever follows, had everyone started with either drug",
        f"{_UNMEASURED}; a wrong model of the choice; patients who could only get one of the drugs",
        "sound",
    ),
    "per_protocol": Method(
        "Sequence kept to, censored and weighted",
        "Hazard from ADC1 had everyone who progressed gone on to the other ADC within {grace} months",
        f"{_UNMEASURED}; unmeasured reasons for not starting ADC2 in time; covariates that change after ADC1",
        "sound",
    ),
}
"""Ways to compare the orders of two drugs, from the naive one to the sound ones."""

SECOND: Mapping[str, Method] = {
    "naive_ever": Method(
        "Ever versus never (naive)",
        "Hazard from time zero by whether ADC2 was received at any later time",
        "immortal time: those who die early cannot receive ADC2; selection of the fit; confounding",
        "biased",
    ),
    "landmark": Method(
        "Landmark at {landmark} months",
        "Hazard after the landmark in patients alive then, by whether ADC2 had begun",
        "unmeasured prognosis at the start of ADC2; ADC2 begun after the landmark counts as none",
        "conditional",
    ),
    "time_dependent": Method(
        "ADC2 as time-dependent covariate",
        "Hazard after ADC2 began against before or without it, at the same time, with equal covariates",
        "unmeasured prognosis when ADC2 begins; covariates that change after time zero",
        "sound",
    ),
    "clone_censor_weight": Method(
        "Clone, censor, weight",
        "Hazard from time zero had everyone started ADC2 within {grace} months against nobody ever",
        "unmeasured reasons to start ADC2; covariates that change after time zero; a wrong model of it",
        "sound",
    ),
}
"""Ways to compare a second ADC with none."""


def describe(analysis: str, level: str, grace: float | None = None) -> Method:
    """Words for a row.

    Parameters
    ----------
    analysis, level : str
        Of the row; the level of a landmark is ``landmark_<months>``.
    grace : float, optional
        Grace period in months, for the methods that have one.

    Returns
    -------
    Method

    Examples
    --------
    >>> describe("sequence_comparison", "landmark_6").label
    'Landmark at 6 months, both received by then'
    """
    methods = {ORDER_ANALYSIS: ORDER, SECOND_ANALYSIS: SECOND}
    key, _, landmark = level.partition("_") if level.startswith("landmark_") else (level, "", "")
    if key not in methods.get(analysis, {}):
        raise LookupError(
            f"no method {level!r} of {analysis!r}; there are {list(methods.get(analysis, methods))}"
        )
    found = methods[analysis][key]
    words = {"landmark": landmark, "grace": "the grace period of some" if grace is None else f"{grace:g}"}
    return Method(found.label.format(**words), found.estimates.format(**words), found.bias, found.verdict)


def forest_table(rows: pd.DataFrame, grace: float | None = None) -> pd.DataFrame:
    """One line an estimate, with its words, as :func:`her2adc.figures.estimates_forest` takes it.

    Parameters
    ----------
    rows : pandas.DataFrame
        Results rows of the comparisons; others are passed over.
    grace : float, optional
        See :func:`describe`.

    Returns
    -------
    pandas.DataFrame
        ``analysis, variable, level, group, heading`` (of the verdict), ``method`` (label), ``estimand``,
        ``value, conf_low, conf_high, n, n_events, p_value, e_value, e_value_limit, bias, verdict`` and
        ``how`` (the method of the row), in the order of the rows.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("second_adc", "hazard_ratio", 0.7, variable="OS", level="naive_ever")])
    >>> forest_table(rows)[["heading", "method", "value"]].values.tolist()
    [['Biased by design', 'Ever versus never (naive)', 0.7]]
    """
    place = ["analysis", "variable", "level", "group", "population"]
    ours = rows.loc[rows["analysis"].isin([ORDER_ANALYSIS, SECOND_ANALYSIS])]
    ratios = ours.loc[ours["statistic"] == "hazard_ratio"]
    lines = []
    for _, found in ratios.iterrows():
        same = ours.loc[(ours[place] == found[place]).all(axis=1)]
        beside = dict(zip(same["statistic"], same["value"], strict=True))
        words = describe(found["analysis"], found["level"], grace)
        line = {name: found[name] for name in (*place[:4], "value", "conf_low", "conf_high", "n", "n_events")}
        line |= {name: beside.get(name, float("nan")) for name in ("p_value", "e_value", "e_value_limit")}
        line |= {"heading": HEADINGS[words.verdict], "method": words.label, "estimand": words.estimates}
        lines.append({**line, "bias": words.bias, "verdict": words.verdict, "how": found["method"]})
    return pd.DataFrame(lines, columns=_COLUMNS)

"""What the findings of the page on HER2 evolution rest on: reading error, clock of the outcome, rules."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.config import CONCORDANT, DISCORDANT, Endpoint, Retest
from her2adc.markup import Myst, cite
from her2adc.results import ALL_PATIENTS, one, select

_CITATION = re.compile(r"[A-Z][A-Za-z-]*\d{4}[a-z]?")


def her2_retest(rows: pd.DataFrame, published: Sequence[Retest]) -> str:
    """Observed discordance beside what reading alone would give, by published agreement.

    Parameters
    ----------
    rows
        Rows of the analysis ``her2_retest``.
    published
        Published agreement of two readings of one specimen.

    Returns
    -------
    str
    """
    whole = one(rows, statistic="explaining_kappa")
    if pd.isna(whole["value"]):
        return (
            "All pairs have one class at one of the stages: they were chosen by it, or have nothing to tell "
            "apart. Change cannot be told from reading error then."
        )
    parts: list[str] = []
    for r in published:
        mine = select(rows, level=f"{r.kappa:g}", group=r.source)
        excess, p = one(mine, statistic="excess"), one(mine, statistic="p_value")
        by, low, high = (100 * float(excess[c]) for c in ("value", "conf_low", "conf_high"))
        expected = fmt.percent(one(mine, statistic="expected")["value"])
        known = Myst("If two readings of one specimen agree with a kappa of {} ({}), {}")
        found = (
            f"reading alone would make {expected} of pairs discordant. Observed less expected: "
            f"{fmt.estimate(by, low, high)} percentage points ({fmt.p_equals(p['value'])})."
        )
        parts.append(known.format(f"{r.kappa:g}", _source(r.source), found))
    value = fmt.estimate(whole["value"], whole["conf_low"], whole["conf_high"], 2)
    parts.append(f"Reading would explain all discordance if kappa were {value}.")
    return Myst(" ").join(parts)


def _source(source: str) -> str:
    """Citation of a key of the bibliography, or the text itself."""
    return cite(source) if _CITATION.fullmatch(source) else source


RETEST_CAPTION = (
    "Model: two readings of one specimen draw on the same frequencies of classes (those of both stages "
    "together) and agree beyond chance with the kappa given, the same for every class; expected discordance "
    "is (1 - kappa)(1 - chance agreement). Both are taken as known. Exact binomial test."
)
RETEST_LIMITS = (
    "What exceeds reading error is not all biology: a biopsy is a sample of a tumour that is not the same "
    "throughout, and two laboratories may fix and stain differently. One kappa also hides that the border "
    "between 0 and 1+ is read less reliably than that between 2+ and 3+."
)


def outcome_note(endpoint: Endpoint, rows: pd.DataFrame | None) -> str:
    """Say when the clock starts and patients come under observation, and what that does to pairs.

    Parameters
    ----------
    endpoint
        The endpoint.
    rows
        Row of the analysis ``her2_clock``, when the endpoint is made from dates.

    Returns
    -------
    str
    """
    text = f"{endpoint.label} runs {endpoint.definition.strip().rstrip('.')}."
    if endpoint.entry:
        text += " Patients count as at risk only from their entry into observation (delayed entry)."
    if rows is not None and len(rows) and rows["n"].iloc[0]:
        late, n = int(rows["value"].iloc[0]), int(rows["n"].iloc[0])
        if late:
            text += (
                f" In {late} of {n} pairs the second specimen was taken after the clock had started; until "
                "then these patients could not have the event, which flatters all pairs."
            )
        else:
            text += f" In all {n} pairs with both dates the clock starts at the second specimen or later."
    elif not endpoint.entry:
        text += (
            " Both classes are known only from the second specimen on; a clock that starts earlier counts "
            "time in which no pair could have the event."
        )
    return text


def her2_sensitivity(rows: pd.DataFrame) -> str:
    """Say what another edition, another reading of ranges or another specimen could change, and why not.

    Parameters
    ----------
    rows
        Rows of the analysis ``her2_sensitivity``.

    Returns
    -------
    str
    """
    whole = select(rows, group=ALL_PATIENTS)
    names = ("specimens", "counts", "range", "several")
    n = {name: int(one(whole, statistic=name)["value"]) for name in names}
    parts = [
        f"Ratio or copies are recorded for {n['counts']} of {n['specimens']} specimens; there ISH is read "
        "again by each edition. How a pathologist scored IHC by an earlier edition cannot be redone."
        if n["counts"]
        else "The guideline editions differ in how ISH ratio and copies are read. The table of HER2 "
        "tests has neither, so that the edition cannot change a class.",
        f"{n['range']} of {n['specimens']} specimens have a range of scores."
        if n["range"]
        else "No specimen has a range of scores such as 0-1+.",
    ]
    if n["several"]:
        parts.append(f"{n['several']} patients have several specimens with a class for one stage.")
    else:
        parts.append("No patient has more than one specimen with a class for a stage to choose from.")
    return " ".join(parts)


HER2_SENSITIVITY_CAPTION = (
    "Everything done again with one rule changed; patients whom the rule brings in or out are in or out. "
    "Where an edition is named, ISH is read from ratio and copies, if recorded, and not from its text. "
    "Exact intervals for percentages."
)
OUTCOME = Myst("## Outcome by concordance")
"""Heading of the outcome, which only studies with an endpoint for it have."""
OUTCOME_NAMES = {CONCORDANT: "Concordant pairs", DISCORDANT: "Discordant pairs"}
"""How to print the groups of the outcome."""
PAIRS = "Patients with both classes"
"""How to call them where an endpoint is shown."""
RECLASSIFICATION_CAPTION = "Specimens, by their class on this page and their class under the other rule."
PAIR_LIMITS = Myst("""\
- Only patients with two classified specimens make a pair, and who was biopsied again was not left to chance.
- A change of class mixes change of the tumour, treatment in between, sampling and reading.""")
